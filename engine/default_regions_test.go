package engine_test

import (
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestDefaultRegionsOfAnotherProcessAreNoticed: two engines share a store. The one has in memory that
// the list is empty, the other changes it.
func TestDefaultRegionsOfAnotherProcessAreNoticed(t *testing.T) {
	device, store := &hsm.SoftwareOptions{MasterKey: &[32]byte{'s', 'h', 'a', 'r', 'e', 'd'}}, simtest.Store(t)
	drawn := 0
	ids := func() string {
		drawn++
		return fmt.Sprintf("sharedkey%07d", drawn)
	}
	one := simtest.On(t, simtest.Backend(t, device), store, &engine.Options{IDs: ids})
	other := simtest.On(t, simtest.Backend(t, device), store, nil)
	enable := func() error {
		_, err := other.EnableDefaultKeyReplicationRegions(ctx,
			&engine.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: []string{west}})
		return err
	}
	disable := func() error {
		_, err := other.DisableDefaultKeyReplicationRegions(ctx,
			&engine.DisableDefaultKeyReplicationRegionsInput{ReplicationRegions: []string{west}})
		return err
	}
	nothing := func() error { return nil }
	for i, step := range []struct {
		what   string
		change func() error
		want   string
	}{
		{"before there is a list", nothing, "single: "},
		{"with a list", enable, "PRIMARY default true: us-west-2 SYNCHRONIZED"},
		{"with a list that is empty again", disable, "single: "},
		{"with the same empty list", nothing, "single: "},
		{"with a list again", enable, "PRIMARY default true: us-west-2 SYNCHRONIZED"},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		k := create(t, one.Caller, kekAttributes(apc.KeyAlgorithmAES128))
		if have := statuses(got(t, one.Caller, k.KeyArn)); have != step.want {
			t.Errorf("a key %s: got %s, want %s", step.what, have, step.want)
		}
		if drawn != i+1 {
			t.Errorf("a key %s: %d ids were drawn so far, want %d", step.what, drawn, i+1)
		}
	}
}
