// Package dukpt derives the keys of DUKPT terminals: TDES (ANSI X9.24-1:2009) and AES (ANSI
// X9.24-3:2017).
//
// A terminal is loaded with an initial key, derived from a base derivation key (BDK) and the
// terminal's id. For each transaction it derives a transaction key from the initial key and the
// counter in its key serial number (KSN), and from that a working key for each purpose.
//
// A base derivation key is a [cipher.Block], so that it may be in a device. Derived keys are
// bytes that the caller clears. A refused argument is an [Error]. E is the encryption with the
// cipher named, XOR the bitwise exclusive or.
package dukpt
