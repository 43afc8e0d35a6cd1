//go:build cgo

package pkcs11

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestSealedBytesStayTheCallers: a key that is open does not see them change.
func TestSealedBytesStayTheCallers(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	s := sealKnown(t, b)
	k, err := b.Open(ctx, s.aes, knownAES)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	clear(s.aes)
	if got, err := exposed(k.Reveal(ctx)); same(got, err, knownKey) != nil {
		t.Errorf("got %v", err)
	}
}
