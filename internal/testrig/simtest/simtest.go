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
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// T is what is needed of a *testing.T, *testing.B or *rapid.T. What is opened for
// one is closed when it ends.
type T = enginetest.T

// New is a simulator for one test, closed when it ends. RSA pairs come from
// the ready ones unless the options name others.
func New(t T, o *engine.Options) *engine.Engine {
	t.Helper()
	return On(t, Backend(t, nil), Store(t), o)
}

// seeds is the last seed that a simulator without one was given: several on one store draw other ids.
var seeds atomic.Uint64

// On is a simulator on a backend and a store that the test holds itself. It is the one of
// [enginetest.New] with the time of day, and may leave keys without an alias. That of a benchmark
// has no journal and no faults, because they would be measured too.
func On(t T, b hsm.Backend, s keystore.Store, o *engine.Options) *engine.Engine {
	t.Helper()
	options := enginetest.Options{Backend: b, Store: s, Keep: enginetest.KeepAll}
	if o != nil {
		options.Engine = *o
	}
	if options.Engine.Now == nil {
		options.Engine.Now = time.Now
	}
	if options.Engine.Seed == 0 {
		options.Seed = seeds.Add(1)
	}
	if b, ok := t.(*testing.B); ok {
		return bare(b, &options)
	}
	return enginetest.New(t, &options).Engine
}

func bare(b *testing.B, o *enginetest.Options) *engine.Engine {
	b.Helper()
	if o.Engine.HSM.Ready == nil {
		o.Engine.HSM.Ready = testkeys.Ready()
	}
	eng, err := engine.Open(context.Background(), o.Backend, o.Store, &o.Engine)
	if err != nil {
		b.Fatalf("opening a simulator: %v", err)
	}
	b.Cleanup(func() {
		if err := eng.Close(); err != nil {
			b.Errorf("closing the simulator: %v", err)
		}
	})
	return eng
}
