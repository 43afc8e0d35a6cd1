package draw_test

import (
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/draw"
)

func machine(t *rapid.T) map[string]func(*rapid.T) {
	w := draw.MachineWorld(rapid.SampledFrom([]apc.Limits{draw.MachineLimits(), draw.SlowLimits()}).Draw(t, "limits"))
	return draw.Machine(t, enginetest.New(t, &enginetest.Options{Engine: draw.MachineOptions(w), Keep: enginetest.KeepAll}), w)
}

// The engine's own test runs the machine on each backend and store; here it is on software and in memory.
func TestMachineAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { t.Repeat(machine(t)) })
}

func FuzzMachine(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { t.Repeat(machine(t)) }))
}

func TestNearlyValidRequestsAreRefusedByTheirRule(t *testing.T) {
	w := draw.MachineWorld(draw.MachineLimits())
	s := enginetest.New(t, &enginetest.Options{Engine: draw.MachineOptions(w), Keep: enginetest.KeepAll})
	r := &draw.Requests{World: w, Partner: s.Partner(t, "Other party"), Now: s.Clock.Now}
	who := apc.Identity{Account: w.Places()[0].Account, Region: w.Places()[0].Region}
	in := &engine.CreateKeyInput{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(true)}
	out, err := s.As(who).CreateKey(t.Context(), in)
	if err := w.Did(s.Clock.Now(), who, in, out, err); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := r.Nearly(w.Places()[0]).Draw(t, "request")
		operation, _ := engine.OperationNamed(d.Operation)
		_, err := operation.Call(t.Context(), s.As(who), func(to any) error {
			reflect.ValueOf(to).Elem().Set(reflect.ValueOf(d.Input).Elem())
			return nil
		})
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok || refusal.Code != d.Code || refusal.Reasons[0].Rule != d.Rule {
			t.Errorf("%#v: got %v", d, err)
		}
	})
}
