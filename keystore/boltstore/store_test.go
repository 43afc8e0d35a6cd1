package boltstore_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
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

// fresh is an empty store.
func fresh(t testing.TB) keystore.Store { return open(t, filepath.Join(t.TempDir(), "store")) }

func TestStoreKeepsThePromises(t *testing.T) {
	paths := map[keystore.Store]string{}
	at := func(t testing.TB, path string) keystore.Store {
		s := open(t, path)
		paths[s] = path
		return s
	}
	keystoretest.Run(t, func(t testing.TB) keystore.Store { return at(t, filepath.Join(t.TempDir(), "store")) }, &keystoretest.Options{
		Again: func(t testing.TB, s keystore.Store) keystore.Store { return at(t, paths[s]) },
	})
}

func TestStoreIsShared(t *testing.T) {
	open := func(t testing.TB) []keystore.Store { return []keystore.Store{fresh(t)} }
	storetest.Races(t, open)
	storetest.Linear(t, open)
}
