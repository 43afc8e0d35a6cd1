// Package emv derives the keys of EMV cards and computes what they are for: application
// cryptograms, the issuer's answers, and the MAC and the PIN of issuer scripts (EMV 4.4
// Book 2; Visa VIS; Mastercard M/Chip).
//
// An issuer master key is a [cipher.Block], so that it may be in a device. Everything
// below it is 16 bytes of double-length TDES key, which the caller clears. Every derived
// key has odd parity.
//
// # Guesses
//
// [UnionPaySession] and the form of EMV 2000 scripts are not publicly defined: see the
// comments of [UnionPaySession], [EMV2000] and [ServiceTree].
package emv
