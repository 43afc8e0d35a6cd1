// Package hsmtest is the conformance suite of hsm.Backend: [Run] it against a
// device of your own.
//
// A primitive that the device lacks (an hsm.UnsupportedError that names it)
// passes: the suite tests what a device does, and hsm.HSM computes what it
// lacks.
package hsmtest

import (
	"maps"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
)

// Options are what a test can do to a device besides calling it. Each may be nil; the cases that
// need it are not run then, and the log names them. The suite closes every backend that it gets. It uses several at the
// same time, each of which must keep its promises.
type Options struct {
	// Again opens the device of b anew, with the same master key, as after a
	// restart. It may be called more than once for one b, which may be open still
	// or closed. Nil: the master key does not outlast a backend.
	Again func(t testing.TB, b hsm.Backend) hsm.Backend

	// Faulty opens a device that can be made to fail. arm(nth) makes one call to the layer below
	// the backend fail, as in an outage: the nth from now on, counted from 1; with 0 no call
	// fails. It replaces the failure that was armed before, and reports whether that one has made
	// a call fail. It is called from one goroutine at a time, also while others call the backend.
	// Nil: nothing can be made to fail.
	Faulty func(t testing.TB) (b hsm.Backend, arm func(nth int) (fired bool))

	// Without are devices with something missing, by what is missing. The cases
	// that try a device of every kind work on these and on the one that Run opens.
	Without map[string]func(t testing.TB) hsm.Backend

	// Blank opens a device that has no master key yet, an hsm.Initializer. Nil:
	// there is none.
	Blank func(t testing.TB) hsm.Backend
}

// Run tests every promise of [hsm.Backend] on a device. Open returns a backend ready for use: on
// the same device each time, or on a new one. Nil options are none.
func Run(t *testing.T, open func(t testing.TB) hsm.Backend, o *Options) {
	promise.Run(t, cases(), open, o)
}

type (
	tester   = promise.T
	subject  = promise.Subject[hsm.Backend, Options]
	testCase = promise.Case[*subject]
	promises = []string
)

var (
	newCase = promise.New[*subject]
	on      = promise.On[hsm.Backend, Options]
)

func cases() []testCase {
	return slices.Concat(sealCases, primitiveCases, lifeCases, crowdCases, againCases, outageCases, commandCases)
}

// onEach is the check of a case that tries the device and each with something missing.
func onEach(check func(t tester, b hsm.Backend)) func(tester, *subject) {
	return func(t tester, s *subject) {
		check(t, s.Open())
		for _, missing := range slices.Sorted(maps.Keys(s.Options.Without)) {
			check(without{t, missing}, s.Closing(s.Options.Without[missing](s.T)))
		}
	}
}

// without adds to each failure what the device does not have.
type without struct {
	tester
	missing string
}

func (w without) Errorf(format string, args ...any) {
	w.Helper()
	w.tester.Errorf("without %s: "+format, append([]any{w.missing}, args...)...)
}

func (w without) Fatalf(format string, args ...any) {
	w.Helper()
	w.tester.Fatalf("without %s: "+format, append([]any{w.missing}, args...)...)
}
