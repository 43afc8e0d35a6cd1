// Package tdes is Triple DES (NIST SP 800-67) with the keys of payment systems:
// keys of two parts, parity, and keys that are variants of others.
package tdes

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"fmt"
	"math/bits"
)

// part is the length in bytes of one of the two or three DES keys in a key.
const part = 8

// NewCipher expands a key of 24 bytes, or of 16 (K1 K2, with K3 = K1). Any
// other length is an error. Parity is not looked at, and parts may be equal. The
// key is not retained.
func NewCipher(key []byte) (cipher.Block, error) {
	if len(key) != 2*part && len(key) != 3*part {
		return nil, fmt.Errorf("tdes: a key of %d bytes, want 16 or 24", len(key))
	}
	var whole [3 * part]byte
	defer clear(whole[:])
	copy(whole[copy(whole[:], key):], key)
	return des.NewTripleDESCipher(whole[:])
}

// SetOddParity sets the lowest bit of each byte so that the number of ones is odd.
func SetOddParity(key []byte) {
	for i, b := range key {
		key[i] = b&^1 | byte(bits.OnesCount8(b&^1)&1^1)
	}
}

// HasOddParity reports whether each byte has an odd number of ones. The time does
// not depend on which byte has not.
func HasOddParity(key []byte) bool {
	odd := 1
	for _, b := range key {
		b ^= b >> 4
		b ^= b >> 2
		b ^= b >> 1
		odd &= subtle.ConstantTimeByteEq(b&1, 1)
	}
	return odd == 1
}

// PartsDiffer reports whether no two parts of a key are equal. A key with equal
// parts is no stronger than a shorter one.
func PartsDiffer(key []byte) bool {
	for i := part; i < len(key); i += part {
		if bytes.Equal(key[i-part:i], key[i:i+part]) || bytes.Equal(key[:part], key[i:i+part]) {
			return false
		}
	}
	return true
}

// Variant returns the key with a mask XORed into it; a mask shorter than the key
// is repeated.
func Variant(key []byte, mask ...byte) []byte {
	out := make([]byte, len(key))
	for i, b := range key {
		out[i] = b ^ mask[i%len(mask)]
	}
	return out
}
