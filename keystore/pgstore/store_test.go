package pgstore

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func open(t testing.TB, url string, o *Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), url, o)
	must(t, "Open", err)
	t.Cleanup(func() { s.Close() })
	return s
}

// keepsThePromises runs the suite, and races on one handle and on two. Each store is
// in a database of its own; url is how it reaches that.
func keepsThePromises(t *testing.T, c *pgcluster.Cluster, url func(database string) string) {
	var databases sync.Map // of keystore.Store to its database's name
	at := func(t testing.TB, name string) keystore.Store {
		s := open(t, url(name), nil)
		databases.Store(s, name)
		return s
	}
	nameOf := func(s keystore.Store) string { name, _ := databases.Load(s); return name.(string) }
	again := func(t testing.TB, s keystore.Store) keystore.Store { return at(t, nameOf(s)) }
	fresh := func(t testing.TB) keystore.Store {
		name, _ := c.Fresh(t)
		return at(t, name)
	}
	keystoretest.Run(t, fresh, &keystoretest.Options{Again: again, Second: again, Cut: func(t testing.TB, s keystore.Store) {
		if err := cut(c, nameOf(s)); err != nil {
			t.Errorf("cutting the connections: %v", err)
		}
	}})
	one := func(t testing.TB) []keystore.Store { return []keystore.Store{fresh(t)} }
	two := func(t testing.TB) []keystore.Store { s := fresh(t); return []keystore.Store{s, again(t, s)} }
	for handles, open := range map[string]func(testing.TB) []keystore.Store{"OnOneHandle": one, "OnTwoHandles": two} {
		t.Run(handles, func(t *testing.T) {
			storetest.Races(t, open)
		})
	}
}

// cut terminates all connections to a database.
func cut(c *pgcluster.Cluster, name string) error {
	return c.Do(context.Background(), "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
}

func TestStoreKeepsThePromises(t *testing.T) {
	t.Parallel()
	c := pgcluster.MustShared(t)
	keepsThePromises(t, c, c.URL)
}

// create must succeed.
func create(t testing.TB, s *Store, r keystore.Record) keystore.Record {
	t.Helper()
	id := storetest.NewID()
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
