// Package keystoretest holds a keystore.Store to every promise of its
// interface: Run it against an implementation of your own, or Kind.Run if the
// store can also be opened anew, be opened twice or lose its connection.
// RunBenchmarks measures it.
//
// It also has Faulty, a store that fails on demand, for tests of what stands
// above a store.
package keystoretest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

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

// Cases are all that need nothing but an open store.
func Cases() []Case {
	var out []Case
	for _, group := range [][]Case{readCases, commitCases, counterCases, pageCases, dueCases, lifeCases, crowdCases, valueCases, instantCases, longPageCases, outcomeCases, malformedCases, linearCases} {
		out = append(out, group...)
	}
	return out
}

// Run opens a store for each case and holds it to the promise. The store is
// closed when its case ends. Cases that need more of a store than to be opened
// are skipped; see [Kind].
func Run(t *testing.T, open func(t testing.TB) keystore.Store) { Kind{Open: open}.Run(t) }

// Run holds the kind of store to every promise. What it opens is closed when
// its case ends; a case for which the kind has no hook is skipped.
func (k Kind) Run(t *testing.T) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			bench := &Bench{t, k}
			c.Check(promised{t, c.Promise}, bench.Open())
		})
	}
	for _, c := range KindCases() {
		t.Run(c.Name, func(t *testing.T) {
			if hook := c.Needs.missing(k); hook != "" {
				t.Skipf("the store has no %s", hook)
			}
			c.Check(promised{t, c.Promise}, &Bench{t, k})
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

// Caught runs a case against a store and says what fault it found; for tests
// of the suite.
func Caught(c Case, s keystore.Store) []string {
	return recorded(func(t T) { c.Check(t, s) })
}

// CaughtKind is Caught for a case that works on a kind of store.
func CaughtKind(t testing.TB, c KindCase, k Kind) []string {
	return recorded(func(r T) { c.Check(r, &Bench{t, k}) })
}

func recorded(check func(T)) []string {
	var r recorder
	var wg sync.WaitGroup
	wg.Go(func() { check(&r) })
	wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
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
