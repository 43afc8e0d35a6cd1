// Package cvv computes card verification values: CVV, CVV2 and iCVV, dCVV, CVC3,
// American Express CSC, and two values whose definitions are not public.
//
// Keys are ciphers: a [mac.RetailKey] is a double-length TDES key as single DES ciphers. CVV,
// CVV2, iCVV and CSC are computed under the issuer's key, the dynamic values under the card's
// key, which [emv] derives from the issuer's.
//
// An account number (PAN) is 12 to 19 decimal digits, for CSC 14 to 19; an expiry date is 4
// decimal digits, a service code 3. An unpredictable number is 1 to 8 hexadecimal digits, an
// application transaction counter (ATC) 1 to 4; shorter ones get zeros on the left. Anything
// else is an [Error]. A value is decimal digits; compare values with [Equal].
//
// No standard is public for most of these values. CVV is computed as payment HSMs document it,
// CVC3 as in EMV Contactless Specifications, Book C-2.
//
// # Not faithful
//
// [Cardholder] and [DiscoverDynamic] have no public definition: what they compute is a guess,
// and no other program makes the same values. CSC version 2, and CSC version 1 of account
// numbers that begin with 34, are guesses too. The comment of each function names what is
// guessed.
//
// [emv]: https://pkg.go.dev/github.com/seed748fb4d1/apcsim/emv
package cvv
