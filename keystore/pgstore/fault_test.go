package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var counted = keystore.Ref{Partition: here, Kind: "counter", ID: "n"} // of storetest.Pair

// crowd commits pairs from some goroutines until stop, and returns the ids of
// those acknowledged, which the meter counts, and of those whose outcome is unknown.
func crowd(t *testing.T, s *Store, stop *atomic.Bool, round int, m *testrig.Meter) (acked, unknown []string) {
	defer m.Stop()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				id := fmt.Sprintf("%d.%d.%d", round, g, n)
				err := s.Commit(context.Background(), storetest.NewID(), storetest.Pair(here, id)...)
				mu.Lock()
				if failed, ok := errors.AsType[*Error](err); err == nil {
					acked = append(acked, id)
					m.Add()
				} else if ok && failed.Unknown {
					unknown = append(unknown, id)
				} else if !ok {
					t.Errorf("Commit: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return acked, unknown
}

// TestServerKilledMidCommit: a server that is killed in the middle of commits,
// and started again, has every commit that was acknowledged, and no half ones.
func TestServerKilledMidCommit(t *testing.T) {
	c := pgcluster.Start(t, &pgcluster.Options{Durable: true})
	_, url := c.Fresh(t)
	s := open(t, url, &Options{Patience: 20 * time.Second})
	var acked, unknown []string
	for round := range 3 {
		var stop atomic.Bool
		var wg sync.WaitGroup
		done := testrig.NewMeter()
		wg.Go(func() {
			defer stop.Store(true)
			done.More(20 + 7*round)
			if err := errors.Join(c.Kill(), c.Restart()); err != nil {
				t.Error(err)
			}
			done.More(20)
		})
		a, u := crowd(t, s, &stop, round, done)
		wg.Wait()
		acked, unknown = append(acked, a...), append(unknown, u...)
		if len(u) > 0 {
			t.Errorf("the server was away for less than Patience, and the outcome of %v is unknown", u)
		}
	}
	storetest.CheckPairs(t, s, here, acked, unknown)
	storetest.CheckPairs(t, open(t, url, nil), here, acked, unknown)
	t.Logf("%d commits acknowledged", len(acked))
}

// TestBackendsTerminated: connections are cut all the time, and every commit is
// resolved, once.
func TestBackendsTerminated(t *testing.T) {
	c := pgcluster.MustShared(t)
	name, url := c.Fresh(t)
	s := open(t, url, nil)
	var stop atomic.Bool
	var wg sync.WaitGroup
	done := testrig.NewMeter()
	wg.Go(func() {
		defer stop.Store(true)
		for range 40 {
			if err := cut(c, name); err != nil {
				t.Error(err)
			}
			done.More(3)
		}
	})
	acked, unknown := crowd(t, s, &stop, 0, done)
	wg.Wait()
	if len(unknown) > 0 {
		t.Errorf("unknown outcomes: %v", unknown)
	}
	storetest.CheckPairs(t, s, here, acked, unknown)
	t.Logf("%d commits acknowledged", len(acked))
}

// holding has the lock of a record, as another commit would, until let go.
func holding(t *testing.T, url string, ref keystore.Ref) (letGo func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, "a connection", err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	tx, err := conn.Begin(t.Context())
	must(t, "BEGIN", err)
	_, err = tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock($1)", lockKey(`"apcsim"`, "record", string(key(&ref))))
	must(t, "the lock", err)
	return func() { must(t, "ROLLBACK", tx.Rollback(t.Context())) }
}

// waiting waits until so many connections to the database wait for a lock.
func waiting(t *testing.T, s *Store, want int) {
	t.Helper()
	var n int
	if !testrig.Until(20*time.Second, func() bool {
		must(t, "pg_stat_activity", s.pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity "+
			"WHERE datname = current_database() AND wait_event = 'advisory'").Scan(&n))
		return n == want
	}) {
		t.Fatalf("%d connections wait for a lock, want %d", n, want)
	}
}

// TestServerThatCannotBeReached: calls fail after Patience, and work again with the server.
func TestServerThatCannotBeReached(t *testing.T) {
	c := pgcluster.Start(t, nil)
	_, url := c.Fresh(t)
	s := open(t, url, nil)
	must(t, "Commit", s.Commit(t.Context(), storetest.NewID(), storetest.Pair(here, "a")...))
	must(t, "Stop", c.Stop())
	s.patience = 200 * time.Millisecond // once the server is away: with it, an answer may take longer
	_, readErr := s.Read(t.Context(), counted)
	commitErr := s.Commit(t.Context(), storetest.NewID(), storetest.Pair(here, "b")...)
	const patience = 50 * time.Millisecond
	longest := time.Duration(-1) // left for a connection when it is dialled
	_, openErr := Open(t.Context(), url, &Options{Patience: patience, configure: func(config *pgxpool.Config) {
		dial := config.ConnConfig.DialFunc
		config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			until, _ := ctx.Deadline() // none is long ago
			longest = max(longest, time.Until(until))
			return dial(ctx, network, addr)
		}
	}})
	if longest < 0 || longest > patience {
		t.Errorf("Open dials with %v left, want at most %v", longest, patience)
	}
	for what, err := range map[string]error{"Read": readErr, "Commit": commitErr, "Open": openErr} {
		if failed, ok := errors.AsType[*Error](err); !ok || failed.Op != what || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s without a server: %v", what, err)
		}
	}
	must(t, "Restart", c.Restart())
	s.patience = defaultPatience
	storetest.CheckPairs(t, s, here, []string{"a"}, []string{"b"})
}
