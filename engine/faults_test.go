package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

func TestFaultsHappenToTheCallsTheyAreArmedFor(t *testing.T) {
	var faults engine.Faults
	eng := simtest.New(t, &engine.Options{Intercept: faults.Intercept})
	list := func() bool { _, err := eng.ListKeys(ctx, nil); return err != nil }
	id := faults.Arm(engine.Fault{Operation: "ListKeys", Nth: 3, Times: 2, Effect: engine.FaultThrottling})
	eng.ListAliases(ctx, nil) // another operation
	var got []bool
	for range 6 {
		got = append(got, list())
	}
	if want := []bool{false, false, true, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("which of six calls went wrong: got %v, want %v", got, want)
	}
	if got := faults.List(); len(got) != 1 || got[0].ID != id || got[0].Seen != 6 || got[0].Applied != 2 {
		t.Errorf("got %+v", got)
	}
	if !faults.Disarm(id) || faults.Disarm(id) || len(faults.List()) != 0 {
		t.Error("a fault is disarmed once")
	}
	faults.Arm(engine.Fault{Effect: engine.FaultConflict}) // of any operation
	if _, err := eng.ListAliases(ctx, nil); !errors.Is(err, apc.ErrConflict) {
		t.Errorf("got %v", err)
	}
}

func TestFaultsHaveTheirEffect(t *testing.T) {
	for effect, code := range map[engine.FaultEffect]apc.Code{
		engine.FaultThrottling: apc.ErrThrottling, engine.FaultUnavailable: apc.ErrServiceUnavailable,
		engine.FaultInternal:      apc.ErrInternalServer,
		engine.FaultQuotaExceeded: apc.ErrServiceQuotaExceeded, engine.FaultAccessDenied: apc.ErrAccessDenied,
		engine.FaultConflict:   apc.ErrConflict,
		engine.FaultAnswerLost: "", engine.FaultRequestLost: "", engine.FaultDelay: "", engine.FaultHang: "",
	} {
		clock := engine.NewClock(noon)
		faults := engine.Faults{Advance: func(_ context.Context, d time.Duration) error { clock.Advance(d); return nil }}
		eng := simtest.New(t, &engine.Options{Now: clock.Now, Intercept: faults.Intercept})
		faults.Arm(engine.Fault{Operation: "CreateKey", Effect: effect, Delay: time.Hour})
		gone, cancel := context.WithCancel(ctx)
		if effect == engine.FaultHang {
			cancel()
		}
		_, err := eng.CreateKey(gone, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
		cancel()
		keys, listed := eng.ListKeys(ctx, nil)
		if listed != nil {
			t.Fatal(listed)
		}
		made := len(keys.Keys) == 1
		switch effect {
		case engine.FaultAnswerLost:
			if !errors.Is(err, apc.ErrNoAnswer) || !made {
				t.Errorf("%s: %v, made %t", effect, err, made)
			}
		case engine.FaultRequestLost:
			if !errors.Is(err, apc.ErrNoAnswer) || made {
				t.Errorf("%s: %v, made %t", effect, err, made)
			}
		case engine.FaultDelay:
			if err != nil || !made || !clock.Now().Equal(noon.Add(time.Hour)) {
				t.Errorf("%s: %v, made %t, at %s", effect, err, made, clock.Now())
			}
		case engine.FaultHang:
			if !errors.Is(err, context.Canceled) || made {
				t.Errorf("%s: %v, made %t", effect, err, made)
			}
		default:
			refused(t, string(effect), err, code, apc.RuleFault)
			if made {
				t.Errorf("%s: the key was made", effect)
			}
		}
	}
	if got := len(engine.FaultEffects()); got != 10 {
		t.Errorf("%d effects", got)
	}
}
