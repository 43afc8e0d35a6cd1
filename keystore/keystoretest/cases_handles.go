package keystoretest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// lasting are records with something in every field.
func lasting() (records []keystore.Record) {
	for i, at := range instants() {
		for _, p := range []keystore.Partition{here, away} {
			r := thingAt(p, string([]byte{0xff, byte(9 - i), 0}), at.due)
			r.Index, r.Data = string([]byte{byte(i), 0xc3, 0}), []byte(at.id)
			records = append(records, r)
		}
	}
	return append(records, thing("plain", ""))
}

// content is all that the cases have a store hold, as text.
func content(t tester, s keystore.Store) (text []string) {
	t.Helper()
	add := func(from string, records ...keystore.Record) {
		for _, r := range records {
			text = append(text, fmt.Sprintf("%s: %s %s %q %x %v %q %q", from, r.Partition, r.Kind, r.ID, r.Rev, r.Due, r.Index, r.Data))
		}
	}
	for _, p := range []keystore.Partition{here, away} {
		add("page", append(page(t, s, p, kind, all, "", 1000), page(t, s, p, "counter", all, "", 1000)...)...)
		add("filtered", page(t, s, p, kind, keystore.Filter{Index: new("\x01\xc3\x00")}, "", 1000)...)
		records, err := s.Due(ctx, p, instants()[8].due, 1000)
		if err != nil {
			t.Fatalf("Due: %v", err)
		}
		add("due", records...)
	}
	for _, f := range readAll(t, s, lasting()) {
		add("read", f.Record)
	}
	return text
}

// reopened closes a store and opens its content anew.
func reopened(t tester, k *subject, s keystore.Store) keystore.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return k.Closing(k.Options.Again(k.T, s))
}

var againCases = []testCase{
	newCase("ReopeningKeepsEverything", promises{"Store keeps records."}, func(t tester, k *subject) {
		s := k.Open()
		create(t, s, lasting())
		commit(t, s, keystore.Create(thing("removed", "")), keystore.Count(counter("n"), 7, 10))
		removed := get(t, s, "removed")
		commit(t, s, keystore.Erase(removed), keystore.Replace(with(get(t, s, "plain"), "again")))
		for range 3 {
			want := content(t, s)
			s = reopened(t, k, s)
			same(t, "after reopening", content(t, s), want)
			refused(t, s, "a record that was removed", keystore.ErrNotFound, keystore.Replace(removed))
			refused(t, s, "a counter above its ceiling", keystore.ErrCeiling, keystore.Count(counter("n"), 4, 10))
			refused(t, s, "Put on a counter", keystore.ErrInvalid, keystore.Replace(read(t, s, counter("n"))[0].Record))
			commit(t, s, keystore.Replace(get(t, s, "plain")), keystore.Count(counter("n"), 1, 10))
		}
	}).Needing("Again"),
	newCase(
		"ReopeningKeepsOutcomes",
		promises{"at least as long as fewer than 1,000 other commits have come after it."},
		func(t tester, k *subject) {
			s, id, other := k.Open(), storetest.NewID(), storetest.NewID()
			once := []keystore.Change{keystore.Create(thing("a", "")), keystore.Count(counter("n"), 1, 1)}
			if err := errors.Join(s.Commit(ctx, id, once...), s.Commit(ctx, other, keystore.Create(thing("a", "")))); !errors.Is(
				err,
				keystore.ErrExists,
			) {
				t.Errorf("a commit, and one that is refused: %v", err)
			}
			for _, others := range []int{0, storetest.Few(remembered) / 2, storetest.Few(remembered) - storetest.Few(remembered)/2} {
				otherCommits(t, s, others)
				s = reopened(t, k, s)
				if err := s.Commit(ctx, id, once...); err != nil {
					t.Errorf("after reopening and %d others, asked again: %v", others, err)
				}
			}
			if err := s.Commit(ctx, other, keystore.Create(thing("b", ""))); err != nil || !get(t, s, "b").Exists() {
				t.Errorf("a refused commit, asked again when it can be made: %v", err)
			}
		},
	).Needing("Again"),
	newCase(
		"ClosingLosesNoCommit",
		promises{"Close releases what the store holds. Later calls fail with ErrClosed"},
		func(t tester, k *subject) {
			s := k.Open()
			var mu sync.Mutex // guards outcomes
			outcomes := map[string]error{}
			var calls atomic.Int64
			ended(t, "after Close", func() {
				crowd(crowdSize, func(i int) {
					for n, err := 0, error(nil); err == nil; n++ {
						if calls.Add(1) == int64(storetest.Few(10*crowdSize)) {
							go s.Close()
						}
						id := fmt.Sprintf("%d.%d", i, n)
						err = s.Commit(ctx, storetest.NewID(), pair(id)...)
						mu.Lock()
						outcomes[id] = err
						mu.Unlock()
					}
				})
			})
			s = reopened(t, k, s)
			count := int64(0)
			for id, err := range outcomes {
				there, closed := made(t, s, id), errors.Is(err, keystore.ErrClosed)
				if there {
					count++
				}
				if err == nil && !there || closed && there || err != nil && !closed {
					t.Errorf("a commit while the store was closed returned %v; it took effect: %v", err, there)
				}
			}
			if n := value(t, s, "n"); n != count {
				t.Errorf("%d commits took effect, and moved the counter to %d", count, n)
			}
		},
	).Needing("Again"),
}

