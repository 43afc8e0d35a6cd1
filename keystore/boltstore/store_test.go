package boltstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

var ctx = context.Background()

var place = keystore.Partition{Account: "111122223333", Region: "us-east-1"}

// shared is a counter.
var shared = keystore.Ref{Partition: place, Kind: "counter", ID: "shared"}

// noWait does not wait for a lock.
var noWait = &boltstore.Options{LockWait: -1}

func open(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(ctx, path, nil)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// fresh opens a new store.
func fresh(t testing.TB) *boltstore.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "store"))
}

// clean fails the test unless Check finds nothing.
func clean(t testing.TB, s *boltstore.Store) {
	t.Helper()
	if err := s.Check(ctx); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func draw() (id keystore.CommitID) {
	for i := range id {
		id[i] = byte(rand.Uint32())
	}
	return id
}

// random is a record as the engine writes most: a key's, of 250 bytes.
func random() keystore.Record {
	return keystore.Record{
		Partition: place,
		Kind:      "key",
		ID:        fmt.Sprintf("%016x", rand.Uint64()),
		Index:     "CREATE_COMPLETE",
		Data:      make([]byte, 250),
	}
}

// commit makes changes that must be made.
func commit(t testing.TB, s keystore.Store, changes ...keystore.Change) {
	t.Helper()
	if err := s.Commit(ctx, draw(), changes...); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// fill makes records, many in a commit.
func fill(t testing.TB, s keystore.Store, size int, id func(int) string) {
	t.Helper()
	const together = 10_000
	for from := 0; from < size; from += together {
		var changes []keystore.Change
		for i := from; i < min(from+together, size); i++ {
			r := random()
			r.ID = id(i)
			changes = append(changes, keystore.Create(r))
		}
		commit(t, s, changes...)
	}
}

func get(t testing.TB, s keystore.Store, ref keystore.Ref) keystore.Record {
	t.Helper()
	found, err := s.Read(ctx, ref)
	if err != nil {
		t.Fatalf("Read %s: %v", ref.ID, err)
	}
	return found[0].Record
}

func counted(t testing.TB, s keystore.Store) int64 {
	t.Helper()
	return keystore.CounterValue(get(t, s, shared))
}

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
}
