package enginetest

import (
	"fmt"
	"testing"
)

// sweepEffects are what Sweep makes of each call.
var sweepEffects = []Effect{Throttled, Unavailable, AnswerLost, RequestLost, Slow}

// Sweep runs a scenario once without a fault, to see which calls it makes. Then it runs it once
// for each call and each of the faults throttled, unavailable, answer lost, request lost and
// slow: on a new simulator, as a subtest with a name like "CreateAlias_(call_2),_answer_lost".
//
// The scenario does what a caller of the service under test would, trying again after an error, and
// then checks the state (through [Sim.State] or [Sim.Inspect], whose calls get no fault).
func Sweep(t *testing.T, o *Options, scenario func(*testing.T, *Sim)) {
	t.Helper()
	var calls []Call
	if !t.Run("no fault", func(t *testing.T) {
		s := New(t, o)
		scenario(t, s)
		calls = s.Journal()
	}) {
		return
	}
	for _, c := range calls {
		for _, effect := range sweepEffects {
			t.Run(fmt.Sprintf("%s (call %d), %v", c.Operation, c.Number, effect), func(t *testing.T) {
				s := New(t, o)
				s.Arm(Fault{Nth: c.Number, Effect: effect})
				scenario(t, s)
			})
		}
	}
}
