package hsmtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

const (
	mostFaults  = 64              // calls below the backend that one operation makes; those behind them are not tried
	crowdFaults = 12              // among a crowd
	recovery    = 5 * time.Second // for a device to be found again after an outage
)

// inOutage is what is wrong with how an operation ended that an outage may have
// befallen: "" where it has succeeded, with the right result, or with an error that
// says nothing of a key, of data or of the backend.
func inOutage(err error) string {
	if m, ok := errors.AsType[mismatch](err); ok {
		return "it succeeds with " + string(m)
	}
	for _, v := range []error{hsm.ErrSealed, hsm.ErrAttributes, hsm.ErrRefused, hsm.ErrInput, hsm.ErrClosed, hsm.ErrNoMasterKey,
		errors.ErrUnsupported} {
		if errors.Is(err, v) {
			return fmt.Sprintf("it says %q, which is no outage", err)
		}
	}
	return ""
}

// recovered tries until the device is back, which it does in its own time.
func recovered(do func() error) (err error) {
	testrig.Until(recovery, func() bool { err = do(); return err == nil || inOutage(err) != "" })
	return err
}

// walk has the first call below an operation fail, then the second in its place, and
// so on until there are no more. ready makes the operation anew each time, in a device
// that works; nil does the same one again.
func walk(t tester, arm func(int) bool, what string, do func() error, ready func() (do func() error, done func())) {
	t.Helper()
	for nth := 1; nth <= mostFaults; nth++ {
		done := func() {}
		if ready != nil {
			do, done = ready()
		}
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

const outagePromise = "Failures that a backend names. Anything else means that the device could not be reached or could not do its work."

var outageCases = []testCase{
	newCase("OutagesOfTheBackendAreNoVerdicts", promises{outagePromise}, func(t tester, s *subject) {
		b, arm := s.Options.Faulty(s.T)
		s.Closing(b)
		before := seal(t, b, uses())
		for _, c := range callsOn(t, b) {
			walk(t, arm, c.name, func() error { return c.do(ctx, b) }, nil)
		}
		for _, u := range before[:min(len(before), 5)] {
			walk(t, arm, "Open for "+u.name, func() error { return u.whole(ctx, b) }, nil)
		}
		check(t, b, "before the outages", before)
	}).Needing("Faulty"),
	newCase("OutagesOfKeysAreNoVerdicts", promises{outagePromise}, func(t tester, s *subject) {
		b, arm := s.Options.Faulty(s.T)
		s.Closing(b)
		sealed := seal(t, b, uses())
		witness := open(t, b, sealed[0].sealed, sealed[0].a)
		defer witness.Close()
		for _, u := range sealed {
			walk(t, arm, u.name, nil, func() (func() error, func()) {
				k := open(t, b, u.sealed, u.a)
				return func() error { return u.do(ctx, k) }, func() { k.Close() }
			})
			good(t, "with a key that was open before the outages of "+u.name, sealed[0].do(ctx, witness))
			k := open(t, b, u.sealed, u.a)
			good(t, u.name, u.do(ctx, k)) // from now on the device has it at hand
			walk(t, arm, u.name+" with a key in use", func() error { return u.do(ctx, k) }, nil)
			arm(1)
			k.Close()
			arm(0)
			fails(t, hsm.ErrClosed, map[string]error{u.name + " with a key that was closed in an outage": u.do(ctx, k)})
		}
		check(t, b, "before the outages", sealed)
	}).Needing("Faulty"),
	newCase("OutagesInACrowdAreNoVerdicts", promises{outagePromise}, func(t tester, s *subject) {
		b, arm := s.Options.Faulty(s.T)
		s.Closing(b)
		sealed, calls := seal(t, b, uses()), callsOn(t, b)
		keys := openAll(t, b, sealed)
		noVerdict := func(what string, err error) {
			if wrong := inOutage(err); wrong != "" {
				t.Errorf("%s, in a crowd with outages: %s", what, wrong)
			}
		}
		together(t, crowd, func(i int) {
			for n := range crowdFaults {
				at := i + n*5
				u, c := sealed[at%len(sealed)], calls[at%len(calls)]
				if i == 0 {
					arm(1 + n*3)
				} else if n < rounds {
					noVerdict(u.name, u.whole(ctx, b))
					noVerdict("open "+u.name, u.do(ctx, keys[at%len(keys)]))
				} else {
					return
				}
				noVerdict(c.name, c.do(ctx, b))
			}
			arm(0)
		})
		for i, u := range sealed {
			good(t, u.name+" after outages in a crowd", recovered(func() error { return u.do(ctx, keys[i]) }))
		}
		closeAll(t, keys)
	}).Needing("Faulty"),
}
