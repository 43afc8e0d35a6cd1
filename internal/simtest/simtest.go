// Package simtest gives every test its simulator. Which backend and which
// store stand behind it is chosen by the environment, so that one set of
// tests holds all of them to the same behaviour:
//
//	APCSIM_TEST_HSM    software (default), awkward, softhsm, nss
//	APCSIM_TEST_STORE  memory (default)
//
// The last two are the PKCS#11 backend on the token of that kind which the
// process shares; see [softtoken.Shared]. They need cgo. Where the module is,
// if in no usual place, say APCSIM_SOFTHSM_MODULE and APCSIM_NSS_MODULE.
package simtest

import (
	"os"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
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
