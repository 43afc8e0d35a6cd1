package engine_test

import (
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// A message is of a replication that has failed: while it is in progress there is none.
func TestReplicationInProgressHasNoMessage(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{ReplicationTime: time.Minute},
		ReplicationFails: func(string, string) string { return "The Region is on fire." }})
	k := everywhere(t, eng.Caller, west)
	for _, want := range []string{"us-west-2 IN_PROGRESS", "us-west-2 FAILED (The Region is on fire.)"} {
		if got, want := statuses(got(t, eng.Caller, k.KeyArn)), "PRIMARY default false: "+want; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		clock.Advance(time.Minute)
	}
}
