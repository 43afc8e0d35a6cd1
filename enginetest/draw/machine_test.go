package draw_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/draw"
)

func machine(t *rapid.T) map[string]func(*rapid.T) {
	w := draw.MachineWorld(rapid.SampledFrom([]apc.Limits{draw.MachineLimits(), draw.SlowLimits()}).Draw(t, "limits"))
	return draw.Machine(t, enginetest.New(t, &enginetest.Options{Engine: draw.MachineOptions(w), Keep: enginetest.KeepAll}), w)
}

// The engine's own test runs the machine on each backend and store; here it is a fuzz target.
func FuzzMachine(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { t.Repeat(machine(t)) }))
}

func TestNearlyValidRequestsAreRefusedByTheirRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := machine(t)
		steps["CreateKey"](t)
		steps["Nearly"](t)
	})
}
