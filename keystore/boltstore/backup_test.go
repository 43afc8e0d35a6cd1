package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// TestBackupIsAWholeStore copies a store while others write. Every writer
// keeps two records alike: so must the copy.
func TestBackupIsAWholeStore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"))
	fill(t, s, 3000, func(i int) string { return fmt.Sprintf("%05d", i) })
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range uint64(2) {
		wg.Go(func() { pairs(t, s, w, stop) })
	}
	for n := range 5 {
		path := filepath.Join(dir, fmt.Sprint("copy", n))
		var copied bytes.Buffer
		size, err := s.Backup(ctx, &copied)
		if err != nil || size != int64(copied.Len()) {
			t.Fatalf("Backup: %d of %d bytes, %v", size, copied.Len(), err)
		}
		if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		c := open(t, path)
		clean(t, c)
		bothAlike(t, c)
		if page, err := c.Page(ctx, place, "key", keystore.Filter{}, "02998", 9); err != nil || len(page) != 1 {
			t.Errorf("the copy has %d records after 02998, %v", len(page), err)
		}
		if err := c.Commit(ctx, draw(), keystore.Count(shared, 1, 100)); err != nil {
			t.Errorf("a commit to the copy: %v", err)
		}
	}
	close(stop)
	wg.Wait()
	clean(t, s)
}

func pairRef(w uint64, half string) keystore.Ref {
	return keystore.Ref{Partition: place, Kind: "pair", ID: fmt.Sprint(w, half)}
}

// pairs writes two records at a time until it is told to stop.
func pairs(t testing.TB, s *boltstore.Store, w uint64, stop chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		a, b := get(t, s, pairRef(w, "a")), get(t, s, pairRef(w, "b"))
		for r, half := range map[*keystore.Record]string{&a: "a", &b: "b"} {
			r.Partition, r.Kind, r.ID, r.Data = place, "pair", pairRef(w, half).ID, fmt.Append(nil, n)
		}
		if err := s.Commit(ctx, draw(), keystore.Replace(a), keystore.Replace(b)); err != nil {
			t.Errorf("beside Backup: %v", err)
			return
		}
	}
}

func bothAlike(t testing.TB, s *boltstore.Store) {
	t.Helper()
	for w := range uint64(2) {
		if a, b := get(t, s, pairRef(w, "a")), get(t, s, pairRef(w, "b")); a.Rev != b.Rev || !bytes.Equal(a.Data, b.Data) {
			t.Errorf("half of a commit: %+v, %+v", a, b)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBackupTellsWhyItStopped(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	fill(t, s, 1000, func(i int) string { return fmt.Sprint(i) })
	full := errors.New("no room")
	n := 0
	if _, err := s.Backup(ctx, writerFunc(func(p []byte) (int, error) {
		if n++; n == 3 {
			return 0, full
		}
		return len(p), nil
	})); !errors.Is(err, full) {
		t.Errorf("a writer that fails: %v", err)
	}
	stopping, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := s.Backup(stopping, writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	if err := s.Check(stopping); !errors.Is(err, context.Canceled) || errors.Is(err, boltstore.ErrDamaged) {
		t.Errorf("Check in a context that has ended: %v", err)
	}
	clean(t, s)
}
