package server

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

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
		t.Errorf("stopped at commit %d, after it %v: got keys %q, the alias names %s; want the 3 of the configuration",
			at, after, arns, alias)
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

// slowStore is a store whose commits take their time: in a bubble of synctest, until all
// servers have come as far.
type slowStore struct{ lent }

func (s slowStore) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	time.Sleep(time.Millisecond)
	return s.lent.Commit(ctx, id, changes...)
}

// TestServersThatStartTogetherLoadOnce: and all of them start.
func TestServersThatStartTogetherLoadOnce(t *testing.T) {
	for range 10 {
		synctest.Test(t, loadTogether)
	}
}

func loadTogether(t *testing.T) {
	b, s := hsm.NewSoftware(nil), slowStore{newLent(t)}
	var wg sync.WaitGroup
	for range 4 {
		config := parsed(t, zoneKey)
		wg.Go(func() {
			srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: config, Backend: b, Store: s})
			if err != nil {
				t.Error(err)
				return
			}
			srv.Close()
		})
	}
	wg.Wait()
	eng, err := engine.Open(t.Context(), b, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := eng.ListKeys(t.Context(), &engine.ListKeysInput{})
	if err != nil || len(keys.Keys) != 1 {
		t.Errorf("%d keys, want the one of the configuration; %v", len(keys.Keys), err)
	}
}
