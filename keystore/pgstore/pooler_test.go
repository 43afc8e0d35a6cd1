package pgstore

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestStoreKeepsThePromisesThroughAPooler: pgbouncer in transaction mode, with
// three connections to each database for all that is open.
func TestStoreKeepsThePromisesThroughAPooler(t *testing.T) {
	t.Parallel()
	c := pgcluster.Start(t, nil)
	through := pooler(t, c, 3)
	keepsThePromises(t, c, through)
}

func pooler(t *testing.T, c *pgcluster.Cluster, connections int) (through func(string) string) {
	t.Helper()
	through, err := c.Pooler(connections)
	must(t, "pgbouncer", err)
	return through
}

// TestPoolerIsFoundOut: a statement that is not on the connection it was handed
// to is sent again as text, and from then on all are.
func TestPoolerIsFoundOut(t *testing.T) {
	c := pgcluster.Start(t, nil)
	through := pooler(t, c, 1)
	name, err := c.Database(t.Context())
	must(t, "a database", err)
	for what, do := range map[string]func(s *Store) error{
		"Commit": func(s *Store) error {
			return s.Commit(t.Context(), storetest.NewID(), storetest.Pair(here, rand.Text())...)
		},
		"Read": func(s *Store) error { _, err := s.Read(t.Context(), counted, counted); return err },
		"Page": func(s *Store) error {
			_, err := s.Page(t.Context(), here, "key", keystore.Filter{}, "", 1)
			return err
		},
	} {
		forget(t, through(name)) // what an earlier round has prepared would be found when it is prepared again
		s := open(t, through(name), nil)
		must(t, what, do(s))
		if s.plain.Load() {
			t.Fatalf("%s: statements are not sent as prepared to begin with", what)
		}
		forget(t, through(name))
		must(t, what, do(s))
		must(t, what, do(s))
		if !s.plain.Load() {
			t.Errorf("%s: statements are still sent as prepared", what)
		}
		if what == "Commit" {
			storetest.CheckPairs(t, s, here, nil, everything(t, s))
		}
	}
	unprepared := open(t, through(name)+"&default_query_exec_mode=exec", nil)
	if !unprepared.plain.Load() {
		t.Error("default_query_exec_mode=exec is not heeded")
	}
}

// forget takes the prepared statements from the pooler's one connection.
func forget(t *testing.T, url string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	must(t, "a connection", err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "DEALLOCATE ALL").ReadAll()
	must(t, "DEALLOCATE ALL", err)
}

// everything is the ids of all records.
func everything(t *testing.T, s *Store) (ids []string) {
	t.Helper()
	page, err := s.Page(t.Context(), here, "key", keystore.Filter{}, "", 1000)
	must(t, "Page", err)
	for _, r := range page {
		ids = append(ids, r.ID)
	}
	return ids
}
