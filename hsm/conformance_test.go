package hsm_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
)

func TestBackendsKeepThePromises(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			hsmtest.Run(t, func(*testing.T) hsm.Backend { return open() })
		})
	}
}

func TestSeededBackendKeepsThePromises(t *testing.T) {
	hsmtest.Run(t, func(*testing.T) hsm.Backend { return hsm.NewSoftware(&hsm.SoftwareOptions{Seed: 7}) })
}

// TestMasterKeysSeparateAndJoin: a sealed key opens wherever its master key
// is, and nowhere else.
func TestMasterKeysSeparateAndJoin(t *testing.T) {
	a := hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	first := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{1}})
	again := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{1}, Seed: 3})
	other := hsm.NewSoftware(nil)
	sealed, _, err := first.Generate(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(ctx, sealed, a); err != nil {
		t.Errorf("with the same master key: %v", err)
	}
	if _, err := other.Open(ctx, sealed, a); err != hsm.ErrSealed {
		t.Errorf("with another master key: %v", err)
	}
	one, _ := first.MasterKeyID(ctx)
	same, _ := again.MasterKeyID(ctx)
	another, _ := other.MasterKeyID(ctx)
	if one != same || one == another || len(one) != 16 {
		t.Errorf("ids %s, %s, %s", one, same, another)
	}
}
