package probe

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestSimulatorIsLikeItself asks every probe of two simulators: each must be answered, and nothing differs.
func TestSimulatorIsLikeItself(t *testing.T) {
	a, b := Sim(simtest.New(t, &engine.Options{}), nil), Sim(simtest.New(t, &engine.Options{}), nil)
	c := Comparison{A: a, B: b}
	results, err := c.Run(t.Context(), Choice{}.Chosen())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if len(r.Differences) > 0 || r.NotRun != "" || r.Same == 0 {
			t.Errorf("%s: %+v", r.Probe, r)
		}
	}
}
