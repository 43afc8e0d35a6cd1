package pgstore

import (
	"context"
	"crypto/rand"
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
				err := s.Commit(context.Background(), newID(), storetest.Pair(here, id)...)
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
	_, url := database(t, c)
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
	c := server(t)
	name, url := database(t, c)
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

func TestCommitIsFinishedThoughCalledOff(t *testing.T) {
	_, url := database(t, server(t))
	s := open(t, url, nil)
	letGo := holding(t, url, record("a").Ref())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Commit(ctx, newID(), storetest.Pair(here, "a")...) }()
	waiting(t, s, 1)
	cancel()
	letGo()
	if err := <-done; err != nil {
		t.Errorf("a commit called off after it had begun: %v", err)
	}
	storetest.CheckPairs(t, s, here, []string{"a"}, nil)
}

func TestCallsWithoutAConnectionAreCalledOff(t *testing.T) {
	_, url := database(t, server(t))
	s := open(t, url, &Options{MaxConns: 1})
	held, err := s.pool.Acquire(t.Context())
	must(t, "the connection", err)
	for what, call := range map[string]func(context.Context) error{
		"Commit": func(ctx context.Context) error { return s.Commit(ctx, newID(), storetest.Pair(here, "a")...) },
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
	_, url := database(t, server(t))
	s := open(t, url, &Options{Patience: 100 * time.Millisecond})
	other := open(t, url, nil)
	letGo := holding(t, url, record("a").Ref())
	id := newID()
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
		name, url := database(t, server(t))
		s := open(t, url, nil)
		must(t, setting, server(t).Do(t.Context(), name, "ALTER DATABASE "+name+" SET "+setting+" = '50ms'"))
		s.pool.Reset()
		letGo := holding(t, url, record("a").Ref())
		err := s.Commit(t.Context(), newID(), storetest.Pair(here, "a")...)
		if failed, ok := errors.AsType[*Error](err); !ok || failed.Unknown || failed.SQLState != state {
			t.Errorf("%s: got %v, want SQLSTATE %s and a known outcome", setting, err, state)
		}
		letGo()
		storetest.CheckPairs(t, s, here, nil, nil)
		create(t, s, record("b"))
	}
}

// TestLateAttemptDoesNothing: an attempt that was taken for lost, and was
// resolved by another, is executed after all.
func TestLateAttemptDoesNothing(t *testing.T) {
	ctx := t.Context()
	_, url := database(t, server(t))
	s := open(t, url, nil)
	late := newID()
	arrive := func(id keystore.CommitID, changes []keystore.Change) string {
		c := &commit{id: id, changes: changes}
		c.values = c.parameters(s.schema)
		c.values[attemptParameter], c.values[voidedParameter] = late[:], idArray(nil)
		_, err := s.once(ctx, ctx, readWrite, []ask{{s.is.commit, c.values}}, func(_ int, row [][]byte) { c.outcome = string(row[0]) })
		must(t, "the late attempt", err)
		return c.outcome
	}
	create(t, s, record("a"))
	id := newID()
	c := &commit{id: id, changes: storetest.Pair(here, "a"), lost: []keystore.CommitID{late}}
	c.values = c.parameters(s.schema)
	if err := s.make(ctx, c); !errors.Is(err, keystore.ErrExists) {
		t.Fatalf("resolving: %v, want %v", err, keystore.ErrExists)
	}
	must(t, "the record goes", s.Commit(ctx, newID(), keystore.Erase(get(t, s, record("a").Ref()))))
	if outcome := arrive(id, storetest.Pair(here, "a")); outcome != "voided" || get(t, s, record("a").Ref()).Exists() {
		t.Errorf("a voided attempt arrived: %q, record %v", outcome, get(t, s, record("a").Ref()))
	}
	must(t, "asked again by the caller", s.Commit(ctx, id, storetest.Pair(here, "a")...))
	if outcome := arrive(id, storetest.Pair(here, "a")); outcome != "made" {
		t.Errorf("an attempt at what was made: %q", outcome)
	}
	storetest.CheckPairs(t, s, here, []string{"a"}, nil)
}

// TestServerThatCannotBeReached: calls fail after Patience, and work again with the server.
func TestServerThatCannotBeReached(t *testing.T) {
	c := pgcluster.Start(t, nil)
	_, url := database(t, c)
	s := open(t, url, nil)
	must(t, "Commit", s.Commit(t.Context(), newID(), storetest.Pair(here, "a")...))
	must(t, "Stop", c.Stop())
	s.patience = 200 * time.Millisecond // once the server is away: with it, an answer may take longer
	_, readErr := s.Read(t.Context(), counted)
	commitErr := s.Commit(t.Context(), newID(), storetest.Pair(here, "b")...)
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

func TestLongestNames(t *testing.T) {
	_, url := database(t, server(t))
	s := open(t, url, nil)
	full := func(n int) string { // no index can make it smaller
		b := make([]byte, n)
		rand.Read(b)
		return string(b)
	}
	r := keystore.Record{
		Partition: keystore.Partition{Account: full(254), Region: full(254)},
		Kind:      keystore.Kind(full(254)),
		ID:        full(512),
		Index:     full(512),
		Due:       noon,
	}
	create(t, s, r)
	if got := get(t, s, r.Ref()); got.Index != r.Index || got.ID != r.ID {
		t.Errorf("got %+v", got)
	}
	if due, err := s.Due(t.Context(), r.Partition, noon, 1); err != nil || len(due) != 1 || due[0].Kind != r.Kind ||
		due[0].Partition != r.Partition {
		t.Errorf("due: %+v, %v", due, err)
	}
	r.Kind += "x"
	if err := s.Commit(t.Context(), newID(), keystore.Create(r)); !errors.Is(err, keystore.ErrInvalid) {
		t.Errorf("a kind of 255 bytes: %v", err)
	}
	if got := get(t, s, r.Ref()); got.Exists() {
		t.Errorf("it is there: %+v", got)
	}
}

// TestLargeCommits: beyond manyChanges a commit has the store to itself, and the
// small ones of others are not mixed into it.
func TestLargeCommits(t *testing.T) {
	_, url := database(t, server(t))
	s, other := open(t, url, nil), open(t, url, nil)
	var wg sync.WaitGroup
	for g, s := range []*Store{s, other, s, other} {
		wg.Go(func() {
			for n := range 5 {
				changes := []keystore.Change{keystore.Count(counted, 1+2*int64(g%2)*manyChanges, 1<<40)}
				for i := range 1 + 2*(g%2)*manyChanges {
					changes = append(changes, keystore.Create(record(fmt.Sprintf("%d.%d.%d", g, n, i))))
				}
				if err := s.Commit(t.Context(), newID(), changes...); err != nil {
					t.Errorf("%d changes: %v", len(changes), err)
				}
			}
		})
	}
	wg.Wait()
	if n := keystore.CounterValue(get(t, s, counted)); n != 5*2*(2+2*manyChanges) {
		t.Errorf("the counter is at %d, want %d", n, 5*2*(2+2*manyChanges))
	}
}
