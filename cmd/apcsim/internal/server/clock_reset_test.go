package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func TestAResetOfTheClockRevivesNothing(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	gone, kept := r.create(t), r.create(t)
	r.call(t, "DeleteKey", `{"KeyIdentifier":"`+gone+`","DeleteKeyInDays":3}`)
	r.call(t, "DeleteKey", `{"KeyIdentifier":"`+kept+`","DeleteKeyInDays":30}`)
	var at timeView
	r.own(t, "POST", "advance", `{"duration":"1d"}`, &at)
	later := r.create(t)
	r.own(t, "POST", "advance", `{"duration":"4d"}`, &at) // no operation settles the first key
	if r.own(t, "POST", "reset-clock", "", &at); at.Offset != "0s" || time.Since(at.Now).Abs() > time.Minute {
		t.Errorf("got %+v, want the wall clock", at)
	}
	for key, want := range map[string]apc.KeyState{gone: "DELETE_COMPLETE", kept: "DELETE_PENDING", later: "CREATE_COMPLETE"} {
		var got inspection
		if r.own(t, "GET", "keys/"+key, "", &got); got.Key.KeyState != want {
			t.Errorf("%s: got %s, want %s", key, got.Key.KeyState, want)
		}
		if ahead := got.Key.CreateTimestamp.After(at.Now); ahead != (key == later) {
			t.Errorf("%s: made at %v, after %v: %v", key, got.Key.CreateTimestamp, at.Now, ahead)
		}
	}
	const line = `level=INFO msg="a change without a call" event=DeleteKey account=111122223333 region=us-east-1 resources=`
	if log := r.log.String(); strings.Count(log, line+"["+gone+"]") != 1 || strings.Contains(log, "skipped") {
		t.Errorf("the log has not one line %s[%s]:\n%s", line, gone, log)
	}
	for body, want := range map[string]int{`{}`: 200, `{"now":"x"}`: 400} {
		if status, answer, _ := r.do(t, "POST", "/_apcsim/reset-clock", body); status != want {
			t.Errorf("%s: got %d, %s, want %d", body, status, answer, want)
		}
	}
	own := []string{"Origin", r.origin()}
	r.form(t, "console/time", "by=7d", own...)
	if status, body, _ := r.form(t, "console/time", "by=reset", own...); status != http.StatusSeeOther {
		t.Errorf("the console's button: got %d\n%s", status, body)
	}
	if r.own(t, "GET", "now", "", &at); at.Offset != "0s" {
		t.Errorf("after the console's button: got %+v", at)
	}
}

// TestTheClockDoesNotMoveUntilWhatIsDueIsSettled: nothing may see a time that the settling did not.
func TestTheClockDoesNotMoveUntilWhatIsDueIsSettled(t *testing.T) {
	s := keystore.NewMemory()
	c, other := opened(t, time.Now, s), opened(t, time.Now, s) // as of two processes
	for _, c := range []*clock{c, other} {
		if err := c.advance(t.Context(), 36*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	settled := 0
	settling := func(c *clock) func(context.Context) error {
		return func(context.Context) error {
			settled++
			if first, second := c.now(), c.now(); !first.Equal(second) || time.Until(first) < 35*time.Hour {
				t.Errorf("while it is settled: got %v and then %v, want one time, before the reset", first, second)
			}
			return nil
		}
	}
	c.settle, other.settle = settling(c), settling(other)
	if err := c.reset(t.Context()); err != nil || c.ahead() != 0 || settled != 1 {
		t.Errorf("got %v, %v ahead, settled %d times", err, c.ahead(), settled)
	}
	if got := time.Since(c.now()).Abs(); got > time.Minute {
		t.Errorf("after the reset: %v from the wall clock", got)
	}
	if got := opened(t, time.Now, s).ahead(); got != 0 {
		t.Errorf("opened again: %v ahead", got)
	}
	// The other process notices at its next advance, which sets it back.
	if err := other.advance(t.Context(), time.Hour); err != nil || other.ahead() != time.Hour || settled != 2 {
		t.Errorf("the other process: got %v, %v ahead, settled %d times", err, other.ahead(), settled)
	}
	if err := other.advance(t.Context(), time.Hour); err != nil || settled != 2 {
		t.Errorf("forward: got %v, settled %d times", err, settled)
	}
}

func TestAClockWhoseStoreCannotBeSettledIsNotReset(t *testing.T) {
	wall := engine.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	c := opened(t, wall.Now, keystore.NewMemory())
	if err := c.advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no store")
	c.settle = func(context.Context) error { return failure }
	if err := c.reset(t.Context()); err != failure || c.ahead() != time.Hour {
		t.Errorf("got %v, %v ahead, want the failure and an hour", err, c.ahead())
	}
	before := c.now()
	if wall.Advance(time.Minute); !c.now().Equal(before.Add(time.Minute)) {
		t.Errorf("a minute later: got %v, want a minute after %v", c.now(), before)
	}
}
