package hsm_test

import (
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
