package boltstore_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

var ctx = context.Background()

func open(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(ctx, path, nil)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// clean fails the test unless Check finds nothing.
func clean(t testing.TB, s *boltstore.Store) {
	t.Helper()
	if err := s.Check(ctx); err != nil {
		t.Errorf("Check: %v", err)
	}
}

// kind is the store as the suite sees it.
func kind() keystoretest.Kind {
	var mu sync.Mutex
	paths := map[keystore.Store]string{}
	at := func(t testing.TB, path string) keystore.Store {
		s := open(t, path)
		mu.Lock()
		defer mu.Unlock()
		paths[s] = path
		return s
	}
	return keystoretest.Kind{
		Open: func(t testing.TB) keystore.Store { return at(t, filepath.Join(t.TempDir(), "store")) },
		Again: func(t testing.TB, s keystore.Store) keystore.Store {
			mu.Lock()
			path := paths[s]
			mu.Unlock()
			return at(t, path)
		},
	}
}

func TestStoreKeepsThePromises(t *testing.T) { kind().Run(t) }
