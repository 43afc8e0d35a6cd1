package simtest

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// id is the master key's id of a backend opened with the options.
func id(t *testing.T, o *hsm.SoftwareOptions) string {
	t.Helper()
	id, err := Backend(t, o).MasterKeyID(t.Context())
	if err != nil {
		t.Fatalf("the master key's id: %v", err)
	}
	return id
}

// everywhere runs a test on each backend that this build has.
func everywhere(t *testing.T, test func(t *testing.T)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Setenv("APCSIM_TEST_HSM", b.name)
			if opened, err := b.open(nil); err == nil {
				opened.Close()
			} else if errors.Is(err, errors.ErrUnsupported) {
				t.Skipf("this build has none: %v", err)
			}
			test(t)
		})
	}
}

func TestMasterKeySaysWhichDeviceItIs(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		one, again, other := id(t, &hsm.SoftwareOptions{MasterKey: &[32]byte{1}}), id(
			t,
			&hsm.SoftwareOptions{MasterKey: &[32]byte{1}},
		), id(t, &hsm.SoftwareOptions{MasterKey: &[32]byte{2}})
		if one != again || one == other || one == id(t, nil) {
			t.Errorf("ids with one master key: %s and %s; with another: %s; with none: %s", one, again, other, id(t, nil))
		}
	})
}

func TestKeySealedByOneIsOpenedByTheOther(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		a := hsm.Attributes{Usage: "K0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 256, KeyID: "k"}
		o := &hsm.SoftwareOptions{MasterKey: &[32]byte{1}}
		sealed, _, err := Backend(t, o).Generate(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		key, err := Backend(t, o).Open(t.Context(), sealed, a)
		if err != nil {
			t.Fatal(err)
		}
		key.Close()
		if _, err := Backend(t, &hsm.SoftwareOptions{MasterKey: &[32]byte{2}}).Open(t.Context(), sealed, a); !errors.Is(
			err,
			hsm.ErrSealed,
		) {
			t.Errorf("another device opens it: %v, want %v", err, hsm.ErrSealed)
		}
	})
}

func TestSeedsAreFollowedWhereItIsSaid(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		a := hsm.Attributes{Usage: "K0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 256, KeyID: "k"}
		draw := func() (revealed string) {
			b := Backend(t, &hsm.SoftwareOptions{MasterKey: &[32]byte{1}, Seed: 7})
			sealed, _, err := b.Generate(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			key, err := b.Open(t.Context(), sealed, a)
			if err != nil {
				t.Fatal(err)
			}
			defer key.Close()
			secret, err := key.Reveal(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer secret.Destroy()
			secret.Expose(func(key []byte) error { revealed = string(key); return nil })
			return revealed
		}
		first, again := draw(), draw()
		if same := first == again; same != FollowsSeeds(t) {
			t.Errorf("the same seed gives the same key: %t, want %t", same, FollowsSeeds(t))
		}
	})
}
