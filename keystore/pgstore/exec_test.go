package pgstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
)

func TestCallsWithoutAConnectionAreCalledOff(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, &Options{MaxConns: 1})
	held, err := s.pool.Acquire(t.Context())
	must(t, "the connection", err)
	for what, call := range map[string]func(context.Context) error{
		"Commit": func(ctx context.Context) error { return s.Commit(ctx, storetest.NewID(), storetest.Pair(here, "a")...) },
		"Read":   func(ctx context.Context) error { _, err := s.Read(ctx, counted); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
	}
	held.Release()
	storetest.CheckPairs(t, s, here, nil, nil)
}

// TestPatienceEnds: what waits for too long is given up, with an error that says
// what is known, and is no context's.
func TestPatienceEnds(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, &Options{Patience: 100 * time.Millisecond})
	other := open(t, url, nil)
	letGo := holding(t, url, record("a").Ref())
	id := storetest.NewID()
	err := s.Commit(t.Context(), id, storetest.Pair(here, "a")...)
	if failed, ok := errors.AsType[*Error](err); !ok || !failed.Unknown || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a commit that waited for too long: %v", err)
	}
	letGo()
	must(t, "asked again", other.Commit(t.Context(), id, storetest.Pair(here, "a")...))
	storetest.CheckPairs(t, other, here, []string{"a"}, nil)
}

// TestStatementTimeout: the server's word that a transaction is off is final.
func TestStatementTimeout(t *testing.T) {
	for setting, state := range map[string]string{"statement_timeout": "57014", "lock_timeout": "55P03"} {
		name, url := pgcluster.MustShared(t).Fresh(t)
		s := open(t, url, nil)
		must(t, setting, pgcluster.MustShared(t).Do(t.Context(), name, "ALTER DATABASE "+name+" SET "+setting+" = '50ms'"))
		s.pool.Reset()
		letGo := holding(t, url, record("a").Ref())
		err := s.Commit(t.Context(), storetest.NewID(), storetest.Pair(here, "a")...)
		if failed, ok := errors.AsType[*Error](err); !ok || failed.Unknown || failed.SQLState != state {
			t.Errorf("%s: got %v, want SQLSTATE %s and a known outcome", setting, err, state)
		}
		letGo()
		storetest.CheckPairs(t, s, here, nil, nil)
		create(t, s, record("b"))
	}
}
