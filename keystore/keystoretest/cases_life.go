package keystoretest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var outcomeCases = []testCase{
	newCase(
		"CommitTakesEffectOnce",
		promises{
			"A commit takes effect at most once: called again with the same CommitID, Commit returns nil and changes nothing",
		},
		on(func(t tester, s keystore.Store) {
			id, first := storetest.NewID(), []keystore.Change{keystore.Create(thing("a", "first")), keystore.Count(counter("n"), 1, 1)}
			gone := thing("gone", "")
			gone.Rev = storetest.NewID()
			commit(t, s, keystore.Create(thing("b", "")))
			if err := s.Commit(ctx, id, keystore.Replace(gone)); !errors.Is(err, keystore.ErrNotFound) { // which has not taken effect
				t.Errorf("a commit that is refused: %v", err)
			}
			if err := s.Commit(ctx, id, first...); err != nil {
				t.Fatalf("asked again when it can be made: %v", err)
			}
			a, b := get(t, s, "a"), get(t, s, "b")
			for i, again := range [][]keystore.Change{first, first, {keystore.Create(thing("c", ""))}, {keystore.Replace(with(a, "second"))},
				{keystore.Erase(a)},
				{keystore.Create(thing("a", "second"))}, {keystore.Replace(gone), keystore.Create(thing("c", ""))},
				{keystore.Count(counter("n"), 1, 1), keystore.Replace(with(b, "second"))}, {keystore.Unchanged(gone)}} {
				if err := s.Commit(ctx, id, again...); err != nil {
					t.Errorf("asked again (%d): %v", i, err)
				}
				if now := get(t, s, "a"); now.Rev != id || string(now.Data) != "first" || get(t, s, "b").Rev != b.Rev ||
					get(t, s, "c").Exists() ||
					value(t, s, "n") != 1 {
					t.Errorf("asked again (%d), it took effect", i)
				}
			}
			commit(t, s, keystore.Replace(with(a, "overwritten")))
			if err := s.Commit(ctx, id, first...); err != nil || string(get(t, s, "a").Data) != "overwritten" {
				t.Errorf("asked again after the record was overwritten: %v, %s", err, get(t, s, "a").Data)
			}
		}),
	),
	newCase(
		"CommitIsRememberedForAThousandOthers",
		promises{"at least as long as fewer than 1,000 other commits have come after it."},
		on(func(t tester, s keystore.Store) {
			id, once := storetest.NewID(), keystore.Count(counter("n"), 1, 1)
			err := s.Commit(ctx, id, once)
			otherCommits(t, s, storetest.Few(remembered))
			if err := errors.Join(err, s.Commit(ctx, id, once)); err != nil || value(t, s, "n") != 1 {
				t.Errorf("asked again after %d others: %v, counter %d", storetest.Few(remembered), err, value(t, s, "n"))
			}
		}),
	),
}

// otherCommits makes n of them, several at a time.
func otherCommits(t tester, s keystore.Store, n int) {
	t.Helper()
	var made, failed atomic.Int64
	crowd(crowdSize, func(i int) {
		for made.Add(1) <= int64(n) {
			if err := s.Commit(ctx, storetest.NewID(), keystore.Count(counter(fmt.Sprint("other", i)), 1, 1<<40)); err != nil {
				failed.Add(1)
			}
		}
	})
	if n := failed.Load(); n > 0 {
		t.Fatalf("%d commits have failed", n)
	}
}

