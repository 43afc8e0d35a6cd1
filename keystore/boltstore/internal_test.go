package boltstore

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/seed748fb4d1/apcsim/keystore"
)

var (
	ctx     = context.Background()
	example = keystore.Record{
		Partition: keystore.Partition{
			Account: "111122223333",
			Region:  "us-east-1",
		}, Kind: "key", ID: "a\x00b", Rev: keystore.CommitID{15: 7},
		Due: time.UnixMilli(1_780_000_000_123).UTC(), Index: "DELETE_PENDING", Data: []byte{1, 2, 0, 255},
	}
	number = keystore.Record{Partition: example.Partition, Kind: "counter", ID: "n", Rev: keystore.CommitID{1}, Data: []byte{7: 5}}
)

// filled is a store with a record, a counter and 40 commits.
func filled(t testing.TB) *Store {
	t.Helper()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := example
	r.Rev = keystore.CommitID{}
	changes := []keystore.Change{keystore.Create(r)}
	for i := range 40 {
		if err := s.Commit(ctx, keystore.CommitID{byte(i + 1)}, append(changes, keystore.Count(number.Ref(), 1, 100))...); err != nil {
			t.Fatal(err)
		}
		changes = nil
	}
	return s
}

// write changes the file of a store behind its back.
func (s *Store) write(t testing.TB, do func(t *tables) error) {
	t.Helper()
	s.endIdle(0)
	err := s.update(func(tx *bolt.Tx) error {
		t, err := openTables(tx)
		return errors.Join(err, do(t))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestUnknownOutcome: where the meta page of a failed transaction was written, every
// later call is refused, and the next opening reports it. Where not, the store goes on.
func TestUnknownOutcome(t *testing.T) {
	s := filled(t)
	newest := 0
	s.view(ctx, func(tx *reader) error { newest = tx.ID(); return nil })
	if err := s.outcome(newest+1, syscall.ENOSPC); err != syscall.ENOSPC {
		t.Errorf("a transaction whose meta page was not written: %v", err)
	}
	if err := s.Commit(ctx, keystore.CommitID{41}, keystore.Count(number.Ref(), 1, 100)); err != nil {
		t.Errorf("after that: %v", err)
	}
	if err := s.outcome(newest+1, syscall.EIO); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a transaction whose meta page was written: %v", err)
	}
	_, readErr := s.Read(ctx, example.Ref())
	commitErr := s.Commit(ctx, keystore.CommitID{42}, keystore.Count(number.Ref(), 1, 100))
	for what, err := range map[string]error{"Read": readErr, "Commit": commitErr, "Check": s.Check(ctx)} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s after that: %v", what, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s, err := Open(ctx, s.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, id := range []byte{41, 42, 42} {
		if err := s.Commit(ctx, keystore.CommitID{id}, keystore.Count(number.Ref(), 1, 100)); err != nil {
			t.Errorf("commit %d asked again: %v", id, err)
		}
	}
	if found, err := s.Read(ctx, number.Ref()); err != nil || keystore.CounterValue(found[0].Record) != 42 {
		t.Errorf("the counter: %v, %v, want 42", found, err)
	}
}

// TestCommitTwiceInOneGroup makes it once.
func TestCommitTwiceInOneGroup(t *testing.T) {
	s := filled(t)
	group := make([]*request, 100)
	for i := range group {
		group[i] = &request{id: keystore.CommitID{1: byte(i/2 + 1)}, changes: []keystore.Change{keystore.Count(number.Ref(), 1, 999)}}
	}
	if err := s.commitGroup(group); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Read(ctx, number.Ref()); err != nil || keystore.CounterValue(found[0].Record) != 90 {
		t.Errorf("the counter: %v, %v, want 90", found, err)
	}
}
