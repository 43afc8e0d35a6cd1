package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// FaultEffect is how a call goes wrong.
type FaultEffect string

// The effects of faults. An exception is a refusal before the call has any effect. Where the data plane has no
// such exception it is InternalServerException, and for a quota ThrottlingException.
const (
	FaultThrottling    FaultEffect = "Throttling"
	FaultUnavailable   FaultEffect = "ServiceUnavailable"
	FaultInternal      FaultEffect = "InternalServer"
	FaultQuotaExceeded FaultEffect = "ServiceQuotaExceeded"
	FaultAccessDenied  FaultEffect = "AccessDenied"
	FaultConflict      FaultEffect = "Conflict"
	FaultAnswerLost    FaultEffect = "AnswerLost"  // the call takes effect, and there is no answer
	FaultRequestLost   FaultEffect = "RequestLost" // no effect and no answer
	FaultDelay         FaultEffect = "Delay"       // the call takes Fault.Delay
	FaultHang          FaultEffect = "Hang"        // no effect, and no answer until the caller's context ends
)

// faultEffects are all effects in words, and the exceptions of the two planes.
var faultEffects = []struct {
	effect        FaultEffect
	text          string
	control, data apc.Code
}{
	{FaultThrottling, "throttled", apc.ErrThrottling, apc.ErrThrottling},
	{FaultUnavailable, "unavailable", apc.ErrServiceUnavailable, apc.ErrInternalServer},
	{FaultInternal, "internal error", apc.ErrInternalServer, apc.ErrInternalServer},
	{FaultQuotaExceeded, "quota exceeded", apc.ErrServiceQuotaExceeded, apc.ErrThrottling},
	{FaultAccessDenied, "denied", apc.ErrAccessDenied, apc.ErrAccessDenied},
	{FaultConflict, "conflict", apc.ErrConflict, apc.ErrInternalServer},
	{effect: FaultAnswerLost, text: "answer lost"},
	{effect: FaultRequestLost, text: "request lost"},
	{effect: FaultDelay, text: "slow"},
	{effect: FaultHang, text: "hangs"},
}

// FaultEffects are all effects.
func FaultEffects() (all []FaultEffect) {
	for _, row := range faultEffects {
		all = append(all, row.effect)
	}
	return all
}

// String is the effect in words: "answer lost".
func (e FaultEffect) String() string {
	for _, row := range faultEffects {
		if row.effect == e {
			return row.text
		}
	}
	return string(e)
}

// Fault makes calls go wrong.
type Fault struct {
	Operation string // "CreateKey"; "" is any
	Nth       int    // which call from now on, counted from 1; 0 is 1
	Times     int    // how many calls from the Nth on; 0 is 1
	Effect    FaultEffect
	Delay     time.Duration // of FaultDelay
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

// ArmedFault is a fault that was armed, and how often it was applied.
type ArmedFault struct {
	Fault
	ID      int // of this fault among those of a Faults
	Seen    int // calls of the operation since it was armed
	Applied int // calls that it made go wrong
}

// Faults makes calls go wrong on purpose, as an interceptor:
//
//	var faults engine.Faults
//	eng := engine.New(&engine.Options{Intercept: faults.Intercept})
//	faults.Arm(engine.Fault{Operation: "CreateKey", Effect: engine.FaultAnswerLost})
//
// The zero value has no fault. Any number of goroutines may share one.
type Faults struct {
	// Advance lets a delay pass on the simulator's clock. Nil waits in real time.
	Advance func(context.Context, time.Duration) error

	mu    sync.Mutex // guards the others
	last  int
	armed []*ArmedFault
}

// Arm arms a fault for the calls from now on, and returns its ID. Where several fit a call, only
// the one that was armed first is applied. A fault that can no longer be applied stays in the list.
func (f *Faults) Arm(fault Fault) (id int) {
	fault.Nth, fault.Times = max(fault.Nth, 1), max(fault.Times, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.armed = append(f.armed, &ArmedFault{Fault: fault, ID: f.last})
	return f.last
}

// Disarm removes a fault, and reports whether there was one with this ID.
func (f *Faults) Disarm(id int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.armed)
	f.armed = slices.DeleteFunc(f.armed, func(a *ArmedFault) bool { return a.ID == id })
	return len(f.armed) < before
}

// List returns the faults in the order in which they were armed.
func (f *Faults) List() []ArmedFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]ArmedFault, len(f.armed))
	for i, a := range f.armed {
		out[i] = *a
	}
	return out
}

// Next counts a call of an operation and returns the fault that happens to it; the zero Fault is none. An interceptor
// that records faults calls Next and then [Faults.Do]; any other is [Faults.Intercept].
func (f *Faults) Next(operation string) (hit Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.armed {
		if a.Operation != "" && a.Operation != operation {
			continue
		}
		a.Seen++
		if hit.Effect == "" && a.Seen >= a.Nth && a.Seen-a.Nth < a.Times {
			a.Applied++
			hit = a.Fault
		}
	}
	return hit
}

// Intercept is for [Options.Intercept].
func (f *Faults) Intercept(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
	return f.Do(ctx, f.Next(call.Operation), call, next)
}

// Do makes a call go wrong by a fault that [Faults.Next] returned.
func (f *Faults) Do(ctx context.Context, hit Fault, call apc.Call, next func(context.Context) (any, error)) (any, error) {
	switch hit.Effect {
	case FaultAnswerLost:
		next(ctx) // its answer is lost, and its refusal
		return nil, apc.ErrNoAnswer
	case FaultRequestLost:
		return nil, apc.ErrNoAnswer
	case FaultDelay:
		if err := f.wait(ctx, hit.Delay); err != nil {
			return nil, err
		}
		return next(ctx)
	case FaultHang:
		<-ctx.Done()
		return nil, faultError(apc.ErrServiceUnavailable, hit, ctx.Err())
	}
	for _, row := range faultEffects {
		if row.effect != hit.Effect {
			continue
		}
		code := row.control
		if op, _ := OperationNamed(call.Operation); op.DataPlane {
			code = row.data
		}
		return nil, faultError(code, hit, nil)
	}
	return next(ctx)
}

func faultError(code apc.Code, f Fault, cause error) error {
	return &apc.Error{Code: code, Message: "A fault was armed for this call.", Err: cause,
		Reasons: []apc.Reason{core.Because(apc.RuleFault, "", core.ProblemFault, string(f.Effect), "")}}
}

// wait lets a delay pass.
func (f *Faults) wait(ctx context.Context, d time.Duration) error {
	if f.Advance != nil {
		return f.Advance(ctx, d)
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
