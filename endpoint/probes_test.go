package endpoint_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/probe"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestEveryProbeIsAnsweredAlike asks every probe of the software backend in memory, and of the backend and the store that the
// environment chooses: each must be answered, and nothing differs.
func TestEveryProbeIsAnsweredAlike(t *testing.T) {
	plain := engine.New(&engine.Options{HSM: hsm.Options{Ready: testkeys.Ready()}})
	t.Cleanup(func() { plain.Close() })
	c := probe.Comparison{A: probe.Sim(plain, nil), B: probe.Sim(simtest.New(t, &engine.Options{}), nil)}
	results, err := c.Run(t.Context(), probe.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if len(r.Differences) > 0 || r.NotRun != "" || r.Same == 0 {
			t.Errorf("%s: %+v", r.Probe, r)
		}
	}
}
