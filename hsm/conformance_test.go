package hsm_test

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awkward"
)

// keepsThePromises runs the suite on a device that is opened with the same master key
// each time.
func keepsThePromises(t *testing.T, open func(*hsm.SoftwareOptions) hsm.Backend) {
	o := &hsm.SoftwareOptions{MasterKey: &[32]byte{7, 4, 8}}
	hsmtest.Run(t, func(testing.TB) hsm.Backend { return open(o) }, &hsmtest.Options{
		Again: func(testing.TB, hsm.Backend) hsm.Backend { return open(o) },
	})
}

func TestSoftwareKeepsThePromises(t *testing.T) {
	keepsThePromises(t, func(o *hsm.SoftwareOptions) hsm.Backend { return hsm.NewSoftware(o) })
}

func TestAwkwardDeviceKeepsThePromises(t *testing.T) {
	keepsThePromises(t, func(o *hsm.SoftwareOptions) hsm.Backend { return awkward.New(o) })
}

func TestSeededBackendKeepsThePromises(t *testing.T) {
	hsmtest.Run(t, func(testing.TB) hsm.Backend { return hsm.NewSoftware(&hsm.SoftwareOptions{Seed: 7}) }, nil)
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
	if _, err := other.Open(ctx, sealed, a); !errors.Is(err, hsm.ErrSealed) {
		t.Errorf("with another master key: %v", err)
	}
	one, _ := first.MasterKeyID(ctx)
	same, _ := again.MasterKeyID(ctx)
	another, _ := other.MasterKeyID(ctx)
	if one != same || one == another || len(one) != 16 {
		t.Errorf("ids %s, %s, %s", one, same, another)
	}
}
