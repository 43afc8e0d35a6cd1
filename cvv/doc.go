// Package cvv computes card verification values: CVV, CVV2 and iCVV, dCVV, CVC3,
// American Express CSC, and two values whose definitions are not public.
//
// Functions take ciphers. A [mac.RetailKey] is a double-length TDES key as two DES
// ciphers; for the values of a chip it is the card's key, which [emv] derives.
// Account numbers have 12 to 19 digits. Values are decimal digits; compare them
// with [Equal].
//
// # Not faithful
//
// [Cardholder] and [DiscoverDynamic] have no public definition: what they compute is
// a guess that is consistent with itself and nothing more. CSC version 2, and CSC
// version 1 of account numbers that begin with 34, are guesses too. The comment of
// each function names what is guessed.
//
// [emv]: https://pkg.go.dev/github.com/seed748fb4d1/apcsim/emv
package cvv
