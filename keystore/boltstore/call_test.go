package boltstore

import (
	"errors"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestPanicBreaksTheStore: after bbolt panicked, every call is refused, and the file is
// let go of.
func TestPanicBreaksTheStore(t *testing.T) {
	for what, call := range map[string]func(s *Store) error{
		"reading": func(s *Store) error { return s.view(ctx, func(*reader) error { panic("x") }) },
		"writing": func(s *Store) error { return s.update(func(*bolt.Tx) error { panic("x") }) },
	} {
		s := filled(t)
		if err := call(s); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "stopped with: x") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := s.Read(ctx, example.Ref()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, Read after that: %v", what, err)
		}
		if err := s.Commit(ctx, keystore.CommitID{50}, keystore.Count(number.Ref(), 1, 100)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, Commit after that: %v", what, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s, Close: %v", what, err)
		}
		again, err := Open(ctx, s.path, &Options{LockWait: -1})
		if err != nil {
			t.Fatalf("%s, opened again: %v", what, err)
		}
		again.Close()
	}
}
