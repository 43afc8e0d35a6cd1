package enginetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// retire is the code under test: it deletes the key of an alias, and the alias.
func retire(ctx context.Context, c *engine.Caller, alias string) error {
	if _, err := c.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: alias}); err != nil {
		return err
	}
	_, err := c.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: alias})
	return err
}

// A test has a simulator of its own, and time is what the test says.
func ExampleNew() {
	test := func(t *testing.T) {
		sim := enginetest.New(t, nil)
		key := sim.Key(t, enginetest.P0TDES2)
		sim.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/pin", KeyArn: &key.KeyArn})
		if err := retire(t.Context(), sim.Caller, "alias/pin"); err != nil {
			t.Fatal(err)
		}
		sim.Advance(7 * 24 * time.Hour)
		if got := sim.State().Keys[0].State; got != apc.KeyStateDeleteComplete {
			t.Errorf("the key is %s", got)
		}
	}
	_ = test
}

// Whatever goes wrong once, trying again retires the key.
func ExampleSweep() {
	test := func(t *testing.T) {
		enginetest.Sweep(t, nil, func(t *testing.T, sim *enginetest.Sim) {
			key := sim.Key(t, enginetest.P0TDES2)
			sim.Inspect().CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/pin", KeyArn: &key.KeyArn})
			if err := retire(t.Context(), sim.Caller, "alias/pin"); err != nil {
				retire(t.Context(), sim.Caller, "alias/pin")
			}
			if len(sim.State().Alive()) > 0 {
				t.Error("the key is alive")
			}
		})
	}
	_ = test
}
