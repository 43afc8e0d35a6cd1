package enginetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// end closes the simulator and checks what the test leaves behind. A test that has failed gets why
// calls were refused instead.
func (s *Sim) end() {
	s.t.Helper()
	ctx := context.Background()
	running := s.running.Load()
	if s.server != nil {
		if err := s.server.close(running > 0); err != nil {
			s.t.Errorf("enginetest: closing the server: a connection is still open: %v", err)
		}
	}
	if running > 0 {
		s.t.Errorf("enginetest: %d calls were under way when the test ended", running)
	}
	s.deviceDown.Store(false)
	s.failing.down.Store(false)
	if !s.t.Failed() {
		s.checkFaults()
		s.checkStore(ctx)
		s.checkKnown(ctx)
	}
	s.closeAll()
	if s.t.Failed() {
		s.explain()
	}
}

// checkStore checks what is in the store, unless the test has closed a store of its own.
func (s *Sim) checkStore(ctx context.Context) {
	if s.options.Store != nil {
		_, err := s.options.Store.Read(ctx, keystore.Ref{Kind: keyKind, ID: "none"})
		if errors.Is(err, keystore.ErrClosed) {
			s.t.Logf("enginetest: the store that the test has given is closed: its records are not checked")
			return
		}
	}
	s.checkNames(ctx)
	s.checkErasure(ctx)
}

// explain logs what helps to understand a failed test.
func (s *Sim) explain() {
	for _, c := range s.Journal() {
		if c.Err != nil || c.Fault != "" {
			s.t.Logf("enginetest: call %v", c)
		}
	}
	repeats := "repeats the run"
	if _, whole := s.t.(testing.TB); !whole { // rapid draws from a seed of its own
		repeats = "repeats the simulator's part; what the test draws has the seed that its library prints"
	}
	s.t.Logf("enginetest: seed %d; the environment ENGINETEST_SEED=%[1]d %s", s.options.Seed, repeats)
}

func (s *Sim) checkFaults() {
	for _, f := range s.Heal() {
		s.t.Errorf("enginetest: a fault was not applied to any call: %v", f)
	}
}

// checkNames reports keys without a name and names without a key.
func (s *Sim) checkNames(ctx context.Context) {
	if len(s.madeKeys()) == 0 && len(s.Journal()) == 0 {
		return
	}
	state, err := s.state(ctx)
	if err != nil {
		s.t.Errorf("enginetest: reading the state: %v", err)
		return
	}
	keep := s.options.Keep
	for _, k := range state.Orphans() {
		if keep == nil || !keep(k) {
			s.t.Errorf("enginetest: a key in CREATE_COMPLETE is left without an alias: %v (%s)", k, k.ARN)
		}
	}
	for _, a := range state.Dangling() {
		i := slices.IndexFunc(state.Keys, func(k Key) bool { return k.ARN == a.KeyARN })
		var k Key
		if i >= 0 {
			k = state.Keys[i]
		}
		if keep == nil || !keep(k) {
			s.t.Errorf("enginetest: an alias is left that points to no key in CREATE_COMPLETE: %v", a)
		}
	}
}

// longestWait is the longest waiting period of a deletion and a day.
const longestWait = 181 * 24 * time.Hour

// checkErasure lets every waiting period end and looks for the sealed bytes of deleted keys.
func (s *Sim) checkErasure(ctx context.Context) {
	if s.Clock == nil || s.device == nil || len(s.device.sealed) == 0 {
		return
	}
	s.Clock.Advance(longestWait)
	err := s.inspect().Settle(ctx)
	records, storeErr := s.store.written(ctx)
	if err := errors.Join(err, storeErr); err != nil {
		s.t.Errorf("enginetest: looking for deleted keys in the store: %v", err)
		return
	}
	for _, deleted := range records {
		if deleted.Kind != keyKind || deleted.Index != string(apc.KeyStateDeleteComplete) {
			continue
		}
		for _, r := range records {
			if slices.ContainsFunc(s.device.sealed[deleted.ID], func(b hsm.Sealed) bool { return bytes.Contains(r.Data, b) }) {
				s.t.Errorf(
					"enginetest: the key %s is deleted and its sealed bytes are still in the store, in the %s record %s",
					deleted.ID,
					r.Kind,
					r.ID,
				)
			}
		}
	}
}

// closeAll closes the engines and what New made, and reports keys of the device left open.
func (s *Sim) closeAll() {
	err := s.Engine.Close()
	if s.inspector != nil {
		err = errors.Join(err, s.inspector.Close())
	}
	if s.device != nil {
		if n := s.device.open.Load(); n != 0 {
			s.t.Errorf("enginetest: %d keys of the device are still open after the engine was closed", n)
		}
		err = errors.Join(err, s.device.Close())
	}
	if s.store.own {
		err = errors.Join(err, s.store.Close())
	}
	if err != nil {
		s.t.Errorf("enginetest: closing the simulator: %v", err)
	}
}
