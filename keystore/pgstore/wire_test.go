package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// tap counts what goes over the connections of a store: statements executed, and
// how often somebody has to wait for the other end.
type tap struct {
	mu         sync.Mutex // guards all
	statements int
	trips      int
}

// tapped is one connection. Only its owner reads and writes, in turns.
type tapped struct {
	net.Conn
	tap     *tap
	sent    bytes.Buffer // of an unfinished message
	begun   bool         // the first message, which has no type, has been sent
	reading bool
}

func (t *tap) configure(config *pgxpool.Config) {
	dial := config.ConnConfig.DialFunc
	config.MaxConns = 1
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &tapped{Conn: conn, tap: t}, err
	}
}

func (c *tapped) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.reading = false
	c.sent.Write(b)
	for c.message() {
	}
	return c.Conn.Write(b)
}

// message takes one whole message from what was sent: its type, if it is not the
// first one, and its length with itself.
func (c *tapped) message() bool {
	text, kind := c.sent.Bytes(), byte(0)
	if c.begun && len(text) > 0 {
		kind, text = text[0], text[1:]
	}
	if len(text) < 4 || len(text) < int(binary.BigEndian.Uint32(text)) {
		return false
	}
	if kind == 'E' || kind == 'Q' { // Execute, Query
		c.tap.statements++
	}
	c.sent.Next(int(binary.BigEndian.Uint32(text)) + c.sent.Len() - len(text))
	c.begun = true
	return true
}

func (c *tapped) Read(b []byte) (int, error) {
	c.tap.mu.Lock()
	if !c.reading {
		c.tap.trips++
	}
	c.reading = true
	c.tap.mu.Unlock()
	return c.Conn.Read(b)
}

// took is what happened since it was last asked.
func (t *tap) took() (statements, trips int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	statements, trips = t.statements, t.trips
	t.statements, t.trips = 0, 0
	return statements, trips
}

// TestCallsTakeOneRoundTrip is the table of the package's documentation.
func TestCallsTakeOneRoundTrip(t *testing.T) {
	ctx := t.Context()
	_, url := database(t, server(t))
	var taps tap
	s := open(t, url, &Options{configure: taps.configure})
	a := create(t, s, record("a"))
	ref := a.Ref()
	aliased := keystore.Ref{Partition: here, Kind: "key", ID: "a", Follow: "key"}
	if s.pool.Config().ShouldPing(ctx, pgxpool.ShouldPingParams{IdleDuration: time.Hour}) {
		t.Error("a connection that was idle is asked whether it is alive, which is a trip more")
	}
	taps.took()
	for _, plain := range []bool{false, true} {
		s.plain.Store(plain)
		for _, c := range []struct {
			what       string
			statements int
			do         func() error
		}{
			{"Read of one", 1, func() error { _, err := s.Read(ctx, ref); return err }},
			{"Read that follows", 1, func() error { _, err := s.Read(ctx, aliased); return err }},
			{"Read of three", 5, func() error { _, err := s.Read(ctx, ref, aliased, ref); return err }},
			{"Page", 1, func() error { _, err := s.Page(ctx, here, "key", keystore.Filter{}, "", 10); return err }},
			{"Page by index", 1, func() error {
				_, err := s.Page(ctx, here, "key", keystore.Filter{Index: new("index")}, "", 10)
				return err
			}},
			{"Due", 1, func() error { _, err := s.Due(ctx, here, noon, 10); return err }},
			{"Due everywhere", 1, func() error { _, err := s.Due(ctx, keystore.Partition{}, noon, 10); return err }},
			{"Commit", 3, func() error {
				return s.Commit(ctx, newID(), keystore.Unchanged(a), keystore.Create(record(string(newIDText()))),
					keystore.Count(keystore.Ref{Partition: here, Kind: "counter", ID: "n"}, 1, 10))
			}},
			{"Commit that is refused", 3, func() error {
				s.Commit(ctx, newID(), keystore.Create(record("a")))
				return nil
			}},
		} {
			must(t, c.what, c.do())
			if statements, trips := taps.took(); statements != c.statements || trips != 1 {
				t.Errorf(
					"%s (unprepared: %v): %d statements in %d round trips, want %d in 1",
					c.what,
					plain,
					statements,
					trips,
					c.statements,
				)
			}
		}
	}
}

