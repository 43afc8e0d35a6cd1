package hsmtest

import (
	"maps"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Device is a kind of backend, and what a test can do to one besides calling
// it. Open is needed; each other hook may be nil, and the cases that need it
// are skipped then. The suite closes every backend it gets from a hook, and
// holds each of them to its promises whatever the others do meanwhile.
type Device struct {
	// Open gives a backend ready for use: on the same device each time, or on a
	// fresh one.
	Open func(t *testing.T) hsm.Backend

	// Again opens the device of b anew, with the same master key, as after a
	// restart. It may be called more than once for one b, which may be open still
	// or closed. Nil: the device forgets its master key.
	Again func(t *testing.T, b hsm.Backend) hsm.Backend

	// Faulty opens a device that can be made to fail. arm has the nth next call
	// to what is below the backend fail once, as in an outage: nth counts from
	// 1, and with 0 no call fails. It replaces what was armed before, and says
	// whether that has failed a call. It is called from one goroutine at a time,
	// also while others call the backend. Nil: nothing can be made to fail.
	Faulty func(t *testing.T) (b hsm.Backend, arm func(nth int) (fired bool))

	// Without are devices with something missing, by what is missing. The cases
	// that try a device of every kind work on these and on Open. Nil: none.
	Without map[string]func(t *testing.T) hsm.Backend

	// Blank opens a device that has no master key yet, an hsm.Initializer. Nil:
	// there is none.
	Blank func(t *testing.T) hsm.Backend
}

// DeviceCase is a promise that takes more to check than one open backend.
type DeviceCase struct {
	Name    string
	Promise string
	Needs   Need
	Check   func(t T, b *Bench)
}

// DeviceCases are all of them.
func DeviceCases() []DeviceCase {
	var out []DeviceCase
	for _, group := range [][]DeviceCase{againCases, outageCases, closingCases, commandCases, blankCases} {
		out = append(out, group...)
	}
	return out
}

// Need is the hook without which a case has nothing to do.
type Need int

// What a case can need.
const (
	NeedsOpen Need = iota
	NeedsAgain
	NeedsFaulty
	NeedsBlank
)

// missing names the hook if the device does not have it.
func (n Need) missing(d Device) string {
	switch {
	case n == NeedsAgain && d.Again == nil:
		return "Device.Again"
	case n == NeedsFaulty && d.Faulty == nil:
		return "Device.Faulty"
	case n == NeedsBlank && d.Blank == nil:
		return "Device.Blank"
	}
	return ""
}

// Bench is a device under test. What it opens is closed when the test ends.
type Bench struct {
	t      *testing.T
	device Device
}

func (b *Bench) closing(opened hsm.Backend) hsm.Backend {
	b.t.Cleanup(func() { opened.Close() })
	return opened
}

// Open is Device.Open.
func (b *Bench) Open() hsm.Backend { return b.closing(b.device.Open(b.t)) }

// Again is Device.Again.
func (b *Bench) Again(first hsm.Backend) hsm.Backend { return b.closing(b.device.Again(b.t, first)) }

// Faulty is Device.Faulty.
func (b *Bench) Faulty() (hsm.Backend, func(nth int) (fired bool)) {
	opened, arm := b.device.Faulty(b.t)
	return b.closing(opened), arm
}

// Blank is Device.Blank.
func (b *Bench) Blank() hsm.Backend { return b.closing(b.device.Blank(b.t)) }

// Each calls check with the device and with each that has something missing.
func (b *Bench) Each(t T, check func(t T, opened hsm.Backend)) {
	all := map[string]func(*testing.T) hsm.Backend{}
	maps.Copy(all, b.device.Without)
	all[""] = b.device.Open
	for _, missing := range slices.Sorted(maps.Keys(all)) {
		if opened := b.closing(all[missing](b.t)); missing == "" {
			check(t, opened)
		} else {
			check(without{t, missing}, opened)
		}
	}
}

// without says with each failure what the device does not have.
type without struct {
	T
	missing string
}

func (w without) Errorf(format string, args ...any) {
	w.T.Helper()
	w.T.Errorf("without %s: "+format, append([]any{w.missing}, args...)...)
}

func (w without) Fatalf(format string, args ...any) {
	w.T.Helper()
	w.T.Fatalf("without %s: "+format, append([]any{w.missing}, args...)...)
}
