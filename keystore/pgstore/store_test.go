package pgstore

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// server is the cluster of all tests that do nothing to it.
func server(t testing.TB) *pgcluster.Cluster {
	t.Helper()
	c, err := pgcluster.Shared()
	must(t, "the test cluster", err)
	return c
}

// database is an empty one, of the test's own.
func database(t testing.TB, c *pgcluster.Cluster) (name, url string) {
	t.Helper()
	name, err := c.Database(context.Background())
	must(t, "a database", err)
	t.Cleanup(func() { c.Drop(context.Background(), name) })
	return name, c.URL(name)
}

func open(t testing.TB, url string, o *Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), url, o)
	must(t, "Open", err)
	t.Cleanup(func() { s.Close() })
	return s
}

// bench is the kind of store as the suite wants it: each one in a database of
// its own, which is known by the store.
type bench struct {
	c    *pgcluster.Cluster
	mu   sync.Mutex // guards urls
	urls map[keystore.Store][2]string
}

func (b *bench) open(t testing.TB, name, url string) keystore.Store {
	s := open(t, url, nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.urls[s] = [2]string{name, url}
	return s
}

func (b *bench) of(s keystore.Store) (name, url string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.urls[s][0], b.urls[s][1]
}

// kindOf has stores on a cluster; named is how they are to reach a database.
func kindOf(c *pgcluster.Cluster, named func(database string) string) keystoretest.Kind {
	b := &bench{c: c, urls: map[keystore.Store][2]string{}}
	again := func(t testing.TB, s keystore.Store) keystore.Store {
		name, url := b.of(s)
		return b.open(t, name, url)
	}
	return keystoretest.Kind{
		Open: func(t testing.TB) keystore.Store {
			name, _ := database(t, c)
			return b.open(t, name, named(name))
		},
		Again:  again,
		Second: again,
		Cut: func(t testing.TB, s keystore.Store) {
			name, _ := b.of(s)
			if err := cut(c, name); err != nil {
				t.Errorf("cutting the connections: %v", err)
			}
		},
	}
}

// cut terminates all connections to a database.
func cut(c *pgcluster.Cluster, name string) error {
	return c.Do(context.Background(), "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
}

func TestStoreKeepsThePromises(t *testing.T) {
	t.Parallel()
	c := server(t)
	kindOf(c, c.URL).Run(t)
}

// create must succeed.
func create(t testing.TB, s *Store, r keystore.Record) keystore.Record {
	t.Helper()
	id := newID()
	must(t, "Commit", s.Commit(context.Background(), id, keystore.Create(r)))
	r.Rev = id
	return r
}

// get is a record as it is now.
func get(t testing.TB, s *Store, ref keystore.Ref) keystore.Record {
	t.Helper()
	found, err := s.Read(context.Background(), ref)
	must(t, "Read", err)
	return found[0].Record
}

var (
	here = keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)
