package hsm_test

import (
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// TestCommandsShareTheirKeys: goroutines that run all commands with the same keys get the
// answers of one alone, where chance has no part in them. What a key is prepared as is made
// by the first that needs it.
func TestCommandsShareTheirKeys(t *testing.T) {
	b := hsm.NewSoftware(nil)
	keys := make([][]hsm.KeyRef, len(commands))
	want, drawn := make([]result, len(commands)), make([]bool, len(commands))
	alone := hsm.New(b, nil)
	defer alone.Close()
	for i, c := range commands {
		keys[i] = c.load(t, b)
		var err error
		if want[i], err = c.run(alone, keys[i]); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		again, err := c.run(alone, keys[i])
		drawn[i] = err == nil && again != want[i]
	}
	h := hsm.New(b, nil)
	defer h.Close()
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			for i, c := range commands {
				got, err := c.run(h, keys[i])
				if err != nil || got != want[i] && !drawn[i] {
					t.Errorf("%s: got %v, %v, want %v", c.name, got, err, want[i])
				}
			}
		})
	}
	crowd.Wait()
}
