package pgstore

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/pgcluster"
)

// TestStoreKeepsThePromisesThroughAPooler: pgbouncer in transaction mode, with
// three connections to each database for all that is open.
func TestStoreKeepsThePromisesThroughAPooler(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	through := pooler(t, c, 3)
	kindOf(c, through).Run(t)
}

func pooler(t *testing.T, c *pgcluster.Cluster, connections int) (through func(string) string) {
	t.Helper()
	through, err := c.Pooler(connections)
	if errors.Is(err, pgcluster.ErrNoPooler) {
		t.Skip(err)
	}
	must(t, "pgbouncer", err)
	return through
}

// TestPoolerIsFoundOut: the first statement that misses what was prepared is
// sent again as text, and from then on all are.
func TestPoolerIsFoundOut(t *testing.T) {
	c := start(t, nil)
	through := pooler(t, c, 1)
	name, err := c.Database(t.Context())
	must(t, "a database", err)
	s := open(t, through(name), nil)
	must(t, "DISCARD ALL", c.Do(t.Context(), name, "SELECT 1"))
	for i := range 20 {
		r := record(string(rune('a' + i)))
		create(t, s, r)
		if i == 5 { // what it had prepared is gone with the connection
			must(t, "cut", cut(c, name))
		}
	}
	if !s.plain.Load() {
		t.Error("statements are still sent as prepared")
	}
	unprepared := open(t, through(name)+"&default_query_exec_mode=exec", nil)
	if !unprepared.plain.Load() {
		t.Error("default_query_exec_mode=exec is not heeded")
	}
}
