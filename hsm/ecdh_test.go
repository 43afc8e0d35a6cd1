package hsm

import (
	"bytes"
	"crypto"
	"testing"

	_ "crypto/sha256"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestKeyDerivationGivesKnownKeys has a key of NIST's CAVP (ANSI X9.63, SHA-256) and one that pyca/cryptography
// derives too.
func TestKeyDerivationGivesKnownKeys(t *testing.T) {
	for _, c := range []struct{ secret, info, want string }{
		{"96C05619D56C328AB95FE84B18264B08725B85E33FD34F08", "", "443024C3DAE66B95E6F5670601558F71"},
		{"4BE993A2D1BD25C7B5A625EDEBE48D022557ACA445C60EE403ECE9BA38A41CFE", "ABCD01EF2345AA",
			"A10F733455DA2A60A466F23C282B6A25DBDCB2FF46192E36075F5368C37A8EEF"},
	} {
		secret := testrig.Hex(c.secret)
		info := testrig.Hex(c.info)
		want := testrig.Hex(c.want)
		a := Agreement{KDF: X963KDF, Hash: crypto.SHA256, Info: info, Bits: 8 * len(want)}
		if got := a.derive(secret); !bytes.Equal(got, want) {
			t.Errorf("secret %s, info %q: got %X, want %s", c.secret, c.info, got, c.want)
		}
	}
}
