package pgstore

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func TestCommitIsFinishedThoughCalledOff(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	letGo := holding(t, url, record("a").Ref())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Commit(ctx, storetest.NewID(), storetest.Pair(here, "a")...) }()
	waiting(t, s, 1)
	cancel()
	letGo()
	if err := <-done; err != nil {
		t.Errorf("a commit called off after it had begun: %v", err)
	}
	storetest.CheckPairs(t, s, here, []string{"a"}, nil)
}

// TestLateAttemptDoesNothing: an attempt that was taken for lost, and was
// resolved by another, is executed after all.
func TestLateAttemptDoesNothing(t *testing.T) {
	ctx := t.Context()
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	late := storetest.NewID()
	arrive := func(id keystore.CommitID, changes []keystore.Change) string {
		c := &commit{id: id, changes: changes}
		c.values = c.parameters(s.schema)
		c.values[attemptParameter], c.values[voidedParameter] = late[:], idArray(nil)
		_, err := s.once(ctx, ctx, readWrite, []ask{{s.is.commit, c.values}}, func(_ int, row [][]byte) { c.outcome = string(row[0]) })
		must(t, "the late attempt", err)
		return c.outcome
	}
	create(t, s, record("a"))
	id := storetest.NewID()
	c := &commit{id: id, changes: storetest.Pair(here, "a"), lost: []keystore.CommitID{late}}
	c.values = c.parameters(s.schema)
	if err := s.make(ctx, c); !errors.Is(err, keystore.ErrExists) {
		t.Fatalf("resolving: %v, want %v", err, keystore.ErrExists)
	}
	must(t, "the record goes", s.Commit(ctx, storetest.NewID(), keystore.Erase(get(t, s, record("a").Ref()))))
	if outcome := arrive(id, storetest.Pair(here, "a")); outcome != "voided" || get(t, s, record("a").Ref()).Exists() {
		t.Errorf("a voided attempt arrived: %q, record %v", outcome, get(t, s, record("a").Ref()))
	}
	must(t, "asked again by the caller", s.Commit(ctx, id, storetest.Pair(here, "a")...))
	if outcome := arrive(id, storetest.Pair(here, "a")); outcome != "made" {
		t.Errorf("an attempt at what was made: %q", outcome)
	}
	storetest.CheckPairs(t, s, here, []string{"a"}, nil)
}

// TestOldCommitsAreDropped: a bounded number at a time, and none of the last
// 4,096 or the last ten minutes.
func TestOldCommitsAreDropped(t *testing.T) {
	ctx := t.Context()
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	id := storetest.NewID()
	must(t, "Commit", s.Commit(ctx, id, keystore.Count(counted, 1, 10)))
	must(t, "many commits", execute(ctx, s.pool, `UPDATE apcsim.commits SET at = now() - interval '1 hour';
		INSERT INTO apcsim.commits (id, at) SELECT gen_random_uuid(), now() - interval '1 hour' FROM generate_series(1, 4094)`))
	left := func() (n int) {
		must(t, "SELECT", s.pool.QueryRow(ctx, "SELECT count(*) FROM apcsim.commits").Scan(&n))
		return n
	}
	next := func(seq int) { // the commit with a number that is divisible by 1,024 cleans up
		must(t, "a number", execute(ctx, s.pool, fmt.Sprintf("ALTER TABLE apcsim.commits ALTER seq RESTART WITH %d", seq)))
		must(t, "Commit", s.Commit(ctx, storetest.NewID(), keystore.Count(keystore.Ref{Partition: here, Kind: "counter", ID: "m"}, 1, 10)))
	}
	if next(4096); left() != 4096 {
		t.Errorf("%d commits are left of 4,096", left())
	}
	must(t, "asked again", s.Commit(ctx, id, keystore.Count(counted, 1, 10)))
	if n := keystore.CounterValue(get(t, s, counted)); n != 1 {
		t.Errorf("a commit that 4,095 others have come after was made again: %d", n)
	}
	must(
		t,
		"more commits",
		execute(
			ctx,
			s.pool,
			`INSERT INTO apcsim.commits (id, at) SELECT gen_random_uuid(), now() - interval '1 hour' FROM generate_series(1, 3000);
		INSERT INTO apcsim.commits (id) SELECT gen_random_uuid() FROM generate_series(1, 5000)`,
		),
	)
	// Those of the hour before go, 2,048 at a time; one of the first 4,096 is new.
	for i, want := range []int{12097 - 2048, 12098 - 2048 - 2047, 12099 - 2048 - 2*2047, 5005} {
		if next(20480 + 1024*i); left() != want {
			t.Errorf("%d commits are left, want %d", left(), want)
		}
	}
}
