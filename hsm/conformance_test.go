package hsm_test

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awkward"
)

// device is one that is opened with the same master key each time.
func device(open func(*hsm.SoftwareOptions) hsm.Backend) hsmtest.Device {
	o := &hsm.SoftwareOptions{MasterKey: &[32]byte{7, 4, 8}}
	return hsmtest.Device{
		Open:  func(*testing.T) hsm.Backend { return open(o) },
		Again: func(*testing.T, hsm.Backend) hsm.Backend { return open(o) },
	}
}

func newSoftware(o *hsm.SoftwareOptions) hsm.Backend { return hsm.NewSoftware(o) }

func newAwkward(o *hsm.SoftwareOptions) hsm.Backend { return awkward.New(o) }

func TestSoftwareKeepsThePromises(t *testing.T) { device(newSoftware).Run(t) }

func TestAwkwardDeviceKeepsThePromises(t *testing.T) { device(newAwkward).Run(t) }

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
