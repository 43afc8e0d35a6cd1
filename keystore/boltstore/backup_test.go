package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// TestBackupIsAWholeStore copies a store while another goroutine counts in two places
// at a time. The copy is of one moment.
func TestBackupIsAWholeStore(t *testing.T) {
	s, other := fresh(t), keystore.Ref{Partition: place, Kind: "counter", ID: "other"}
	fill(t, s, 3000, func(int) string { return random().ID })
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1<<40), keystore.Count(other, 1, 1<<40)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for range 5 {
		var copied bytes.Buffer
		if size, err := s.Backup(ctx, &copied); err != nil || size != int64(copied.Len()) {
			t.Fatalf("Backup: %d of %d bytes, %v", size, copied.Len(), err)
		}
		path := filepath.Join(t.TempDir(), "copy")
		put(t, path, copied.Bytes())
		c := open(t, path)
		clean(t, c)
		if a, b := counted(t, c), keystore.CounterValue(get(t, c, other)); a != b {
			t.Errorf("half of a commit was copied: %d and %d", a, b)
		}
		commit(t, c, keystore.Count(shared, 1, 1<<40))
	}
	close(stop)
	<-stopped
	clean(t, s)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBackupReportsWhyItStopped(t *testing.T) {
	s := fresh(t)
	fill(t, s, 1000, func(int) string { return random().ID })
	full, n := errors.New("no room"), 0
	if _, err := s.Backup(ctx, writerFunc(func(p []byte) (int, error) {
		if n++; n == 3 {
			return 0, full
		}
		return len(p), nil
	})); !errors.Is(err, full) || errors.Is(err, boltstore.ErrDamaged) {
		t.Errorf("a writer that fails: %v", err)
	}
	stopping, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := s.Backup(stopping, writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })); !errors.Is(
		err,
		context.Canceled,
	) {
		t.Errorf("a context that ends: %v", err)
	}
	if err := s.Check(stopping); !errors.Is(err, context.Canceled) {
		t.Errorf("Check in a context that has ended: %v", err)
	}
	clean(t, s)
}
