package hsm

import (
	"fmt"
	"io"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

// DrawKey draws the bytes of a symmetric key, for backends that make one in host
// memory. A TDES key gets odd parity, and its parts differ.
func DrawKey(random io.Reader, a Attributes) ([]byte, error) {
	key := make([]byte, a.Bits/8)
	for {
		if _, err := io.ReadFull(random, key); err != nil {
			clear(key)
			return nil, fmt.Errorf("hsm: drawing a key: %w", err)
		}
		if a.Algorithm != TDES {
			return key, nil
		}
		if tdes.SetOddParity(key); tdes.PartsDiffer(key) {
			return key, nil
		}
	}
}
