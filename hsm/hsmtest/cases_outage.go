package hsmtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

const (
	mostFaults  = 64              // calls below the backend that one operation makes; those behind them are not tried
	crowdFaults = 12              // among a crowd
	recovery    = 5 * time.Second // for a device to be found again after an outage
	recoveryGap = 5 * time.Millisecond
)

// verdicts are what a backend says of a key or of data, or of itself. None of
// them may come of an outage: a service would tell its caller that a key is
// lost.
var verdicts = []error{hsm.ErrSealed, hsm.ErrAttributes, hsm.ErrRefused, hsm.ErrInput, hsm.ErrClosed, hsm.ErrNoMasterKey, errors.ErrUnsupported}

// inOutage says what is wrong with how an operation ended that an outage may
// have befallen: "" where it has succeeded, with the right result, or says that the
// device could not be reached.
func inOutage(err error) string {
	if m, ok := errors.AsType[mismatch](err); ok {
		return "it succeeds with " + string(m)
	}
	for _, v := range verdicts {
		if errors.Is(err, v) {
			return fmt.Sprintf("it says %q, which is no outage", err)
		}
	}
	return ""
}

// recovered tries until the device is back.
func recovered(do func() error) error {
	err := do()
	for start := time.Now(); err != nil && time.Since(start) < recovery; err = do() {
		if inOutage(err) != "" {
			return err
		}
		time.Sleep(recoveryGap)
	}
	return err
}

// walk has the first call below an operation fail, then the second in its place,
// and so on until there are no more. The operation itself is made ready anew
// each time, in a device that works.
func walk(t T, arm func(int) bool, what string, ready func() (do func() error, done func())) {
	t.Helper()
	for nth := 1; nth <= mostFaults; nth++ {
		do, done := ready()
		arm(nth)
		err := do()
		fired := arm(0)
		if wrong := inOutage(err); wrong != "" {
			t.Errorf("%s, with call %d to the device failing: %s", what, nth, wrong)
		}
		if !fired && err != nil {
			t.Errorf("%s: %v", what, err)
		}
		err = recovered(do)
		done()
		if err != nil {
			t.Errorf("%s, after call %d to the device has failed: %v", what, nth, err)
			return
		}
		if !fired {
			return
		}
	}
}

// again does the same thing each time.
func again(do func() error) func() (func() error, func()) {
	return func() (func() error, func()) { return do, func() {} }
}

const outagePromise = "Anything else means that the device could not be reached or could not do its work."

var outageCases = []DeviceCase{
	{"OutagesOfTheBackendAreNoVerdicts", outagePromise, NeedsFaulty, func(t T, d *Bench) {
		b, arm := d.Faulty()
		before := sealUses(t, b)
		for _, c := range callsOn(t, b) {
			walk(t, arm, c.name, again(func() error { return c.do(ctx, b) }))
		}
		for _, u := range before[:min(len(before), len(ciphers))] {
			walk(t, arm, "Open for "+u.name, again(func() error { return u.whole(ctx, b) }))
		}
		checkUses(t, b, "before the outages", before)
	}},
	{"OutagesOfKeysAreNoVerdicts", outagePromise, NeedsFaulty, func(t T, d *Bench) {
		b, arm := d.Faulty()
		sealed := sealUses(t, b)
		witness := open(t, b, sealed[0].sealed, sealed[0].a)
		defer witness.Close()
		for _, u := range sealed {
			walk(t, arm, u.name, func() (func() error, func()) {
				k := open(t, b, u.sealed, u.a)
				return func() error { return u.do(ctx, k) }, func() { k.Close() }
			})
			if err := sealed[0].do(ctx, witness); err != nil {
				t.Errorf("%s with a key that was open before the outages of %s: %v", sealed[0].name, u.name, err)
			}
		}
		checkUses(t, b, "before the outages", sealed)
	}},
	{"OutagesOfKeysInUseAreNoVerdicts", outagePromise, NeedsFaulty, func(t T, d *Bench) {
		b, arm := d.Faulty()
		for _, u := range sealUses(t, b) {
			k := open(t, b, u.sealed, u.a)
			if err := u.do(ctx, k); err != nil { // from now on the device has it at hand
				t.Errorf("%s: %v", u.name, err)
			}
			walk(t, arm, u.name+" with a key in use", again(func() error { return u.do(ctx, k) }))
			arm(1)
			k.Close()
			arm(0)
			if err := u.do(ctx, k); !errors.Is(err, hsm.ErrClosed) {
				t.Errorf("%s with a key that was closed in an outage: %v", u.name, err)
			}
		}
	}},
	{"OutagesInACrowdAreNoVerdicts", outagePromise, NeedsFaulty, func(t T, d *Bench) {
		b, arm := d.Faulty()
		sealed, calls := sealUses(t, b), callsOn(t, b)
		keys := make([]hsm.Key, len(sealed))
		for i, u := range sealed {
			keys[i] = open(t, b, u.sealed, u.a)
		}
		together(t, crowd, func(i int) {
			if i == 0 {
				for n := range crowdFaults {
					c := calls[n%len(calls)]
					arm(1 + n*3)
					if wrong := inOutage(c.do(ctx, b)); wrong != "" {
						t.Errorf("%s, in a crowd with outages: %s", c.name, wrong)
					}
				}
				arm(0)
				return
			}
			for r := range rounds {
				n := i + r*5
				u, c := sealed[n%len(sealed)], calls[n%len(calls)]
				for what, err := range map[string]error{u.name: u.whole(ctx, b), "open " + u.name: u.do(ctx, keys[n%len(keys)]), c.name: c.do(ctx, b)} {
					if wrong := inOutage(err); wrong != "" {
						t.Errorf("%s, in a crowd with outages: %s", what, wrong)
					}
				}
			}
		})
		for i, u := range sealed {
			if err := recovered(func() error { return u.do(ctx, keys[i]) }); err != nil {
				t.Errorf("%s after outages in a crowd: %v", u.name, err)
			}
			keys[i].Close()
		}
	}},
}
