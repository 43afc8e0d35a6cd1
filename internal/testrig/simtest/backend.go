package simtest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awkward"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// backend is a value of APCSIM_TEST_HSM.
type backend struct {
	name   string
	open   func(*hsm.SoftwareOptions) (hsm.Backend, error)
	seeded bool // symmetric keys follow SoftwareOptions.Seed
}

// backends are all values, the default first.
var backends = []backend{
	{"software", func(o *hsm.SoftwareOptions) (hsm.Backend, error) { return hsm.NewSoftware(o), nil }, true},
	{"awkward", func(o *hsm.SoftwareOptions) (hsm.Backend, error) { return awkward.New(o), nil }, true},
	{"softhsm", onToken(softtoken.SoftHSM), false},
	{"nss", onToken(softtoken.NSS), false},
}

// chosen is the backend that the environment asks for.
func chosen(t T) backend {
	t.Helper()
	return named(t, os.Getenv("APCSIM_TEST_HSM"))
}

func named(t T, name string) backend {
	t.Helper()
	var names []string
	for _, b := range backends {
		if b.name == name || name == "" {
			return b
		}
		names = append(names, b.name)
	}
	t.Fatalf("the backend %q: want one of %s", name, strings.Join(names, ", "))
	panic("unreachable")
}

// Backends are the names of all that this build has.
func Backends() (names []string) {
	for _, b := range backends {
		if softtoken.Available || b.seeded {
			names = append(names, b.name)
		}
	}
	return names
}

// Backend is the backend that the environment chooses, closed when the test
// ends. Software options say which device it is: those with one MasterKey open
// the same one again, others another one. Nil, or no MasterKey, is a new device
// where devices cost nothing, and on a token the one that all such tests of
// the process share.
func Backend(t T, o *hsm.SoftwareOptions) hsm.Backend {
	t.Helper()
	return chosen(t).opened(t, o)
}

// BackendNamed is one of Backends, whatever the environment chooses.
func BackendNamed(t T, name string, o *hsm.SoftwareOptions) hsm.Backend {
	t.Helper()
	return named(t, name).opened(t, o)
}

func (b backend) opened(t T, o *hsm.SoftwareOptions) hsm.Backend {
	t.Helper()
	device, err := b.open(o)
	if err != nil {
		t.Fatalf("opening the backend %s: %v", b.name, err)
	}
	t.Cleanup(func() {
		if err := device.Close(); err != nil {
			t.Errorf("closing the backend: %v", err)
		}
	})
	return device
}

// FollowsSeeds reports whether the backend that the environment chooses makes the
// same symmetric keys from the same SoftwareOptions.Seed: a token draws its own.
func FollowsSeeds(t T) bool {
	t.Helper()
	return chosen(t).seeded
}

// onToken opens a PKCS#11 backend on the shared token of a kind, and sees to it
// that there are master keys.
func onToken(k softtoken.Kind) func(*hsm.SoftwareOptions) (hsm.Backend, error) {
	return func(o *hsm.SoftwareOptions) (hsm.Backend, error) {
		token, err := softtoken.Shared(k)
		if err != nil {
			return nil, err
		}
		ctx := context.Background()
		b, err := pkcs11.Open(ctx, &pkcs11.Options{
			Module: token.Module, Reserved: token.Reserved, Label: token.Label, PIN: token.PIN,
			MasterLabel: family(o), LockDir: token.Dir,
		})
		if err != nil {
			return nil, err
		}
		// The devices of tests have their master keys from the beginning. One that
		// has them already keeps them.
		if err := hsm.New(b, nil).Initialize(ctx); err != nil {
			b.Close()
			return nil, fmt.Errorf("making master keys: %w", err)
		}
		return b, nil
	}
}

// family names the master keys that belong to a software master key: as with
// software, the same one is the same device and another one is another. "" is
// the backend's own choice.
func family(o *hsm.SoftwareOptions) string {
	if o == nil || o.MasterKey == nil {
		return ""
	}
	sum := sha256.Sum256(slices.Concat([]byte("simtest master keys "), o.MasterKey[:]))
	return fmt.Sprintf("simtest %x", sum[:8])
}
