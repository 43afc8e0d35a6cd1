package hsm

import (
	"fmt"
	"io"
	"math/bits"
)

// DrawKey draws the bytes of a symmetric key, for backends that make one in host
// memory: of TDES with odd parity, and parts that differ.
func DrawKey(random io.Reader, a Attributes) ([]byte, error) {
	key := make([]byte, a.Bits/8)
	for again := true; again; again = a.Algorithm == TDES && degenerate(key) {
		if _, err := io.ReadFull(random, key); err != nil {
			clear(key)
			return nil, fmt.Errorf("hsm: drawing a key: %w", err)
		}
		if a.Algorithm == TDES {
			oddParity(key)
		}
	}
	return key, nil
}

// oddParity sets the lowest bit of each byte so that the number of ones is odd.
func oddParity(key []byte) {
	for i, b := range key {
		key[i] = b&^1 | byte(bits.OnesCount8(b&^1)&1^1)
	}
}

// degenerate says whether two parts of a TDES key are the same, so that the
// key is no stronger than a shorter one.
func degenerate(key []byte) bool {
	for i := 8; i < len(key); i += 8 {
		if [8]byte(key[i-8:]) == [8]byte(key[i:]) || [8]byte(key) == [8]byte(key[i:]) {
			return true
		}
	}
	return false
}
