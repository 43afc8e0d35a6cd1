// Package simtest gives every test its simulator. Which backend and which
// store stand behind it is chosen by the environment, so that one set of
// tests holds all of them to the same behaviour:
//
//	APCSIM_TEST_HSM    software (default), awkward
//	APCSIM_TEST_STORE  memory (default)
package simtest

import (
	"os"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/awkward"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// New is a simulator for one test, closed when it ends. RSA pairs come from
// the ready ones unless the options name others.
func New(t testing.TB, o *engine.Options) *engine.Engine {
	t.Helper()
	return On(t, Backend(t, nil), Store(t), o)
}

// On is a simulator on a backend and a store that the test holds itself.
func On(t testing.TB, b hsm.Backend, s keystore.Store, o *engine.Options) *engine.Engine {
	t.Helper()
	var options engine.Options
	if o != nil {
		options = *o
	}
	if options.HSM.Ready == nil {
		options.HSM.Ready = testkeys.Ready()
	}
	eng, err := engine.New(b, s, &options)
	if err != nil {
		t.Fatalf("opening a simulator: %v", err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Errorf("closing the simulator: %v", err)
		}
	})
	return eng
}

// Backend is the backend that the environment chooses, with software options
// where it has them, closed when the test ends.
func Backend(t testing.TB, o *hsm.SoftwareOptions) hsm.Backend {
	t.Helper()
	var b hsm.Backend
	switch name := os.Getenv("APCSIM_TEST_HSM"); name {
	case "", "software":
		b = hsm.NewSoftware(o)
	case "awkward":
		b = awkward.New(o)
	default:
		t.Fatalf("APCSIM_TEST_HSM=%s: want software or awkward", name)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// Store is the store that the environment chooses, closed when the test ends.
func Store(t testing.TB) keystore.Store {
	t.Helper()
	switch name := os.Getenv("APCSIM_TEST_STORE"); name {
	case "", "memory":
	default:
		t.Fatalf("APCSIM_TEST_STORE=%s: want memory", name)
	}
	s := keystore.NewMemory()
	t.Cleanup(func() { s.Close() })
	return s
}
