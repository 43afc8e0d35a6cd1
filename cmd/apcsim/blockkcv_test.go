package main

import (
	"bytes"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestTheCheckValueOfAKeyInABlockIsThatOfItsKind: the values are openssl's, of enc -des-ede3-ecb, mac CMAC and
// mac HMAC.
func TestTheCheckValueOfAKeyInABlockIsThatOfItsKind(t *testing.T) {
	for _, c := range []struct {
		algorithm byte
		hash      string // of the HM block, or no block
		key, want string
	}{
		{'A', "", testKey, testKCV},
		{'T', "", testKey, testTDES},
		{'D', "", testKey, testTDES},
		{'D', "", testKey[:16], "D5D44F"},
		{'H', "10", testKey, "2739B6"},
		{'H', "20", testKey, "13247F"},
		{'H', "21", testKey, "DCC3C8"},
		{'H', "22", testKey, "676008"},
		{'H', "23", testKey, "42A0B3"},
		{'H', "25", testKey, ""}, // SHA-512/256 has none
		{'H', "", testKey, ""},   // the hash is not known
		{'A', "21", testKey, testKCV},
		{'A', "", testKey[:16], ""}, // no length of an AES key
		{'T', "", testKey[:16], ""},
		{'R', "", testKey, ""},
		{'E', "", testKey, ""},
	} {
		h := tr31.Header{Algorithm: c.algorithm}
		if c.hash != "" {
			h.Blocks = []tr31.OptionalBlock{{ID: "HM", Data: c.hash}}
		}
		key := testrig.Hex(c.key)
		given := bytes.Clone(key)
		if got := checkValueOf(h, key); got != c.want {
			t.Errorf("%c, HM %q, key of %d bytes: got %q, want %q", c.algorithm, c.hash, len(key), got, c.want)
		}
		if !bytes.Equal(key, given) {
			t.Errorf("%c, HM %q: the caller's key is changed to %X", c.algorithm, c.hash, key)
		}
	}
}
