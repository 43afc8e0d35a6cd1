package engine_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/draw"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestStateMachineAgreesWithModel runs every operation, in several accounts and Regions
// and with a moving clock, next to a model of what must be true, and compares the two
// after each step.
func TestStateMachineAgreesWithModel(t *testing.T) {
	stateMachine(t, func(s keystore.Store, _ uint64) keystore.Store { return s })
}

// TestStateMachineOnAFaultyStoreAgreesWithModel: callers do not notice a store that
// loses commits and answers, but not for long.
func TestStateMachineOnAFaultyStoreAgreesWithModel(t *testing.T) {
	stateMachine(t, func(s keystore.Store, seed uint64) keystore.Store {
		faults, plan := 0, storetest.Sometimes(0.3, seed, storetest.FailBefore, storetest.FailAfter)
		return storetest.Faulty(s, func(method string) storetest.Fault {
			fault := plan(method)
			if faults++; method != "Commit" || fault == storetest.None || faults == 3 { // the engine asks three times
				faults = 0
				return storetest.None
			}
			return fault
		})
	})
}

// stateMachine runs on stores made of the one that the environment chooses.
func stateMachine(t *testing.T, store func(s keystore.Store, seed uint64) keystore.Store) {
	testrig.Checks(t, 40)
	backend := simtest.Backend(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		w := draw.MachineWorld(rapid.SampledFrom([]apc.Limits{draw.MachineLimits(), draw.SlowLimits()}).Draw(t, "limits"))
		s := enginetest.New(t, &enginetest.Options{Engine: draw.MachineOptions(w), Keep: enginetest.KeepAll,
			Backend: backend, Store: store(simtest.Store(t), rapid.Uint64().Draw(t, "seed"))})
		t.Repeat(draw.Machine(t, s, w))
	})
}