var lifeCases = []testCase{
	newCase(
		"CancelledCallsDoNothing",
		promises{"A context that is cancelled before a call begins makes the call fail with the context's error and without effect."},
		on(func(t tester, s keystore.Store) {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			for name, err := range everyCall(gone, s, "a") {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
				}
			}
			if get(t, s, "a").Exists() {
				t.Errorf("a cancelled commit took effect")
			}
		}),
	),
	newCase(
		"ClosedStoresRefuse",
		promises{"Later calls fail with ErrClosed; a second Close does nothing.", "ErrClosed: the store was closed."},
		on(func(t tester, s keystore.Store) {
			commit(t, s, keystore.Create(thing("a", "")))
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Errorf("Close, twice: %v", err)
			}
			for name, err := range everyCall(ctx, s, "b") {
				if !errors.Is(err, keystore.ErrClosed) {
					t.Errorf("%s: got %v, want %v", name, err, keystore.ErrClosed)
				}
			}
		}),
	),
	newCase(
		"ReturnedBytesStay",
		promises{
			"When it returns, the changes are the caller's again, all but the bytes of Data.",
			"neither the store nor a caller changes the bytes of Data afterwards.",
		},
		on(func(t tester, s keystore.Store) {
			first := thingAt(here, "a", noon)
			first.Index, first.Data = "index", []byte("first")
			changes := []keystore.Change{
				keystore.Create(first),
				keystore.Create(keystore.Record{Partition: here, Kind: "alias", ID: "x", Index: "a"}),
			}
			commit(t, s, changes...)
			changes[0].Put.Record = thing("b", "other")
			old := append(page(t, s, here, kind, all, "", 10), page(t, s, here, kind, keystore.Filter{Index: &first.Index}, "", 10)...)
			dues, err := s.Due(ctx, here, noon, 10)
			followed := read(t, s, keystore.Ref{Partition: here, Kind: "alias", ID: "x", Follow: kind})[0].Followed
			if old = append(old, dues...); err != nil || len(old) != 3 || followed == nil || get(t, s, "b").Exists() {
				t.Fatalf("%+v, %+v, %v", old, followed, err)
			}
			old = append(old, *followed, get(t, s, "a"))
			for i := range 10 {
				commit(t, s, keystore.Replace(with(get(t, s, "a"), fmt.Sprintf("other%d", i))))
			}
			commit(t, s, keystore.Erase(get(t, s, "a")))
			if err := s.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			first.Rev, first.Data = old[0].Rev, []byte("first") // those given to the store may have changed
			for _, r := range old {
				if !sameRecord(r, first) {
					t.Errorf("what was read first has become %+v", r)
				}
			}
		}),
	),
	newCase(
		"CommitsCancelledMidwayAreNeverHalf",
		promises{"A Commit that has begun is finished or resolved: it never returns a context's error after taking effect."},
		on(func(t tester, s keystore.Store) {
			warm := 0
			takes := usual(func() { warm++; commit(t, s, pair(fmt.Sprint("warm", warm))...) })
			var took atomic.Int64
			var asked sync.Map // ids
			crowd(4, func(i int) {
				for n := range storetest.Few(8) {
					for when, brief := range promise.Cancelled(ctx, takes) {
						id := fmt.Sprintf("%d.%d %s", i, n, when)
						asked.Store(id, true)
						if cancelMidway(brief, t, s, id, n%2 == 0) {
							took.Add(1)
						}
					}
				}
			})
			count := int64(warm)
			for id := range asked.Range {
				if made(t, s, id.(string)) {
					count++
				}
			}
			if n := value(t, s, "n"); n != count || n != took.Load()+int64(warm) {
				t.Errorf(
					"%d commits took effect, and moved the counter to %d; the store said so of %d",
					count,
					n,
					took.Load()+int64(warm),
				)
			}
		}),
	),
	newCase("CallsCancelledMidwayEnd", promises{
		"out of one snapshot: of a commit they show all changes or none.",
	}, on(func(t tester, s keystore.Store) {
		numbered(t, s, 100, "i", "j")
		takes := usual(func() { walk(t, s, here, kind, all, 100, nil) })
		whole := func(what, when string, got, want int, err error) {
			if err == nil && got != want || storetest.Known(err) != nil {
				t.Errorf("%s, %s: %d of %d, %v", what, when, got, want, err)
			}
		}
		crowd(4, func(i int) {
			for when, brief := range promise.Cancelled(ctx, takes) {
				found, err := s.Read(brief, thing("0000", "").Ref(), thing("0001", "").Ref())
				found = slices.DeleteFunc(found, func(f keystore.Found) bool { return !f.Record.Exists() })
				whole("Read", when, len(found), 2, err)
			}
			for when, brief := range promise.Cancelled(ctx, takes) {
				page, err := s.Page(brief, here, kind, keystore.Filter{Index: new("j")}, "", 100)
				whole("Page", when, len(page), 50, err)
			}
			for when, brief := range promise.Cancelled(ctx, takes) {
				dues, err := s.Due(brief, here, noon, 100)
				whole("Due", when, len(dues), 100, err)
			}
		})
		for range 20 {
			get(t, s, "0000") // nothing is left behind that hinders others
		}
	})),
	newCase(
		"CloseWhileCallsRun",
		promises{
			"Any number of goroutines may share one, and the caller that opened it closes it.",
			"Close releases what the store holds.",
		},
		on(func(t tester, s keystore.Store) {
			numbered(t, s, 50, "i")
			const callers, closers, callsBefore = 8, 2, 40
			var calls atomic.Int64
			enough := make(chan struct{})
			ended(t, "Close in use", func() {
				crowd(callers+closers, func(i int) {
					if i >= callers {
						<-enough
						if err := s.Close(); err != nil {
							t.Errorf("Close: %v", err)
						}
						return
					}
					for n, err := 0, error(nil); err == nil; n++ {
						if calls.Add(1) == callsBefore {
							close(enough)
						}
						switch i % 4 {
						case 0:
							_, err = s.Read(ctx, thing("0000", "").Ref())
						case 1:
							_, err = s.Page(ctx, here, kind, all, "", 50)
						case 2:
							_, err = s.Due(ctx, here, noon, 50)
						default:
							err = s.Commit(ctx, storetest.NewID(), pair(fmt.Sprintf("%d.%d", i, n))...)
						}
						if err != nil && !errors.Is(err, keystore.ErrClosed) {
							t.Errorf("a call while the store is closed: %v", err)
						}
					}
				})
			})
		}),
	),
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

// cancelMidway makes a pair with a context that is cancelled meanwhile, and reports whether
// it took effect. Where that is unknown, and half the time where it did not, the
// same commit is asked again.
func cancelMidway(brief context.Context, t tester, s keystore.Store, id string, again bool) bool {
	commitID := storetest.NewID()
	err := s.Commit(brief, commitID, pair(id)...)
	isContexts := errors.Is(err, context.Canceled)
	switch there := made(t, s, id); {
	case err == nil && !there:
		t.Errorf("a commit that was cancelled too late has no effect")
	case isContexts && there:
		t.Errorf("a commit took effect, and returned %v", err)
	case storetest.Known(err) != nil:
		t.Errorf("a cancelled commit: %v", err)
	case isContexts && !again:
		return false
	}
	if err != nil {
		if err := s.Commit(ctx, commitID, pair(id)...); err != nil {
			t.Errorf("asked again with another context: %v", err)
		}
	}
	return made(t, s, id)
}
