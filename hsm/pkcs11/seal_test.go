//go:build cgo

package pkcs11

import (
	"crypto"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// FuzzOpen: bytes that the token did not seal are refused as such, whatever they
// look like.
func FuzzOpen(f *testing.F) {
	b := opened(f, optionsOf(sharedToken(f, softtoken.SoftHSM)))
	s := sealKnown(f, b)
	for _, sealed := range []hsm.Sealed{s.aes, s.kept, s.tdes, s.hmac, s.rsa, s.ec} {
		f.Add([]byte(sealed), byte('A'), 256)
		f.Add([]byte(sealed[:len(sealed)-1]), byte('R'), 2048)
	}
	own := map[string]bool{
		string(s.aes):  true,
		string(s.kept): true,
		string(s.tdes): true,
		string(s.hmac): true,
		string(s.rsa):  true,
		string(s.ec):   true,
	}
	f.Fuzz(func(t *testing.T, sealed []byte, letter byte, bits int) {
		if own[string(sealed)] {
			return
		}
		algorithm := hsm.Algorithm(letter)
		a := hsm.Attributes{KeyID: "a", Usage: "K1", Algorithm: algorithm, Mode: 'B', Exportability: 'E', Bits: bits}
		if algorithm == hsm.HMAC {
			a.Hash = crypto.SHA256
		}
		if k, err := b.Open(ctx, sealed, a); err != hsm.ErrSealed {
			t.Errorf("got %v, %v", k, err)
		}
	})
}
