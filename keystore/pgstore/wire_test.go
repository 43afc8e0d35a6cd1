package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
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
	_, url := pgcluster.MustShared(t).Fresh(t)
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
				return s.Commit(ctx, storetest.NewID(), keystore.Unchanged(a), keystore.Create(record(string(newIDText()))),
					keystore.Count(keystore.Ref{Partition: here, Kind: "counter", ID: "n"}, 1, 10))
			}},
			{"Commit that is refused", 3, func() error {
				s.Commit(ctx, storetest.NewID(), keystore.Create(record("a")))
				return nil
			}},
		} {
			must(t, c.what, c.do())
			if statements, trips := taps.took(); statements != c.statements || trips != 1 {
				t.Errorf("%s (unprepared: %v): %d statements in %d round trips, want %d in 1", c.what, plain,
					statements, trips, c.statements)
			}
		}
	}
}

func newIDText() []byte { id := storetest.NewID(); return id[:] }

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
