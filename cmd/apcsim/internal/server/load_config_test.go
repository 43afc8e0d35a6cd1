package server

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// twoKeys is a configuration of a key with an alias and two without, which are the same.
const twoKeys = `{"keys":[{"alias":"alias/zone-key",` + components + aKey + `,{` + components + aKey + `,{` + components + aKey + `]}`

// pausedStore is a store in which one commit waits, before it is made or after it.
type pausedStore struct {
	keystore.Store
	at      int // which commit, the first being 1
	after   bool
	made    int
	paused  chan struct{} // closed when it waits
	release chan struct{}
}

func (s *pausedStore) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	s.made++
	wait := func() {
		if s.made == s.at {
			close(s.paused)
			<-s.release
		}
	}
	if !s.after {
		wait()
		return s.Store.Commit(ctx, id, changes...)
	}
	defer wait()
	return s.Store.Commit(ctx, id, changes...)
}

// keysIn are the ARNs of the keys of the default account, and what the alias names.
func keysIn(t *testing.T, b hsm.Backend, s keystore.Store) (arns []string, alias string) {
	t.Helper()
	eng, err := engine.Open(t.Context(), b, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := eng.ListKeys(t.Context(), &engine.ListKeysInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys.Keys {
		arns = append(arns, k.KeyArn)
	}
	out, err := eng.GetAlias(t.Context(), &engine.GetAliasInput{AliasName: "alias/zone-key"})
	if err != nil || out.Alias.KeyArn == nil {
		t.Fatalf("the alias: %+v, %v", out, err)
	}
	return arns, *out.Alias.KeyArn
}

// TestALoaderThatWasStoppedLoadsNothingTwice: one server is stopped at each of its commits
// for longer than its lease, and another one loads meanwhile.
func TestALoaderThatWasStoppedLoadsNothingTwice(t *testing.T) {
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			if !loadStopped(t, at, after) {
				if at < 7 { // the master key, the claim, three keys, an alias, the end
					t.Errorf("loading takes %d commits: the test stops at too few", at-1)
				}
				break
			}
		}
	}
}

// loadStopped reports whether loading has a commit of that number.
func loadStopped(t *testing.T, at int, after bool) bool {
	t.Helper()
	b, clock := hsm.NewSoftware(nil), engine.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	slow := &pausedStore{Store: newLent(t), at: at, after: after, paused: make(chan struct{}), release: make(chan struct{})}
	listen := func(s keystore.Store) error {
		srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: parsed(t, twoKeys), Backend: b, Store: s, Now: clock.Now})
		if err == nil {
			srv.listener.Close()
		}
		return err
	}
	done := make(chan error, 1)
	go func() { done <- listen(slow) }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("not stopped: %v", err)
		}
		return false
	case <-slow.paused:
	}
	clock.Advance(loadedLease + time.Second)
	if err := listen(slow.Store); err != nil {
		t.Errorf("stopped at commit %d: the other server: %v", at, err)
	}
	clock.Advance(time.Second)
	close(slow.release)
	if err := <-done; err != nil {
		t.Errorf("stopped at commit %d: %v", at, err)
	}
	arns, alias := keysIn(t, b, slow.Store)
	if len(arns) != 3 || !slices.Contains(arns, alias) {
		t.Errorf(
			"stopped at commit %d, after it %v: got keys %q, the alias names %s; want the 3 of the configuration",
			at,
			after,
			arns,
			alias,
		)
	}
	return true
}

// hurriedStore is a store with a clock that each commit moves.
type hurriedStore struct {
	lent
	clock *engine.Clock
	step  time.Duration
	check func(keystore.Record)
}

func (s hurriedStore) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	s.clock.Advance(s.step)
	err := s.lent.Commit(ctx, id, changes...)
	if found, failed := s.lent.Read(ctx, loadedRecord); err == nil && failed == nil && found[0].Record.Exists() {
		s.check(found[0].Record)
	}
	return err
}

func TestALeaseIsRenewedWhileItsServerLoads(t *testing.T) {
	clock := engine.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	s, checked := hurriedStore{newLent(t), clock, loadedLease / 5, nil}, 0
	s.check = func(r keystore.Record) {
		checked++
		if len(r.Data) > 1 && !clock.Now().Before(leaseOf(r)) {
			t.Errorf("at %v the lease is over, since %v", clock.Now(), leaseOf(r))
		}
	}
	var keys []string
	for range 20 {
		keys = append(keys, `{`+components+aKey)
	}
	config := parsed(t, `{"keys":[`+strings.Join(keys, ",")+`]}`)
	srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: config, Backend: hsm.NewSoftware(nil), Store: s, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv.listener.Close()
	if checked < 20 {
		t.Errorf("the lease was looked at %d times", checked)
	}
}

// TestAnEditedConfigurationIsRefusedAfterLoadingWasCutOff: the store has a key in the place
// of another one.
func TestAnEditedConfigurationIsRefusedAfterLoadingWasCutOff(t *testing.T) {
	b, s := hsm.NewSoftware(nil), newLent(t)
	listen := func(text string) error {
		srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: parsed(t, text), Backend: b, Store: s})
		if err == nil {
			srv.listener.Close()
		}
		return err
	}
	broken := `{"keys":[{` + components + aKey + `,{"components":["00","00"],` + aKey + `]}`
	if err := listen(broken); err == nil || !strings.HasPrefix(err.Error(), "keys[1]: ") {
		t.Fatalf("got %v, want a refusal of keys[1]", err)
	}
	other := strings.ReplaceAll(`{"keys":[{`+components+aKey+`]}`, "22222222", "33333333")
	if err := listen(other); err == nil || !strings.HasPrefix(err.Error(), "keys[0]: the store has another key in its place") {
		t.Errorf("another key: got %v", err)
	}
	if err := listen(`{"keys":[{` + components + aKey + `]}`); err != nil {
		t.Errorf("the same key: %v", err)
	}
}

func TestTheARNsOfConfiguredKeysAreTheSameInEveryRun(t *testing.T) {
	var before []string
	for run := range 2 {
		b, s := hsm.NewSoftware(nil), newLent(t)
		srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: parsed(t, twoKeys), Backend: b, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		srv.listener.Close()
		arns, _ := keysIn(t, b, s)
		if run > 0 && !slices.Equal(arns, before) || len(arns) != 3 {
			t.Errorf("got %q, want %q", arns, before)
		}
		before = arns
	}
}
