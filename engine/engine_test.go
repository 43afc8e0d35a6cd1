package engine

import (
	"testing"
	"testing/synctest"
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
