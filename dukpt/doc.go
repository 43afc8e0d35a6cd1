// Package dukpt derives the keys of DUKPT terminals: TDES (ANSI X9.24-1:2009) and AES (ANSI
// X9.24-3:2017).
//
// A terminal is loaded with an initial key, derived from a base derivation key (BDK) and the
// terminal's id. For each transaction it derives a transaction key from the initial key and the
// counter in its key serial number (KSN), and from that a working key for each purpose.
//
// Base derivation keys are [cipher.Block], so that they may be in a device. Derived keys are
// bytes that the caller clears.
package dukpt