func newIDText() []byte { id := newID(); return id[:] }

// TestListsWalkAnIndex: no list and no look-up sorts or reads what it does not
// return, whatever the statistics say, and with plans that were kept.
func TestListsWalkAnIndex(t *testing.T) {
	ctx := t.Context()
	_, url := database(t, server(t))
	s := open(t, url, nil)
	must(t, "records", fillWith(ctx, s.pool, 20000))
	must(
		t,
		"due ones",
		execute(
			ctx,
			s.pool,
			"UPDATE apcsim.records SET due = length(id) WHERE right(encode(id, 'escape'), 1) = '7'; ANALYZE apcsim.records",
		),
	)
	conn, err := s.pool.Acquire(ctx)
	must(t, "a connection", err)
	defer conn.Release()
	at := shelf(here, "key")
	for _, c := range []struct {
		st     *statement
		index  []string
		values []any
	}{
		{s.is.one, []string{"records_pkey"}, []any{append(at, "id5"...)}},
		{s.is.followed, []string{"records_pkey", "records_pkey"}, []any{append(at, "id5"...), at}},
		{s.is.page, []string{"records_pkey"}, []any{append(at, "id5"...), end(at), 10}},
		{s.is.filtered, []string{"records_by_idx"}, []any{indexed(at, "index"), end(indexed(at, "index")), 10}},
		{s.is.due, []string{"records_due"}, []any{5, 10}},
		{s.is.dueHere, []string{"records_due_here"}, []any{5, 10, place(here)}},
	} {
		for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
			_, err := conn.Exec(ctx, "SET plan_cache_mode = "+mode)
			must(t, mode, err)
			rows, err := conn.Query(ctx, "EXPLAIN (COSTS OFF) "+c.st.sql, c.values...)
			must(t, c.st.sql, err)
			var used []string
			var plan strings.Builder
			for rows.Next() {
				var line string
				must(t, "EXPLAIN", rows.Scan(&line))
				plan.WriteString(line + "\n")
				if _, index, ok := strings.Cut(line, "Index Scan using "); ok {
					used = append(used, strings.Fields(index)[0])
				}
			}
			must(t, "EXPLAIN", rows.Err())
			if !slices.Equal(used, c.index) || strings.Contains(plan.String(), "Sort") {
				t.Errorf("%s: walks %q, want %q:\n%s\n%s", mode, used, c.index, c.st.sql, &plan)
			}
		}
	}
	_, err = conn.Exec(ctx, "RESET plan_cache_mode")
	must(t, "RESET", err)
}

// execute runs statements without parameters.
func execute(ctx context.Context, pool *pgxpool.Pool, sql string) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// TestOldCommitsAreDropped: a bounded number at a time, and none of the last
// 4,096 or the last ten minutes.
func TestOldCommitsAreDropped(t *testing.T) {
	ctx := t.Context()
	_, url := database(t, server(t))
	s := open(t, url, nil)
	id := newID()
	must(t, "Commit", s.Commit(ctx, id, keystore.Count(counted, 1, 10)))
	must(t, "many commits", execute(ctx, s.pool, `UPDATE apcsim.commits SET at = now() - interval '1 hour';
		INSERT INTO apcsim.commits (id, at) SELECT gen_random_uuid(), now() - interval '1 hour' FROM generate_series(1, 4094)`))
	left := func() (n int) {
		must(t, "SELECT", s.pool.QueryRow(ctx, "SELECT count(*) FROM apcsim.commits").Scan(&n))
		return n
	}
	next := func(seq int) { // the commit with a number that is divisible by 1,024 cleans up
		must(t, "a number", execute(ctx, s.pool, fmt.Sprintf("ALTER TABLE apcsim.commits ALTER seq RESTART WITH %d", seq)))
		must(t, "Commit", s.Commit(ctx, newID(), keystore.Count(keystore.Ref{Partition: here, Kind: "counter", ID: "m"}, 1, 10)))
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
