package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Races runs calls at the same time that must not disturb each other, on handles
// of one content: those that open returns.
func Races(t *testing.T, open func(t testing.TB) []keystore.Store) {
	for _, c := range races {
		c.Run(t, func(t *testing.T) []keystore.Store { return open(t) })
	}
}

var (
	ctx  = context.Background()
	here = keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

const kind keystore.Kind = "thing"

const crowd = 16 // goroutines

// Few is n, or a quarter of it in a short test.
func Few(n int) int {
	if testing.Short() {
		return (n + 3) / 4
	}
	return n
}

// NewID is the id of another commit.
func NewID() (id keystore.CommitID) {
	rand.Read(id[:])
	return id
}

// Known is the error that the interface names, by which the outcome of a commit is known; nil for any other.
func Known(err error) error {
	for _, known := range []error{keystore.ErrNotFound, keystore.ErrExists, keystore.ErrConflict, keystore.ErrCeiling, keystore.ErrInvalid,
		keystore.ErrClosed} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

func thing(id, data string) keystore.Record {
	return keystore.Record{Partition: here, Kind: kind, ID: id, Data: []byte(data)}
}

func counter(id string) keystore.Ref { return keystore.Ref{Partition: here, Kind: "counter", ID: id} }

func commit(t promise.T, s keystore.Store, changes ...keystore.Change) {
	t.Helper()
	if err := s.Commit(ctx, NewID(), changes...); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// read is nil after a failure, which it reports.
func read(t promise.T, s keystore.Store, refs ...keystore.Ref) []keystore.Found {
	t.Helper()
	found, err := s.Read(ctx, refs...)
	if err != nil || len(found) != len(refs) {
		t.Errorf("Read of %d refs: %d answers, %v", len(refs), len(found), err)
		return nil
	}
	return found
}

// Together runs n goroutines, and calls look again and again, at least once, until
// they have ended or it returns false. A nil look is none.
func Together(n int, look func() bool, do func(i int)) {
	var doing, looking sync.WaitGroup
	for i := range n {
		doing.Go(func() { do(i) })
	}
	var done atomic.Bool
	if look != nil {
		looking.Go(func() {
			for look() && !done.Load() {
			}
		})
	}
	doing.Wait()
	done.Store(true)
	looking.Wait()
}

var newRace = promise.New[[]keystore.Store]

var races = []promise.Case[[]keystore.Store]{
	newRace(
		"CrowdsAppend",
		[]string{
			"Commit checks all changes against the same state",
			"out of one snapshot: of a commit they show all changes or none.",
			"another revision ErrConflict",
			"rise above Ceiling",
		},
		crowdsAppend,
	),
	newRace("FollowingIsOneSnapshot", []string{"An alias is followed to its key in the same snapshot."}, followingIsOneSnapshot),
	newRace("ChangesComeInAnyOrder", []string{"applies all of them or none"}, changesComeInAnyOrder),
	newRace("OneCommitIDForACrowd", []string{"A commit takes effect at most once"}, oneCommitIDForACrowd),
	newRace("PagesWhileOthersWrite", []string{"those that stay are each seen exactly once."}, pagesWhileOthersWrite),
}

// crowdsAppend has a crowd append to two records, each time moving a counter, and
// move another counter up to its ceiling. A reader sees all at the same number, and
// no append is lost.
func crowdsAppend(t promise.T, handles []keystore.Store) {
	a, b := thing("a", ""), thing("b", "")
	b.Partition.Account = "444455556666"
	commit(t, handles[0], keystore.Create(a), keystore.Create(b))
	each := Few(10)
	total := int64(crowd / 2 * each)
	refs := []keystore.Ref{a.Ref(), b.Ref(), counter("n"), counter("half")}
	see := func() (n int64, ok bool) {
		found := read(t, handles[0], refs...)
		if found == nil {
			return 0, false
		}
		n = keystore.CounterValue(found[2].Record)
		half := keystore.CounterValue(found[3].Record)
		ok = int64(len(found[0].Record.Data)) == n && int64(len(found[1].Record.Data)) == n && half <= total/2
		if !ok {
			t.Errorf("in one snapshot %d and %d bytes, a counter at %d, another at %d of %d", len(found[0].Record.Data),
				len(found[1].Record.Data), n, half, total/2)
		}
		return n, ok
	}
	var taken atomic.Int64
	Together(crowd/2, func() bool { _, ok := see(); return ok }, func(i int) {
		s := handles[i%len(handles)]
		for range each {
			switch err := s.Commit(ctx, NewID(), keystore.Count(counter("half"), 1, total/2)); {
			case err == nil:
				taken.Add(1)
			case !errors.Is(err, keystore.ErrCeiling):
				t.Errorf("Commit: %v", err)
			}
			for !appended(t, s, refs) {
			}
		}
	})
	if n, _ := see(); n != total || taken.Load() != total/2 {
		t.Errorf("of %d commits %d took effect, of %d that fit %d", total, n, total/2, taken.Load())
	}
}

// appended tries to append once, and reports whether that is done or in vain.
func appended(t promise.T, s keystore.Store, refs []keystore.Ref) bool {
	found := read(t, s, refs...)
	if found == nil {
		return true
	}
	changes := []keystore.Change{keystore.Count(refs[2], 1, 1<<40)}
	for _, f := range found[:2] {
		f.Record.Data = append(slices.Clone(f.Record.Data), 'x')
		changes = append(changes, keystore.Replace(f.Record))
	}
	err := s.Commit(ctx, NewID(), changes...)
	if err != nil && !errors.Is(err, keystore.ErrConflict) {
		t.Errorf("Commit: %v", err)
		return true
	}
	return err == nil
}

// followingIsOneSnapshot has an alias point to another key in each commit, which
// also removes the key before it.
func followingIsOneSnapshot(t promise.T, handles []keystore.Store) {
	alias := keystore.Record{Partition: here, Kind: "alias", ID: "x", Index: "k0", Data: []byte("0")}
	commit(t, handles[0], keystore.Create(alias), keystore.Create(thing("k0", "0")))
	ref := alias.Ref()
	ref.Follow = kind
	Together(1, func() bool {
		found := read(t, handles[0], ref)
		ok := found != nil && found[0].Followed != nil && string(found[0].Followed.Data) == string(found[0].Record.Data)
		if !ok {
			t.Errorf("following found %+v", found)
		}
		return ok
	}, func(int) {
		writer := handles[len(handles)-1]
		for i := range Few(100) {
			found := read(t, writer, ref)
			if found == nil || found[0].Followed == nil {
				return
			}
			moved, n := found[0].Record, strconv.Itoa(i+1)
			moved.Index, moved.Data = "k"+n, []byte(n)
			if err := writer.Commit(ctx, NewID(), keystore.Replace(moved), keystore.Create(thing("k"+n, n)),
				keystore.Erase(*found[0].Followed)); err != nil {
				t.Errorf("Commit: %v", err)
				return
			}
		}
	})
}

// changesComeInAnyOrder has a crowd move the same new counters and write records of
// their own, in orders that would have locks wait for each other.
func changesComeInAnyOrder(t promise.T, handles []keystore.Store) {
	for n := range Few(6) {
		var refs []keystore.Ref
		for c := range 4 {
			ref := counter(fmt.Sprintf("%d of %d", c, n))
			ref.Partition.Account = fmt.Sprintf("%012d", c)
			refs = append(refs, ref)
		}
		Together(crowd/2, nil, func(i int) {
			changes := []keystore.Change{keystore.Create(thing(fmt.Sprintf("%d of %d", i, n), ""))}
			for _, ref := range refs {
				changes = append(changes, keystore.Count(ref, 1, 1000))
			}
			mathrand.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
			if err := handles[i%len(handles)].Commit(ctx, NewID(), changes...); err != nil {
				t.Errorf("a commit that nothing forbids: %v", err)
			}
		})
		for _, f := range read(t, handles[0], refs...) {
			if got := keystore.CounterValue(f.Record); got != crowd/2 {
				t.Errorf("%d commits have moved a counter to %d", crowd/2, got)
			}
		}
	}
}

// oneCommitIDForACrowd has a crowd ask for one commit, each with other changes.
func oneCommitIDForACrowd(t promise.T, handles []keystore.Store) {
	for n := range Few(32) {
		id, start := NewID(), make(chan struct{})
		Together(crowd/2, nil, func(i int) {
			if i == 0 {
				close(start)
			}
			<-start
			changes := []keystore.Change{keystore.Create(thing(fmt.Sprintf("%d.%d", n, i%4), "")), keystore.Count(counter("n"), 1, 1<<40)}
			if err := handles[i%len(handles)].Commit(ctx, id, changes...); err != nil {
				t.Errorf("asked by a crowd: %v", err)
			}
		})
		page, err := handles[0].Page(ctx, here, kind, keystore.Filter{}, "", 1000)
		found := read(t, handles[0], counter("n"))
		if found == nil || err != nil {
			t.Fatalf("Page: %v", err)
		}
		if got := keystore.CounterValue(found[0].Record); got != int64(n+1) || len(page) != n+1 {
			t.Fatalf("%d commits have made %d records and moved a counter to %d", n+1, len(page), got)
		}
	}
}

// pagesWhileOthersWrite walks through records, some of which come and go.
func pagesWhileOthersWrite(t promise.T, handles []keystore.Store) {
	var want []string
	var changes []keystore.Change
	for i := range 60 {
		r := thing(fmt.Sprintf("%04d", i), "")
		r.Index = "i"
		want, changes = append(want, r.ID), append(changes, keystore.Create(r))
	}
	commit(t, handles[0], changes...)
	walks := 0
	Together(4, func() bool {
		walks++
		return walked(t, handles[0], []keystore.Filter{{}, {Index: new("i")}}[walks%2], want)
	}, func(i int) {
		for range Few(30) {
			if err := passing(handles[i%len(handles)], want[mathrand.IntN(len(want))]); err != nil {
				t.Errorf("writing during a walk: %v", err)
				return
			}
		}
	})
}

func walked(t promise.T, s keystore.Store, f keystore.Filter, want []string) bool {
	var got []string
	for after, more := "", true; more; {
		page, err := s.Page(ctx, here, kind, f, after, 7)
		if err != nil {
			t.Errorf("Page: %v", err)
			return false
		}
		for _, r := range page {
			after, got = r.ID, append(got, r.ID)
		}
		more = len(page) == 7
	}
	stayed := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return len(id) > 4 })
	if !slices.IsSorted(got) || !slices.Equal(stayed, want) {
		t.Errorf("got, in this order, %q, want once, among others, %q", got, want)
		return false
	}
	return true
}

// passing rewrites a record that stays, and makes and removes another.
func passing(s keystore.Store, id string) error {
	other := thing(id+"x"+strings.ToLower(rand.Text()), "")
	other.Index = "i"
	found, err := s.Read(ctx, thing(id, "").Ref())
	if err != nil {
		return err
	}
	err = s.Commit(ctx, NewID(), keystore.Replace(found[0].Record), keystore.Create(other))
	if errors.Is(err, keystore.ErrConflict) {
		return nil // another was faster
	} else if err != nil {
		return err
	}
	if found, err = s.Read(ctx, other.Ref()); err != nil {
		return err
	}
	return s.Commit(ctx, NewID(), keystore.Erase(found[0].Record))
}
