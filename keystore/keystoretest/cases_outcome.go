package keystoretest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// briefly is a context that ends at a random moment of a call that takes usual.
func briefly(usual time.Duration) (context.Context, context.CancelFunc) {
	brief, cancel := context.WithCancel(ctx)
	if after := rand.N(usual*3/2 + 1); after > usual/8 {
		time.AfterFunc(after, cancel)
	} else {
		go cancel()
	}
	return brief, cancel
}

// usual is how long a call takes.
func usual(call func()) time.Duration {
	const calls = 4
	began := time.Now()
	for range calls {
		call()
	}
	return time.Since(began) / calls
}

// pair is two records, in two partitions, and a counter that are written together.
func pair(id string) []keystore.Change {
	other := thing(id, "")
	other.Partition = away
	return []keystore.Change{keystore.Create(thing(id, "")), keystore.Count(counter("n"), 1, 1<<40), keystore.Create(other)}
}

// made says whether a pair is there, and faults half a pair.
func made(t T, s keystore.Store, id string) bool {
	refs := []keystore.Ref{thing(id, "").Ref(), thing(id, "").Ref()}
	refs[1].Partition = away
	found, err := s.Read(ctx, refs...)
	if err != nil || len(found) != 2 {
		t.Errorf("Read: %d answers, %v", len(found), err)
		return false
	}
	if found[0].Record.Exists() != found[1].Record.Exists() {
		t.Errorf("half of commit %s took effect", id)
	}
	return found[0].Record.Exists()
}

var outcomeCases = []Case{
	{"TheFirstCommitOfAnIDCounts", "asked again under the same CommitID it returns nil and changes nothing", func(t T, s keystore.Store) {
		id := newID()
		if err := s.Commit(ctx, id, keystore.Create(thing("a", "first")), keystore.Count(counter("n"), 1, 1)); err != nil {
			t.Fatalf("Commit: %v", err)
		}
		a := get(t, s, "a")
		gone := thing("gone", "")
		gone.Rev = newID()
		for i, others := range [][]keystore.Change{
			{keystore.Create(thing("b", ""))},
			{keystore.Replace(with(a, "second"))},
			{keystore.Erase(a)},
			{keystore.Create(thing("a", "second"))},
			{keystore.Replace(gone), keystore.Create(thing("b", ""))},
			{keystore.Count(counter("n"), 1, 1), keystore.Create(thing("b", ""))},
			{keystore.Unchanged(gone)},
		} {
			if err := s.Commit(ctx, id, others...); err != nil {
				t.Errorf("asked again with other changes (%d): %v", i, err)
			}
			if now := get(t, s, "a"); now.Rev != id || string(now.Data) != "first" || get(t, s, "b").Exists() || value(t, s, "n") != 1 {
				t.Errorf("other changes (%d) under the same CommitID took effect", i)
			}
		}
	}},
	{"CommitsCancelledMidwayAreNeverHalf", "A Commit that has begun is finished or resolved: it never returns a context's error after taking effect.", func(t T, s keystore.Store) {
		warm := 0
		takes := usual(func() { warm++; commit(t, s, pair(fmt.Sprint("warm", warm))...) })
		var took atomic.Int64
		crowd(4, func(i int) {
			for n := range few(20) {
				if cancelMidway(t, s, fmt.Sprintf("%d.%d", i, n), takes, n%2 == 0) {
					took.Add(1)
				}
			}
		})
		if n := value(t, s, "n"); n != took.Load()+int64(warm) {
			t.Errorf("%d commits took effect, and moved the counter to %d", took.Load()+int64(warm), n)
		}
		for i := range 4 {
			for n := range few(20) {
				made(t, s, fmt.Sprintf("%d.%d", i, n))
			}
		}
	}},
	{"CallsCancelledMidwayEnd", "Read returns the answer to each ref, in their order, out of one snapshot", func(t T, s keystore.Store) {
		indexed(t, s, 100, "i", "j")
		takes := usual(func() { walk(t, s, here, kind, keystore.Filter{}, 100, nil) })
		crowd(4, func(i int) {
			for range few(30) {
				brief, cancel := briefly(takes)
				found, readErr := s.Read(brief, thing("0000", "").Ref(), thing("0001", "").Ref())
				page, pageErr := s.Page(brief, here, kind, keystore.Filter{Index: new("j")}, "", 100)
				dues, dueErr := s.Due(brief, here, noon, 100)
				cancel()
				if readErr == nil && (len(found) != 2 || !found[0].Record.Exists()) || pageErr == nil && len(page) != 50 || dueErr == nil && len(dues) != 100 {
					t.Errorf("a cancelled call returned half an answer: %d of 2, %d of 50, %d of 100", len(found), len(page), len(dues))
				}
				for _, err := range []error{readErr, pageErr, dueErr} {
					if named(err) {
						t.Errorf("a cancelled call: %v", err)
					}
				}
			}
		})
		for range 20 {
			get(t, s, "0000") // whatever was left behind hinders nobody
		}
	}},
	{"CloseWhileCallsRun", "Later calls fail with ErrClosed; a second Close does nothing.", func(t T, s keystore.Store) {
		indexed(t, s, 50, "i")
		var calls atomic.Int64
		var n atomic.Int64
		ops := []func() error{
			func() error { _, err := s.Read(ctx, thing("0000", "").Ref()); return err },
			func() error { _, err := s.Page(ctx, here, kind, keystore.Filter{}, "", 50); return err },
			func() error { _, err := s.Due(ctx, here, noon, 50); return err },
			func() error { return s.Commit(ctx, newID(), pair(fmt.Sprint(n.Add(1)))...) },
		}
		const callers, closers, callsBefore = 8, 2, 40
		if !within(func() {
			crowd(callers+closers, func(i int) {
				if i >= callers {
					for calls.Load() < callsBefore {
						time.Sleep(10 * time.Microsecond)
					}
					if err := s.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
					return
				}
				for err := error(nil); err == nil; calls.Add(1) {
					if err = ops[i%len(ops)](); err != nil && !errors.Is(err, keystore.ErrClosed) {
						t.Errorf("a call while the store is closed: %v", err)
						calls.Add(callsBefore)
					}
				}
			})
		}) {
			t.Fatalf("Close, or a call, has not ended after %v", patience)
		}
	}},
}

// cancelMidway makes a pair with a context that ends meanwhile, and says
// whether it took effect. Where that is unknown, and half the time where it
// did not, the same commit is asked again.
func cancelMidway(t T, s keystore.Store, id string, takes time.Duration, again bool) bool {
	brief, cancel := briefly(takes)
	defer cancel()
	commitID := newID()
	err := s.Commit(brief, commitID, pair(id)...)
	isContexts := errors.Is(err, context.Canceled)
	switch there := made(t, s, id); {
	case err == nil && !there:
		t.Errorf("a commit that was cancelled too late has no effect")
	case isContexts && there:
		t.Errorf("a commit took effect, and returned %v", err)
	case err != nil && named(err):
		t.Errorf("a cancelled commit: %v", err)
	case isContexts && !again:
		return false
	}
	if err != nil {
		if err := s.Commit(ctx, commitID, pair(id)...); err != nil {
			t.Errorf("asked again with another context: %v", err)
		}
		return made(t, s, id)
	}
	return true
}
