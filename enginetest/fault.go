package enginetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Effect is how a call goes wrong.
type Effect int

// The ways in which calls go wrong. The exceptions are refusals before the call has any effect.
const (
	Throttled     Effect = iota + 1 // ThrottlingException
	Unavailable                     // ServiceUnavailableException; in the data plane, which has none, InternalServerException
	Internal                        // InternalServerException
	QuotaExceeded                   // ServiceQuotaExceededException; in the data plane ThrottlingException
	Denied                          // AccessDeniedException
	Conflict                        // ConflictException; in the data plane InternalServerException
	AnswerLost                      // the call takes effect, and the connection breaks before the answer arrives
	RequestLost                     // the connection breaks before the call takes effect
	Slow                            // the call takes Fault.Delay
	Hangs                           // there is no answer until the caller's context ends, and no effect
)

var effects = [...]struct {
	text          string
	control, data apc.Code
}{
	Throttled:     {"throttled", apc.ErrThrottling, apc.ErrThrottling},
	Unavailable:   {"unavailable", apc.ErrServiceUnavailable, apc.ErrInternalServer},
	Internal:      {"internal error", apc.ErrInternalServer, apc.ErrInternalServer},
	QuotaExceeded: {"quota exceeded", apc.ErrServiceQuotaExceeded, apc.ErrThrottling},
	Denied:        {"denied", apc.ErrAccessDenied, apc.ErrAccessDenied},
	Conflict:      {"conflict", apc.ErrConflict, apc.ErrInternalServer},
	AnswerLost:    {text: "answer lost"},
	RequestLost:   {text: "request lost"},
	Slow:          {text: "slow"},
	Hangs:         {text: "hangs"},
}

// String is the effect in words: "answer lost".
func (e Effect) String() string {
	if e <= 0 || int(e) >= len(effects) {
		return fmt.Sprintf("Effect(%d)", int(e))
	}
	return effects[e].text
}

// GoString is String.
func (e Effect) GoString() string { return e.String() }

// Fault makes calls go wrong.
type Fault struct {
	Operation string        // "CreateKey"; "" is any
	Nth       int           // which call of the operation from now on, counted from 1; 0 is 1
	Times     int           // how many calls from the Nth on; 0 is 1
	Effect    Effect        // how
	Delay     time.Duration // of Slow; 0 is a minute. It passes on Sim.Clock, or as real time where there is none
}

// String is the fault on one line: "CreateAlias (call 2), answer lost".
func (f Fault) String() string {
	op, nth := f.Operation, max(f.Nth, 1)
	if op == "" {
		op = "any operation"
	}
	if f.Times > 1 {
		return fmt.Sprintf("%s (calls %d to %d), %v", op, nth, nth+f.Times-1, f.Effect)
	}
	return fmt.Sprintf("%s (call %d), %v", op, nth, f.Effect)
}

// GoString is String.
func (f Fault) GoString() string { return f.String() }

// armed is a fault that waits for its calls.
type armed struct {
	Fault
	seen int // calls of its operation
	met  int // calls that it made go wrong
}

// Arm makes the faults happen to calls from now on, of several that fit a call the one that was
// armed first. Disarm takes them back. A fault that is still armed when the test ends and was met by no call
// fails the test.
func (s *Sim) Arm(faults ...Fault) (disarm func()) {
	s.t.Helper()
	var mine []*armed
	for _, f := range faults {
		if f.Effect < Throttled || f.Effect > Hangs {
			s.t.Fatalf("enginetest: Arm: %#v: a fault needs an Effect", f.Effect)
		}
		f.Nth, f.Times = max(f.Nth, 1), max(f.Times, 1)
		mine = append(mine, &armed{Fault: f})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, mine...)
	return func() { s.disarm(func(a *armed) bool { return containsFault(mine, a) }) }
}

func containsFault(all []*armed, one *armed) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

// Heal disarms all faults and returns those that no call met.
func (s *Sim) Heal() (unmet []Fault) { return s.disarm(func(*armed) bool { return true }) }

func (s *Sim) disarm(which func(*armed) bool) (unmet []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*armed
	for _, a := range s.faults {
		switch {
		case !which(a):
			kept = append(kept, a)
		case a.met == 0:
			unmet = append(unmet, a.Fault)
		}
	}
	s.faults = kept
	return unmet
}

// strike is the fault that a call meets, or the zero Fault. The caller holds s.mu.
func (s *Sim) strike(op string) (hit Fault) {
	for _, a := range s.faults {
		if a.Operation != "" && a.Operation != op {
			continue
		}
		a.seen++
		if hit.Effect == 0 && a.seen >= a.Nth && a.seen < a.Nth+a.Times {
			a.met++
			hit = a.Fault
		}
	}
	return hit
}

// suffer makes a call go wrong.
func (s *Sim) suffer(ctx context.Context, f Fault, call apc.Call, do func(context.Context) (any, error)) (any, error) {
	switch f.Effect {
	case 0:
		return do(ctx)
	case AnswerLost, RequestLost:
		if f.Effect == AnswerLost {
			do(ctx) // whatever it answers is lost
		}
		return nil, apc.ErrNoAnswer
	case Slow:
		if err := s.wait(ctx, f.Delay); err != nil {
			return nil, err
		}
		return do(ctx)
	case Hangs:
		<-ctx.Done()
		return nil, &apc.Error{
			Code:    apc.ErrServiceUnavailable,
			Message: "There is no answer.",
			Err:     ctx.Err(),
			Reasons: []apc.Reason{faultReason(f)},
		}
	}
	code := effects[f.Effect].control
	if isData(call.Input) {
		code = effects[f.Effect].data
	}
	return nil, &apc.Error{Code: code, Message: "The test made this call fail.", Reasons: []apc.Reason{faultReason(f)}}
}

func faultReason(f Fault) apc.Reason {
	return apc.Reason{Rule: apc.RuleFault, Problem: problemFault, Found: f.Effect.String(), Offset: -1}
}

// wait lets a delay pass.
func (s *Sim) wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		d = time.Minute
	}
	if s.Clock != nil {
		s.Clock.Advance(d)
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isData reports whether a request is one of the data plane.
func isData(in any) bool {
	t := reflect.TypeOf(in)
	return t != nil && t.Kind() == reflect.Pointer && strings.HasSuffix(t.Elem().PkgPath(), "/dataplane")
}
