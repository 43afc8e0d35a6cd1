package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestGroupedCommitsAreCheckedOneByOne has many commit at once, half of them
// what must be refused at the last of several changes.
func TestGroupedCommitsAreCheckedOneByOne(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	taken := random()
	if err := s.Commit(ctx, draw(), keystore.Create(taken)); err != nil {
		t.Fatal(err)
	}
	const callers, each = 32, 20
	var made atomic.Int64
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for n := range each {
				mine := random()
				mine.ID = fmt.Sprintf("%d-%d", c, n)
				changes := []keystore.Change{keystore.Create(mine), keystore.Count(shared, 1, 1<<20)}
				bad := (c+n)%2 == 0
				if bad {
					changes = append(changes, keystore.Create(taken))
				}
				err := s.Commit(ctx, draw(), changes...)
				if bad != errors.Is(err, keystore.ErrExists) || !bad && err != nil {
					t.Errorf("commit %s: %v, want it refused: %v", mine.ID, err, bad)
				}
				if get(t, s, mine.Ref()).Exists() == bad {
					t.Errorf("record %s is there: %v", mine.ID, !bad)
				}
				if !bad {
					made.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := counted(t, s); n != made.Load() {
		t.Errorf("the counter is at %d after %d commits", n, made.Load())
	}
	clean(t, s)
}

// TestWaitingCommitIsCancelled: whatever the moment, a commit that reports
// its context's end has had no effect, and others go on.
func TestWaitingCommitIsCancelled(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	var made, cancelled atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 20 {
				stopping, cancel := context.WithCancel(ctx)
				go cancel()
				switch err := s.Commit(stopping, draw(), keystore.Count(shared, 1, 1<<20)); {
				case err == nil:
					made.Add(1)
				case errors.Is(err, context.Canceled):
					cancelled.Add(1)
				default:
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if n := counted(t, s); n != made.Load() {
		t.Errorf("the counter is at %d after %d commits and %d cancelled", n, made.Load(), cancelled.Load())
	}
}

// TestCloseEndsWaitingCommits: those that wait are made or fail because the store
// is closed.
func TestCloseEndsWaitingCommits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	var made atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1<<20))
				if err != nil {
					if !errors.Is(err, keystore.ErrClosed) {
						t.Error(err)
					}
					return
				}
				if made.Add(1) == 50 {
					s.Close()
				}
			}
		})
	}
	wg.Wait()
	if n := counted(t, open(t, path)); n != made.Load() {
		t.Errorf("%d commits were made, the counter is at %d", made.Load(), n)
	}
}
