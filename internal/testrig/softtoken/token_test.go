//go:build cgo

package softtoken_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// seal opens a token and seals a key under its master keys, which it makes if
// there are none, and returns their id.
func seal(t *testing.T, a softtoken.Token) string {
	t.Helper()
	b, err := pkcs11.Open(
		t.Context(),
		&pkcs11.Options{Module: a.Module, Reserved: a.Reserved, Label: a.Label, PIN: a.PIN, LockDir: a.Dir},
	)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.Generate(
		t.Context(),
		hsm.Attributes{Usage: "K0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 256, KeyID: "k"},
	)
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.MasterKeyID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestTokensOneAfterAnother(t *testing.T) {
	for _, k := range []softtoken.Kind{softtoken.SoftHSM, softtoken.NSS} {
		shared, err := softtoken.Shared(k)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{seal(t, shared): true}
		for range 2 {
			var token softtoken.Token
			t.Run(string(k), func(t *testing.T) {
				token = softtoken.New(t, k, nil)
				if info, err := os.Stat(token.Dir); err != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("the folder: %v, %v, want 0700", info, err)
				}
				id := seal(t, token)
				if again := seal(t, token); again != id {
					t.Errorf("opened again: master keys %s, want %s", again, id)
				}
				ids[id] = true
			})
			if _, err := os.Stat(token.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: the folder is there after the test: %v", k, err)
			}
		}
		again, err := softtoken.Shared(k)
		if err != nil {
			t.Fatal(err)
		}
		ids[seal(t, again)] = true
		if len(ids) != 3 || again != shared {
			t.Errorf("%s: %d master keys on the shared token and two others, want 3; shared is %v, was %v", k, len(ids), again, shared)
		}
	}
}
