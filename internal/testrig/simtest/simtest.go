// Package simtest gives every test its simulator. Which backend and which
// store are behind it is chosen by the environment, so that one set of
// tests holds all of them to the same behaviour:
//
//	APCSIM_TEST_HSM    software (default), awkward, softhsm, nss
//	APCSIM_TEST_STORE  memory (default), bolt, postgres
//
// softhsm and nss are the PKCS#11 backend on the token of that kind which the
// process shares; see [softtoken.Shared]. They need cgo. Where the module is,
// if in no usual place, say APCSIM_SOFTHSM_MODULE and APCSIM_NSS_MODULE. postgres
// is a database of its own in the cluster that the process shares; see
// [pgcluster.Shared].
package simtest

import (
	"context"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// T is what is needed of a *testing.T, *testing.B or *rapid.T. What is opened for
// one is closed when it ends.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// New is a simulator for one test, closed when it ends. RSA pairs come from
// the ready ones unless the options name others.
func New(t T, o *engine.Options) *engine.Engine {
	t.Helper()
	return On(t, Backend(t, nil), Store(t), o)
}

// On is a simulator on a backend and a store that the test holds itself.
func On(t T, b hsm.Backend, s keystore.Store, o *engine.Options) *engine.Engine {
	t.Helper()
	var options engine.Options
	if o != nil {
		options = *o
	}
	if options.HSM.Ready == nil {
		options.HSM.Ready = testkeys.Ready()
	}
	eng, err := engine.Open(context.Background(), b, s, &options)
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
