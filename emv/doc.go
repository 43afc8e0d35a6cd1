// Package emv derives the keys of EMV cards and computes what they are for: application
// cryptograms, the response cryptograms of the issuer, and the MAC and the PIN of
// issuer scripts (EMV 4.4 Book 2; Visa VIS; Mastercard M/Chip).
//
// Sections and annexes without a name are those of EMV 4.4 Book 2. E(X) is the TDES encryption of
// the 8 bytes X, XOR the bitwise exclusive or.
//
// The issuer's master key is a [cipher.Block], so that it may be in a device. The keys derived
// from it, the card's master key and its session keys, are double-length TDES keys of 16 bytes
// with odd parity, which the caller clears. Where a key is an argument, its parity is ignored,
// and a length other than 16 bytes is an [Error].
//
// # Guesses
//
// [UnionPaySession] and [EMV2000Form] have no public definition, and which [Tree] the service
// uses is not published: the comments name the guesses.
package emv
