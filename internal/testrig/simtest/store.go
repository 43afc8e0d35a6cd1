package simtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

// opener opens the same content each time it is called.
type opener func() (keystore.Store, error)

// stores are the values of APCSIM_TEST_STORE, the default first.
var stores = []struct {
	name string
	make func(T) (opener, error)
}{
	{"memory", makeMemory},
	{"bolt", makeBolt},
	{"postgres", makePostgres},
}

// openers are those of the stores in use.
var openers sync.Map // of keystore.Store to opener

// Store is a new store of the kind that the environment chooses, closed when the
// test ends.
func Store(t T) keystore.Store {
	t.Helper()
	name := os.Getenv("APCSIM_TEST_STORE")
	var names []string
	for _, s := range stores {
		if s.name != name && name != "" {
			names = append(names, s.name)
			continue
		}
		open, err := s.make(t)
		if err != nil {
			t.Fatalf("making the store that APCSIM_TEST_STORE=%s chooses: %v", name, err)
		}
		return opened(t, open)
	}
	t.Fatalf("APCSIM_TEST_STORE=%s: want one of %s", name, strings.Join(names, ", "))
	panic("unreachable")
}

// opened opens a store, for the length of the test.
func opened(t T, open opener) keystore.Store {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatalf("opening the store: %v", err)
	}
	openers.Store(s, open)
	t.Cleanup(func() {
		openers.Delete(s)
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// Again closes a store and opens what it holds anew, as after a restart. The one
// in memory, whose content would be lost, is the same and stays open.
func Again(t T, s keystore.Store) keystore.Store {
	t.Helper()
	if open, ok := openers.Load(s); ok {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
		return opened(t, open.(opener))
	}
	t.Fatalf("a store that Store did not make")
	panic("unreachable")
}

func makeMemory(T) (opener, error) {
	s := unforgetting{keystore.NewMemory()}
	return func() (keystore.Store, error) { return &s, nil }, nil
}

// unforgetting is a store in memory that outlives its closing.
type unforgetting struct{ keystore.Store }

func (*unforgetting) Close() error { return nil }

// makeBolt opens a file in a folder of its own.
func makeBolt(t T) (opener, error) {
	dir, err := os.MkdirTemp("", "apcsim-bolt-")
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return func() (keystore.Store, error) {
		return boltstore.Open(context.Background(), filepath.Join(dir, "store"), nil)
	}, nil
}

// makePostgres opens a database of its own in the shared cluster.
func makePostgres(t T) (opener, error) {
	ctx := context.Background()
	cluster, err := pgcluster.Shared()
	if err != nil {
		return nil, err
	}
	database, err := cluster.Database(ctx)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := cluster.Drop(ctx, database); err != nil {
			t.Errorf("dropping the database: %v", err)
		}
	})
	return func() (keystore.Store, error) { return pgstore.Open(ctx, cluster.URL(database), nil) }, nil
}
