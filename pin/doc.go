// Package pin makes and reads PIN blocks (ISO 9564-1 formats 0 to 4 and AS 2805
// format 0) and computes the PIN values that issuers keep: the Visa PIN
// verification value and the IBM 3624 natural PIN and offset.
//
// Ciphers are arguments: a TDES key is what [crypto/des.NewTripleDESCipher]
// returns, a double-length one given as K1 K2 K1. A [PIN] never shows its digits by
// accident: no verb of fmt, no logger and no encoder prints them.
//
// Decoding is strict. A block whose control digit, length, digits or fill are
// wrong is refused with an [Error] that names what was wrong and no digit of the
// PIN.
package pin
