package engine

import (
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/seed748fb4d1/apcsim/apc"
)

// TestFreshSimulatorStartsNoGoroutine: one would outlive the function, which fails the test.
func TestFreshSimulatorStartsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		eng := New(nil)
		if _, err := eng.ListKeys(t.Context(), &ListKeysInput{}); err != nil {
			t.Error(err)
		}
	})
}

// TestAbsentMembersOfACallerAreConstants, whatever the default caller is.
func TestAbsentMembersOfACallerAreConstants(t *testing.T) {
	eng := New(&Options{Identity: apc.Identity{Account: "222233334444", Region: "eu-west-1"}})
	for _, c := range []struct{ given, want apc.Identity }{
		{apc.Identity{}, apc.Identity{Account: DefaultAccount, Region: DefaultRegion, ARN: "arn:aws:iam::111122223333:root"}},
		{apc.Identity{Account: "555566667777"},
			apc.Identity{Account: "555566667777", Region: DefaultRegion, ARN: "arn:aws:iam::555566667777:root"}},
		{eng.Identity(), apc.Identity{Account: "222233334444", Region: "eu-west-1", ARN: "arn:aws:iam::222233334444:root"}},
	} {
		if got := eng.As(c.given).Identity(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("As(%+v): got %+v, want %+v", c.given, got, c.want)
		}
	}
}
