package core

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestAKeyIsDueWhenTheNextOfItsTermsEnds.
func TestAKeyIsDueWhenTheNextOfItsTermsEnds(t *testing.T) {
	at := func(hours int) time.Time {
		if hours == 0 {
			return time.Time{}
		}
		return time.Date(2026, 5, 1, hours, 0, 0, 0, time.UTC)
	}
	const complete, pending, deleted, begun = apc.KeyStateCreateComplete, apc.KeyStateDeletePending, apc.KeyStateDeleteComplete,
		apc.KeyStateCreateInProgress
	for _, c := range []struct {
		state                                            apc.KeyState
		deletePending, deleted, ready, approval, replica int // hours; 0: none
		visible                                          time.Duration
		want                                             int
	}{
		{state: complete},
		{state: complete, replica: 5, want: 5},
		{state: pending, deletePending: 3, want: 3},
		{state: pending, deletePending: 3, replica: 2, want: 2},
		{state: pending, deletePending: 3, replica: 4, want: 3},
		{state: begun, ready: 6, replica: 7, want: 6},
		{state: begun, ready: 8, replica: 7, want: 7},
		{state: begun, approval: 9, want: 9},
		{state: deleted, deleted: 3},
		{state: deleted, deleted: 3, visible: 2 * time.Hour, want: 5},
	} {
		k := Key{State: c.state, DeletePending: at(c.deletePending), Deleted: at(c.deleted), Ready: at(c.ready)}
		k.Approval.Deadline = at(c.approval)
		if c.replica > 0 {
			k.Replicas = []Replica{{Region: "eu-west-2", Due: at(c.replica + 1)}, {Region: "eu-west-1", Due: at(c.replica)}, {Region: "us-west-2"}}
		}
		limits := apc.Limits{DeletedVisible: c.visible}
		if got := k.Due(&limits); !got.Equal(at(c.want)) {
			t.Errorf("%+v: got %s, want %s", c, got, at(c.want))
		}
		if c.visible > 0 && (k.NoLongerShown(at(c.want).Add(-time.Millisecond), &limits) || !k.NoLongerShown(at(c.want), &limits)) {
			t.Errorf("%+v: it is not shown until %s", c, at(c.want))
		}
	}
}

// TestAnAttemptIsRepeatedWhereAnotherCallerWasFaster, eight times at most, and for no other reason.
func TestAnAttemptIsRepeatedWhereAnotherCallerWasFaster(t *testing.T) {
	refusal := Invalid("no")
	for _, c := range []struct {
		errs     []error // of the attempts, the last of them of all that follow
		attempts int
		want     error
	}{
		{[]error{nil}, 1, nil},
		{[]error{keystore.ErrConflict, fmt.Errorf("store: %w", keystore.ErrExists), keystore.ErrNotFound, nil}, 4, nil},
		{[]error{keystore.ErrConflict}, maxAttempts, apc.ErrConflict},
		{[]error{keystore.ErrConflict, refusal}, 2, refusal},
		{[]error{keystore.ErrInvalid}, 1, apc.ErrInternalServer},
		{[]error{keystore.ErrClosed}, 1, apc.ErrServiceUnavailable},
	} {
		n := 0
		err := Retry(func() error {
			n++
			return c.errs[min(n, len(c.errs))-1]
		})
		if n != c.attempts || !errors.Is(err, c.want) {
			t.Errorf("%v: got %v after %d attempts, want %v after %d", c.errs, err, n, c.want, c.attempts)
		}
	}
}
