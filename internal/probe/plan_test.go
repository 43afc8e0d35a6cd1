package probe

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestPlanIsNotExceeded compares what is planned with what is sent and made.
func TestPlanIsNotExceeded(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	s, n := service(t, eng)
	probes := quick()
	for _, p := range probes {
		if _, err := s.Run(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
	}
	plan := PlanFor(probes)
	if len(n.times) > plan.Calls || len(n.times) < plan.Calls*3/4 {
		t.Errorf("%d calls were sent, %d planned: want a few less", len(n.times), plan.Calls)
	}
	made, err := s.pages(t.Context(), "ListKeys", "Keys", map[string]any{"MaxResults": 100})
	if err != nil || len(made) > plan.Keys || len(made) < plan.Keys/2 || plan.Cents < 1 || plan.Cents > 100 {
		t.Errorf("%d keys were made, %d planned, for %.2f cents (%v)", len(made), plan.Keys, plan.Cents, err)
	}
}
