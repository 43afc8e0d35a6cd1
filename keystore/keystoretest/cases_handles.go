package keystoretest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// secondCases are those of two handles on one content: what one process has
// committed is what the next call of another sees.
var secondCases = []KindCase{
	{"HandlesSeeEachOther", "Read returns the answer to each ref, in their order, out of one snapshot", NeedsSecond, func(t T, b *Bench) {
		first := b.Open()
		handlesSeeEachOther(t, [2]keystore.Store{first, b.Second(first)})
	}},
	{"HandlesShareOutcomes", "asked again under the same CommitID it returns nil and changes nothing", NeedsSecond, func(t T, b *Bench) {
		first := b.Open()
		second := b.Second(first)
		for n := range few(rounds) {
			id := newID()
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
	}},
	{"ClosingOneHandleLeavesTheOther", "Close releases what the store holds. Later calls fail with ErrClosed", NeedsSecond, func(t T, b *Bench) {
		first := b.Open()
		for i := range 2 {
			second := b.Second(first)
			commit(t, first, keystore.Create(thing(fmt.Sprint("first", i), "")))
			commit(t, second, keystore.Create(thing(fmt.Sprint("second", i), "")))
			if err := first.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			if _, err := first.Read(ctx, counter("n")); !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("the closed handle: %v", err)
			}
			if len(walk(t, second, here, kind, keystore.Filter{}, 10, nil)) != 2*i+2 {
				t.Errorf("closing a handle lost records")
			}
			commit(t, second, keystore.Count(counter("n"), 1, 10))
			first = second
		}
	}},
}

// handlesSeeEachOther writes by one handle and looks by the other, in turns.
func handlesSeeEachOther(t T, handles [2]keystore.Store) {
	rev := commit(t, handles[0], keystore.Create(dueAt("a", here, noon)))
	for n := range few(rounds) {
		writer, reader := handles[(n+1)%2], handles[n%2]
		stale := get(t, reader, "a")
		if stale.Rev != rev {
			t.Fatalf("turn %d: the other handle sees revision %x, want %x", n, stale.Rev, rev)
		}
		moved := stale
		moved.Index, moved.Due = fmt.Sprint(n), noon.Add(time.Duration(n+1)*time.Second)
		rev = commit(t, writer, keystore.Replace(moved), keystore.Count(counter("n"), 1, int64(n+1)))
		failing(t, reader, "the revision that the other has replaced", keystore.ErrConflict, keystore.Replace(stale))
		failing(t, reader, "the ceiling that the other has reached", keystore.ErrCeiling, keystore.Count(counter("n"), 1, int64(n+1)))
		same(t, "filtered", walk(t, reader, here, kind, keystore.Filter{Index: &moved.Index}, 10, nil), []string{"a"})
		same(t, "filtered by what was", walk(t, reader, here, kind, keystore.Filter{Index: &stale.Index}, 10, nil), nil)
		same(t, "due", due(t, reader, here, moved.Due, 10), []string{"a"})
		same(t, "due when it was", due(t, reader, here, stale.Due, 10), nil)
	}
}

var cutCases = []KindCase{
	{"CutCommitsAreResolved", "after Commit, that the outcome is unknown and that the same CommitID may be asked again.", NeedsCut, func(t T, b *Bench) {
		s := b.Open()
		const cuts = 20
		each := few(20)
		var done atomic.Int64
		until(1, func() {
			crowd(crowdSize/2, func(i int) {
				for n := range each {
					if resolved(t, s, newID(), pair(fmt.Sprintf("%d.%d", i, n))) {
						done.Add(1)
					}
				}
			})
		}, cutting(b, s, cuts))
		patiently(t, s)
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
	}},
}

// cutting cuts the store's calls, a few times.
func cutting(b *Bench, s keystore.Store, times int) func() bool {
	return func() bool {
		b.Cut(s)
		time.Sleep(2 * time.Millisecond) // for the calls to get going
		times--
		return times > 0
	}
}

// resolved asks for one commit until its outcome is known.
func resolved(t T, s keystore.Store, id keystore.CommitID, changes []keystore.Change) bool {
	for began := time.Now(); time.Since(began) < patience; {
		switch err := s.Commit(ctx, id, changes...); {
		case err == nil:
			return true
		case named(err):
			t.Errorf("a commit whose outcome was unknown, asked again: %v", err)
			return false
		}
	}
	t.Errorf("a commit has no known outcome after %v", patience)
	return false
}

// patiently reads until that works again.
func patiently(t T, s keystore.Store) {
	var err error
	for began := time.Now(); time.Since(began) < patience; {
		if _, err = s.Read(ctx, counter("n")); err == nil {
			return
		}
	}
	t.Fatalf("the store does not work again after %v: %v", patience, err)
}
