package enginetest

import (
	"context"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
)

// Effect is how a call goes wrong: engine.FaultEffect under a shorter name.
type Effect = engine.FaultEffect

// Fault makes calls go wrong: engine.Fault under a shorter name.
type Fault = engine.Fault

// The ways in which calls go wrong. An exception is returned before the call has any effect.
const (
	Throttled     = engine.FaultThrottling    // ThrottlingException
	Unavailable   = engine.FaultUnavailable   // ServiceUnavailableException; in the data plane, which has none, InternalServerException
	Internal      = engine.FaultInternal      // InternalServerException
	QuotaExceeded = engine.FaultQuotaExceeded // ServiceQuotaExceededException; in the data plane ThrottlingException
	Denied        = engine.FaultAccessDenied  // AccessDeniedException
	Conflict      = engine.FaultConflict      // ConflictException; in the data plane InternalServerException
	AnswerLost    = engine.FaultAnswerLost    // the call takes effect, and the connection breaks before the answer is received
	RequestLost   = engine.FaultRequestLost   // the connection breaks before the call takes effect
	Slow          = engine.FaultDelay         // the call takes Fault.Delay
	Hangs         = engine.FaultHang          // there is no answer until the caller's context ends, and no effect
)

// Arm arms faults for the calls from now on. Where several fit a call, only the one that was armed
// first is applied. Disarm removes them. A fault that is still armed when the test ends and was not
// applied to any call fails the test. The zero Delay of Slow is a minute; it passes on Sim.Clock,
// or as real time where there is none.
func (s *Sim) Arm(faults ...Fault) (disarm func()) {
	s.t.Helper()
	for _, f := range faults {
		if !slices.Contains(engine.FaultEffects(), f.Effect) {
			s.t.Fatalf("enginetest: Arm: %q: a fault needs an Effect", string(f.Effect))
			return func() {}
		}
	}
	var ids []int
	for _, f := range faults {
		if f.Effect == Slow && f.Delay == 0 {
			f.Delay = time.Minute
		}
		ids = append(ids, s.faults.Arm(f))
	}
	return func() {
		for _, id := range ids {
			s.faults.Disarm(id)
		}
	}
}

// Heal disarms all faults and returns those that were not applied to any call.
func (s *Sim) Heal() (unused []Fault) {
	for _, a := range s.faults.List() {
		if s.faults.Disarm(a.ID) && a.Applied == 0 {
			unused = append(unused, a.Fault)
		}
	}
	return unused
}

// passTime lets the delay of a slow call pass on the simulator's clock.
func (s *Sim) passTime(_ context.Context, d time.Duration) error {
	s.Clock.Advance(d)
	return nil
}