// handleCases are those of two handles on one content: what one process has
// committed is what the next call of another handle reads.
var handleCases = []testCase{
	newCase(
		"HandlesSeeEachOther",
		promises{"out of one snapshot", "Commit checks all changes against the same state"},
		func(t tester, k *subject) {
			first := k.Open()
			handles := [2]keystore.Store{first, k.Closing(k.Options.Second(k.T, first))}
			rev := commit(t, first, keystore.Create(thingAt(here, "a", noon)))
			for n := range storetest.Few(16) {
				writer, reader := handles[(n+1)%2], handles[n%2]
				stale := get(t, reader, "a")
				if stale.Rev != rev {
					t.Fatalf("turn %d: the other handle sees revision %x, want %x", n, stale.Rev, rev)
				}
				moved := stale
				moved.Index, moved.Due = fmt.Sprint(n), noon.Add(time.Duration(n+1)*time.Second)
				rev = commit(t, writer, keystore.Replace(moved), keystore.Count(counter("n"), 1, int64(n+1)))
				refused(t, reader, "the revision that the other has replaced", keystore.ErrConflict, keystore.Replace(stale))
				refused(t, reader, "the ceiling that the other has reached", keystore.ErrCeiling,
					keystore.Count(counter("n"), 1, int64(n+1)))
				same(t, "filtered", ids(page(t, reader, here, kind, keystore.Filter{Index: &moved.Index}, "", 10)), []string{"a"})
				same(t, "filtered by what was", ids(page(t, reader, here, kind, keystore.Filter{Index: &stale.Index}, "", 10)), nil)
				same(t, "due", due(t, reader, here, moved.Due, 10), []string{"a"})
				same(t, "due when it was", due(t, reader, here, stale.Due, 10), nil)
			}
		},
	).Needing("Second"),
	newCase(
		"HandlesShareOutcomes",
		promises{"called again with the same CommitID, Commit returns nil and changes nothing"},
		func(t tester, k *subject) {
			first := k.Open()
			second := k.Closing(k.Options.Second(k.T, first))
			for n := range storetest.Few(16) {
				id := storetest.NewID()
				for _, s := range []keystore.Store{first, second, first} {
					if err := s.Commit(ctx, id, keystore.Count(counter("n"), 1, 1<<40)); err != nil {
						t.Errorf("asked of another handle: %v", err)
					}
				}
				if got := value(t, second, "n"); got != int64(n+1) {
					t.Fatalf("%d commits have moved the counter to %d", n+1, got)
				}
				first, second = second, first
			}
		},
	).Needing("Second"),
	newCase("ClosingOneHandleKeepsTheOtherOpen", promises{"the caller that opened it closes it."}, func(t tester, k *subject) {
		first := k.Open()
		for i := range 2 {
			second := k.Closing(k.Options.Second(k.T, first))
			commit(t, first, keystore.Create(thing(fmt.Sprint("first", i), "")))
			commit(t, second, keystore.Create(thing(fmt.Sprint("second", i), "")))
			if err := first.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			if _, err := first.Read(ctx, counter("n")); !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("the closed handle: %v", err)
			}
			if n := len(page(t, second, here, kind, all, "", 10)); n != 2*i+2 {
				t.Errorf("after the other handle was closed there are %d records, want %d", n, 2*i+2)
			}
			commit(t, second, keystore.Count(counter("n"), 1, 10))
			first = second
		}
	}).Needing("Second"),
	newCase(
		"CutCommitsAreResolved",
		promises{"after Commit, that the outcome is unknown and that the same CommitID may be asked again."},
		func(t tester, k *subject) {
			s, each := k.Open(), storetest.Few(20)
			var done atomic.Int64
			crowd(crowdSize/2, func(i int) {
				for n := range each {
					if i == 0 { // between its own calls, while those of the others run
						k.Options.Cut(k.T, s)
					}
					if resolved(t, s, pair(fmt.Sprintf("%d.%d", i, n))) {
						done.Add(1)
					}
				}
			})
			var err error
			for began := time.Now(); time.Since(began) < patience; {
				if _, err = s.Read(ctx, counter("n")); err == nil {
					break
				}
			}
			for i := range crowdSize / 2 {
				for n := range each {
					if !made(t, s, fmt.Sprintf("%d.%d", i, n)) {
						t.Errorf("a commit that returned nil has no effect")
					}
				}
			}
			if n := value(t, s, "n"); n != done.Load() {
				t.Errorf("%d commits took effect, and moved the counter to %d", done.Load(), n)
			}
		},
	).Needing("Cut"),
}

// resolved asks for one commit until its outcome is known.
func resolved(t tester, s keystore.Store, changes []keystore.Change) bool {
	id := storetest.NewID()
	for began := time.Now(); time.Since(began) < patience; {
		switch err := s.Commit(ctx, id, changes...); {
		case err == nil:
			return true
		case storetest.Known(err) != nil:
			t.Errorf("a commit whose outcome was unknown, asked again: %v", err)
			return false
		}
	}
	t.Errorf("a commit has no known outcome after %v", patience)
	return false
}
