package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// lent is a store that outlives its servers.
type lent struct{ keystore.Store }

// Close would be somebody's mistake: who made the store closes it.
func (lent) Close() error { return errors.New("closed by the server") }

func newLent(t *testing.T) lent {
	s := keystore.NewMemory()
	t.Cleanup(func() { s.Close() })
	return lent{s}
}

// TestAStoreOutlivesServers: keys, and how far the clock is ahead. The keys of the
// configuration are loaded once, and there is no reset.
func TestAStoreOutlivesServers(t *testing.T) {
	o := Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey), Backend: hsm.NewSoftware(nil), Store: newLent(t)}
	var made string
	for run := range 3 {
		r := start(t, "127.0.0.1", o)
		if run == 0 {
			made = r.create(t)
			var at timeView
			r.own(t, "POST", "advance", `{"duration":"36h"}`, &at)
		}
		if status, answer, _ := r.call(t, "GetKey", `{"KeyIdentifier":"`+made+`"}`); status != http.StatusOK {
			t.Errorf("run %d: the key of the first: %d, %s", run, status, answer)
		}
		var at timeView
		if r.own(t, "GET", "now", "", &at); at.Offset != "36h0m0s" {
			t.Errorf("run %d: the clock is %s ahead", run, at.Offset)
		}
		var keys pageView
		if r.own(t, "GET", "keys", "", &keys); len(keys.Keys) != 2 {
			t.Errorf("run %d: %d keys, want the one that was made and that of the configuration", run, len(keys.Keys))
		}
		status, answer, _ := r.do(t, "POST", "/_apcsim/reset", "")
		if status != http.StatusConflict || !strings.Contains(string(answer), "store") {
			t.Errorf("run %d: reset: %d, %s", run, status, answer)
		}
		r.end(t)
		if said := strings.Contains(r.log.String(), "are not loaded"); said != (run > 0) {
			t.Errorf("run %d: the log says that keys were loaded before: %v", run, said)
		}
	}
}

// TestLoadingThatWasCutOff: the keys that are missing are loaded, those that are
// there are not loaded again, and an alias without a key gets one.
func TestLoadingThatWasCutOff(t *testing.T) {
	b, s := hsm.NewSoftware(nil), newLent(t)
	eng, err := engine.Open(t.Context(), b, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	config := parsed(t, zoneKey)
	alias := config.Keys[0].Alias
	if _, err := eng.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: alias}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time as if the first had not said that it was done
		r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey), Backend: b, Store: s})
		var keys pageView
		if r.own(t, "GET", "keys", "", &keys); len(keys.Keys) != 1 || keys.Keys[0].KeyCheckValue != zoneKCV {
			t.Errorf("got %+v", keys)
		}
		if out, err := eng.GetAlias(t.Context(), &engine.GetAliasInput{AliasName: alias}); err != nil || out.Alias.KeyArn == nil {
			t.Errorf("the alias: %+v, %v", out, err)
		}
		r.end(t)
		found, err := s.Read(t.Context(), loadedRecord)
		if err != nil || !found[0].Record.Exists() {
			t.Fatalf("nothing says that the keys are loaded: %v", err)
		}
		if _, err := commit(t.Context(), s, keystore.Erase(found[0].Record)); err != nil {
			t.Fatal(err)
		}
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

// TestSkippedRecordsAreLoggedAndCounted: those of a store that this version cannot
// read in full.
func TestSkippedRecordsAreLoggedAndCounted(t *testing.T) {
	store := newLent(t)
	for i, id := range []string{"kwapwa6qaifllw2h", "tqv5yij6wtxx64pi"} {
		rec := keystore.Record{Partition: keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion},
			Kind: "key", ID: id, Due: time.UnixMilli(1), Data: []byte{200}}
		if err := store.Commit(t.Context(), keystore.CommitID{1, byte(i)}, keystore.Create(rec)); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, "127.0.0.1", Options{Anonymous: true, Backend: hsm.NewSoftware(nil), Store: store})
	r.create(t)
	r.end(t)
	log := r.log.String()
	for _, want := range []string{"a stored record was skipped", "key/kwapwa6qaifllw2h", "key/tqv5yij6wtxx64pi", "count=2"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
}

// dueStore is a store in which settling all partitions takes until its context ends.
type dueStore struct {
	lent
	asked chan struct{} // closed when that has begun
}

func (s dueStore) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if p != (keystore.Partition{}) {
		return s.lent.Due(ctx, p, before, limit)
	}
	close(s.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestSettlingDelaysNeitherRequestsNorTheStop: it begins once the server listens, and ends
// with it.
func TestSettlingDelaysNeitherRequestsNorTheStop(t *testing.T) {
	s := dueStore{newLent(t), make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	listening := make(chan error, 1)
	var srv *Server
	go func() {
		var err error
		srv, err = Listen(ctx, "127.0.0.1:0", &Options{Anonymous: true, Backend: hsm.NewSoftware(nil), Store: s})
		listening <- err
	}()
	select {
	case err := <-listening:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("the server waits for settling before it listens")
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(serving) }()
	<-s.asked
	(&running{Server: srv, at: srv.listener.Addr().String()}).create(t)
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
	case <-ctx.Done():
		t.Error("the server waits for settling before it stops")
	}
}

// TestListenEndsWithItsContext: whatever it waits for in the store.
func TestListenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := stuckStore{newLent(t), cancel}
	done := make(chan error, 1)
	go func() {
		_, err := Listen(ctx, "127.0.0.1:0", &Options{Backend: hsm.NewSoftware(nil), Store: s})
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	case <-time.After(patience):
		t.Error("Listen goes on after its context has ended")
	}
}

// stuckStore is a store whose commits take until their context ends, which they ask for.
type stuckStore struct {
	lent
	stop context.CancelFunc
}

func (s stuckStore) Commit(ctx context.Context, _ keystore.CommitID, _ ...keystore.Change) error {
	s.stop()
	<-ctx.Done()
	return ctx.Err()
}
