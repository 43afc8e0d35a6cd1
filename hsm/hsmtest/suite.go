// Package hsmtest holds an hsm.Backend to every promise of its interface: Run
// it against a device of your own, and Device.Run if the device can also be
// opened anew, be made to fail or be had with something missing.
//
// A primitive that the device lacks (an hsm.UnsupportedError that names it)
// passes: the suite holds a device to what it does, and hsm.HSM does the rest.
package hsmtest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// T is what a case needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Case is one promise: the sentence of the interface's documentation that it
// enforces, and the check.
type Case struct {
	Name    string
	Promise string
	Check   func(t T, b hsm.Backend)
}

// Cases are all that need nothing but an open backend.
func Cases() []Case {
	var out []Case
	for _, group := range [][]Case{sealCases, primitiveCases, lengthCases, pairCases, lifeCases, crowdCases} {
		out = append(out, group...)
	}
	return out
}

// Run opens a backend for each case and holds it to the promise. The backend
// is closed when its case ends. Cases that need more of a device than to be
// opened are skipped; see [Device].
func Run(t *testing.T, open func(t *testing.T) hsm.Backend) { Device{Open: open}.Run(t) }

// Run holds the device to every promise. What it opens is closed when its case
// ends; a case for which the device has no hook is skipped.
func (d Device) Run(t *testing.T) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			bench := &Bench{t, d}
			c.Check(promised{t, c.Promise}, bench.Open())
		})
	}
	for _, c := range DeviceCases() {
		t.Run(c.Name, func(t *testing.T) {
			if hook := c.Needs.missing(d); hook != "" {
				t.Skipf("the device has no %s", hook)
			}
			c.Check(promised{t, c.Promise}, &Bench{t, d})
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

// Caught runs a case against a backend and says what fault it found; for
// tests of the suite.
func Caught(c Case, b hsm.Backend) []string {
	return recorded(func(t T) { c.Check(t, b) })
}

// CaughtDevice is Caught for a case that works on a device.
func CaughtDevice(t *testing.T, c DeviceCase, d Device) []string {
	return recorded(func(r T) { c.Check(r, &Bench{t, d}) })
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
