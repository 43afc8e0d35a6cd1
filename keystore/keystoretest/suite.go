// Package keystoretest holds a keystore.Store to every promise of its
// interface: Run it against an implementation of your own.
//
// It also has Faulty, a store that fails on demand, for tests of what stands
// above a store.
package keystoretest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// T is what a case needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Case is one promise: the sentence of the interface's documentation that it
// enforces, and the check. The store is empty and the case's own.
type Case struct {
	Name    string
	Promise string
	Check   func(t T, s keystore.Store)
}

// Cases are all of them.
func Cases() []Case {
	var out []Case
	for _, group := range [][]Case{readCases, commitCases, counterCases, pageCases, dueCases, lifeCases, crowdCases} {
		out = append(out, group...)
	}
	return out
}

// Run opens a store for each case and holds it to the promise. The store is
// closed when its case ends.
func Run(t *testing.T, open func(t *testing.T) keystore.Store) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() { s.Close() })
			c.Check(promised{t, c.Promise}, s)
		})
	}
}

// promised prints the sentence with each failure.
type promised struct {
	*testing.T
	promise string
}

func (p promised) Errorf(format string, args ...any) {
	p.T.Helper()
	p.T.Errorf("%s\nthe interface promises: %s", fmt.Sprintf(format, args...), p.promise)
}

func (p promised) Fatalf(format string, args ...any) {
	p.T.Helper()
	p.T.Fatalf("%s\nthe interface promises: %s", fmt.Sprintf(format, args...), p.promise)
}

// Caught runs a case against a store and says whether it found fault; for
// tests of the suite.
func Caught(c Case, s keystore.Store) (faults []string) {
	var r recorder
	var wg sync.WaitGroup
	wg.Go(func() { c.Check(&r, s) })
	wg.Wait()
	return r.faults
}

// recorder collects failures. Fatalf ends the goroutine, as testing does.
type recorder struct {
	mu     sync.Mutex // guards faults
	faults []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// What the cases are told in.

var (
	ctx  = context.Background()
	here = keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	away = keystore.Partition{Account: "444455556666", Region: "eu-west-1"}
)

const kind keystore.Kind = "thing"

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// ids are commit ids, each another one.
var ids = struct {
	mu sync.Mutex
	n  uint64
}{}

func newID() (id keystore.CommitID) {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.n++
	for i, n := 0, ids.n; i < 8; i, n = i+1, n>>8 {
		id[i] = byte(n)
	}
	id[15] = 1
	return id
}

func thing(id, data string) keystore.Record {
	return keystore.Record{Partition: here, Kind: kind, ID: id, Data: []byte(data)}
}

// commit must succeed.
func commit(t T, s keystore.Store, changes ...keystore.Change) keystore.CommitID {
	t.Helper()
	id := newID()
	if err := s.Commit(ctx, id, changes...); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return id
}

func read(t T, s keystore.Store, ref keystore.Ref) keystore.Found {
	t.Helper()
	found, err := s.Read(ctx, ref)
	if err != nil || len(found) != 1 {
		t.Fatalf("Read %s: %d answers, %v", ref.ID, len(found), err)
	}
	return found[0]
}

func get(t T, s keystore.Store, id string) keystore.Record {
	t.Helper()
	return read(t, s, thing(id, "").Ref()).Record
}
