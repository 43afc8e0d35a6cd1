package keystoretest

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

var readCases = []Case{
	{"ReadTellsOfAbsence", "A record that is not there is no error.", func(t T, s keystore.Store) {
		found, err := s.Read(ctx, thing("none", "").Ref())
		if err != nil || len(found) != 1 || found[0].Record.Exists() {
			t.Errorf("got %+v, %v", found, err)
		}
	}},
	{"ReadReturnsWhatWasPut", "Read returns the answer to each ref, in their order", func(t T, s keystore.Store) {
		want := thing("b", "data\x00\xff")
		want.Due, want.Index = noon.Add(1500*time.Microsecond), "index"
		want.Rev = commit(t, s, keystore.Create(want), keystore.Create(thing("a", "")))
		found, err := s.Read(ctx, want.Ref(), thing("none", "").Ref(), thing("a", "").Ref())
		if err != nil || len(found) != 3 {
			t.Fatalf("%d answers, %v", len(found), err)
		}
		got := found[0].Record
		if got.ID != "b" || got.Index != "index" || string(got.Data) != string(want.Data) || got.Rev != want.Rev || got.Partition != here || got.Kind != kind {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if !got.Due.Equal(noon.Add(time.Millisecond)) {
			t.Errorf("Due %v, want it cut to milliseconds", got.Due)
		}
		if found[1].Record.Exists() || found[2].Record.ID != "a" || !found[2].Record.Due.IsZero() {
			t.Errorf("then %+v and %+v", found[1], found[2])
		}
	}},
	{"ReadAnswersEveryRef", "Read returns the answer to each ref, in their order", func(t T, s keystore.Store) {
		if found, err := s.Read(ctx); err != nil || len(found) != 0 {
			t.Errorf("a Read of nothing: %+v, %v", found, err)
		}
		commit(t, s, keystore.Create(thing("a", "")), keystore.Create(thing("b", "")), keystore.Count(counter("a"), 7, 10))
		all := []keystore.Ref{thing("a", "").Ref(), thing("none", "").Ref(), counter("a"), thing("b", "").Ref()}
		var refs []keystore.Ref // each many times
		for i := range 300 {
			refs = append(refs, all[i%len(all)])
		}
		found, err := s.Read(ctx, refs...)
		if err != nil || len(found) != len(refs) {
			t.Fatalf("%d refs have %d answers, %v", len(refs), len(found), err)
		}
		for i, f := range found {
			if exists := i%4 != 1; f.Record.Exists() != exists || exists && f.Record.Ref() != refs[i] {
				t.Errorf("to %+v the answer is %+v", refs[i], f.Record)
			}
		}
	}},
	{"ReadFollows", "Follow, when not empty, asks for a second record as well", func(t T, s keystore.Store) {
		alias := keystore.Record{Partition: here, Kind: "alias", ID: "x", Index: "a"}
		empty := keystore.Record{Partition: here, Kind: "alias", ID: "y", Index: "gone"}
		without := keystore.Record{Partition: here, Kind: "alias", ID: "z"}
		elsewhere := thing("a", "away")
		elsewhere.Partition = away
		commit(t, s, keystore.Create(alias), keystore.Create(empty), keystore.Create(without), keystore.Create(thing("a", "here")), keystore.Create(elsewhere))
		ref := alias.Ref()
		if got := read(t, s, ref); got.Followed != nil {
			t.Errorf("followed without being asked to: %+v", got)
		}
		ref.Follow = kind
		if got := read(t, s, ref); got.Followed == nil || string(got.Followed.Data) != "here" || !got.Record.Exists() {
			t.Errorf("followed to %+v", got)
		}
		for _, ref.ID = range []string{"y", "z"} {
			if got := read(t, s, ref); !got.Record.Exists() || got.Followed != nil {
				t.Errorf("followed to nothing: %+v", got)
			}
		}
		ref.ID = "none"
		if got := read(t, s, ref); got.Record.Exists() || got.Followed != nil {
			t.Errorf("followed from nothing: %+v", got)
		}
	}},
}

// failing tries changes that must fail, and that nothing has changed.
func failing(t T, s keystore.Store, what string, want error, changes ...keystore.Change) {
	t.Helper()
	if err := s.Commit(ctx, newID(), changes...); !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

var commitCases = []Case{
	{"CommitIsTheRevision", "the CommitID becomes the revision.", func(t T, s keystore.Store) {
		first := commit(t, s, keystore.Create(thing("a", "1")))
		if got := get(t, s, "a").Rev; got != first {
			t.Errorf("revision %x, want %x", got, first)
		}
		second := commit(t, s, keystore.Replace(get(t, s, "a")))
		if got := get(t, s, "a").Rev; got != second {
			t.Errorf("revision %x after another commit, want %x", got, second)
		}
	}},
	{"CreateNeedsAbsence", "zero means that it must not exist (else ErrExists).", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("a", "1")))
		failing(t, s, "creating it again", keystore.ErrExists, keystore.Create(thing("a", "2")))
		if got := get(t, s, "a"); string(got.Data) != "1" {
			t.Errorf("data %s after a refused commit", got.Data)
		}
	}},
	{"ReplaceNeedsItsRevision", "An expected record that is gone is ErrNotFound, another revision ErrConflict.", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("a", "1")))
		stale := get(t, s, "a")
		commit(t, s, keystore.Replace(stale))
		failing(t, s, "a stale revision", keystore.ErrConflict, keystore.Replace(stale))
		commit(t, s, keystore.Erase(get(t, s, "a")))
		failing(t, s, "a record that is gone", keystore.ErrNotFound, keystore.Replace(stale))
	}},
	{"RemoveNeedsItsRevision", "Remove erases a record that has the revision Expect (not zero).", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("a", "1")))
		stale := get(t, s, "a")
		commit(t, s, keystore.Replace(stale))
		failing(t, s, "a stale revision", keystore.ErrConflict, keystore.Erase(stale))
		commit(t, s, keystore.Erase(get(t, s, "a")))
		if get(t, s, "a").Exists() {
			t.Errorf("it is still there")
		}
		failing(t, s, "a record that is gone", keystore.ErrNotFound, keystore.Erase(stale))
		commit(t, s, keystore.Create(thing("a", "again")))
	}},
	{"RequireChangesNothing", "Require changes nothing and makes the commit fail unless the record has the revision Expect; zero means that it must not exist (else ErrExists).", func(t T, s keystore.Store) {
		first := commit(t, s, keystore.Create(thing("a", "1")))
		now := get(t, s, "a")
		commit(t, s, keystore.Unchanged(now), keystore.Unchanged(thing("none", "")), keystore.Create(thing("b", "")))
		if got := get(t, s, "a").Rev; got != first {
			t.Errorf("revision %x, want %x", got, first)
		}
		failing(t, s, "a required absence", keystore.ErrExists, keystore.Unchanged(thing("a", "")), keystore.Create(thing("c", "")))
		commit(t, s, keystore.Replace(now))
		failing(t, s, "a stale requirement", keystore.ErrConflict, keystore.Unchanged(now), keystore.Create(thing("c", "")))
		if get(t, s, "c").Exists() {
			t.Errorf("a refused commit left a record")
		}
	}},
	{"CommitIsAllOrNone", "Commit judges all changes against the same state, in any number of partitions, and applies all of them or none.", func(t T, s keystore.Store) {
		other := thing("a", "away")
		other.Partition = away
		commit(t, s, keystore.Create(thing("a", "1")), keystore.Create(other))
		failing(t, s, "a commit whose last change fails", keystore.ErrExists,
			keystore.Replace(with(get(t, s, "a"), "2")), keystore.Create(thing("new", "")),
			keystore.Count(counter("n"), 1, 10), keystore.Create(other))
		if got := get(t, s, "a"); string(got.Data) != "1" || get(t, s, "new").Exists() || value(t, s, "n") != 0 {
			t.Errorf("half of a refused commit took effect: %+v", got)
		}
	}},
	{"FirstFailureIsTold", "of several, the first in the order of changes", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("stale", "")), keystore.Create(thing("there", "")), keystore.Count(counter("n"), 1, 1))
		stale := get(t, s, "stale")
		commit(t, s, keystore.Replace(stale))
		gone := thing("gone", "")
		gone.Rev = newID()
		failures := []struct {
			err    error
			change keystore.Change
		}{
			{keystore.ErrExists, keystore.Create(thing("there", ""))},
			{keystore.ErrNotFound, keystore.Replace(gone)},
			{keystore.ErrConflict, keystore.Erase(stale)},
			{keystore.ErrCeiling, keystore.Count(counter("n"), 1, 1)},
			{keystore.ErrNotFound, keystore.Unchanged(with(gone, ""))},
			{keystore.ErrConflict, keystore.Unchanged(stale)},
		}
		for _, first := range failures {
			for _, then := range failures {
				if ref := first.change; !sameTarget(ref, then.change) {
					failing(t, s, fmt.Sprintf("%v, then %v", first.err, then.err), first.err,
						keystore.Create(thing("new", "")), first.change, then.change, keystore.Count(counter("m"), 1, 1))
				}
			}
		}
	}},
	{"CommitTakesEffectOnce", "asked again under the same CommitID it returns nil and changes nothing", func(t T, s keystore.Store) {
		id := newID()
		changes := []keystore.Change{keystore.Create(thing("a", "1")), keystore.Count(counter("n"), 1, 10)}
		for range 3 {
			if err := s.Commit(ctx, id, changes...); err != nil {
				t.Fatalf("asked again: %v", err)
			}
		}
		if n := value(t, s, "n"); n != 1 {
			t.Errorf("the counter is at %d", n)
		}
		commit(t, s, keystore.Replace(with(get(t, s, "a"), "2")))
		if err := s.Commit(ctx, id, changes...); err != nil || string(get(t, s, "a").Data) != "2" {
			t.Errorf("asked again after the record was overwritten: %v, %s", err, get(t, s, "a").Data)
		}
	}},
	{"CommitIsRememberedForAThousandOthers", "at least as long as fewer than 1,000 other commits have come after it.", func(t T, s keystore.Store) {
		id := newID()
		once := keystore.Count(counter("n"), 1, 1)
		if err := s.Commit(ctx, id, once); err != nil {
			t.Fatalf("%v", err)
		}
		otherCommits(t, s, few(remembered))
		if err := s.Commit(ctx, id, once); err != nil || value(t, s, "n") != 1 {
			t.Errorf("asked again after %d others: %v, counter %d", few(remembered), err, value(t, s, "n"))
		}
	}},
	{"RefusedCommitMayBeAskedAgain", "A commit that has taken effect takes effect once", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("a", "1")))
		id := newID()
		if err := s.Commit(ctx, id, keystore.Create(thing("a", "2"))); !errors.Is(err, keystore.ErrExists) {
			t.Fatalf("%v", err)
		}
		commit(t, s, keystore.Erase(get(t, s, "a")))
		if err := s.Commit(ctx, id, keystore.Create(thing("a", "2"))); err != nil || string(get(t, s, "a").Data) != "2" {
			t.Errorf("asked again when it could be made: %v", err)
		}
	}},
}

var counterCases = []Case{
	{"CounterBeginsAtZero", "A counter is a record of its own, made on its first Add with the value zero before it", func(t T, s keystore.Store) {
		if n := value(t, s, "n"); n != 0 {
			t.Errorf("before the first Add: %d", n)
		}
		commit(t, s, keystore.Count(counter("n"), 5, 10))
		commit(t, s, keystore.Count(counter("n"), -2, 10))
		if n := value(t, s, "n"); n != 3 {
			t.Errorf("5 - 2 is %d", n)
		}
	}},
	{"CounterKeepsItsBounds", "fails with ErrCeiling if the value would fall below zero or, for a positive Delta, rise above Ceiling.", func(t T, s keystore.Store) {
		commit(t, s, keystore.Count(counter("n"), 10, 10))
		failing(t, s, "above the ceiling", keystore.ErrCeiling, keystore.Count(counter("n"), 1, 10))
		failing(t, s, "below zero", keystore.ErrCeiling, keystore.Count(counter("n"), -11, 10))
		failing(t, s, "a first Add below zero", keystore.ErrCeiling, keystore.Count(counter("m"), -1, 10))
		commit(t, s, keystore.Count(counter("n"), -1, 5)) // still above a ceiling that was lowered
		if n := value(t, s, "n"); n != 9 {
			t.Errorf("the counter is at %d, want 9", n)
		}
	}},
	{"CounterDoesNotWrapAround", "rise above Ceiling", func(t T, s keystore.Store) {
		commit(t, s, keystore.Count(counter("n"), math.MaxInt64, math.MaxInt64))
		failing(t, s, "past the largest number", keystore.ErrCeiling, keystore.Count(counter("n"), math.MaxInt64, math.MaxInt64))
		failing(t, s, "past the smallest", keystore.ErrCeiling, keystore.Count(counter("m"), math.MinInt64, 1))
		if n := value(t, s, "n"); n != math.MaxInt64 {
			t.Errorf("the counter is at %d", n)
		}
	}},
	{"CountersAreChangedByAddAlone", "Counters are changed by Add alone", func(t T, s keystore.Store) {
		commit(t, s, keystore.Count(counter("n"), 1, 10), keystore.Create(thing("a", "")))
		r := read(t, s, counter("n")).Record
		failing(t, s, "Put on a counter", keystore.ErrInvalid, keystore.Replace(r))
		failing(t, s, "Remove of a counter", keystore.ErrInvalid, keystore.Erase(r))
		failing(t, s, "Add on a record", keystore.ErrInvalid, keystore.Count(thing("a", "").Ref(), 1, 10))
		if !r.Due.IsZero() || r.Index != "" || r.Rev == (keystore.CommitID{}) {
			t.Errorf("a counter's record: %+v", r)
		}
	}},
	{"CountersAreBornBesideRecords", "A counter is a record of its own", func(t T, s keystore.Store) {
		for i, changes := range [][]keystore.Change{
			{keystore.Create(thing("r0", "")), keystore.Count(thing("n0", "").Ref(), 1, 10)},
			{keystore.Count(thing("n1", "").Ref(), 1, 10), keystore.Create(thing("r1", ""))},
		} {
			if err := s.Commit(ctx, newID(), changes...); errors.Is(err, keystore.ErrInvalid) {
				continue // a kind may be for one of them; but then from the first commit on
			} else if err != nil {
				t.Fatalf("a record and a counter of one kind: %v", err)
			}
			r, n := get(t, s, fmt.Sprint("r", i)), get(t, s, fmt.Sprint("n", i))
			failing(t, s, "Put on a counter", keystore.ErrInvalid, keystore.Replace(n))
			failing(t, s, "Add on a record", keystore.ErrInvalid, keystore.Count(r.Ref(), 1, 10))
			commit(t, s, keystore.Replace(with(r, "again")), keystore.Count(n.Ref(), 1, 10))
			if got := keystore.CounterValue(get(t, s, n.ID)); got != 2 {
				t.Errorf("1 + 1 is %d", got)
			}
		}
	}},
}

var lifeCases = []Case{
	{"CancelledCallsDoNothing", "A context that is cancelled before a call begins makes the call fail with the context's error and without effect.", func(t T, s keystore.Store) {
		gone, cancel := cancelled()
		defer cancel()
		_, readErr := s.Read(gone, thing("a", "").Ref())
		_, pageErr := s.Page(gone, here, kind, keystore.Filter{}, "", 10)
		_, dueErr := s.Due(gone, here, noon, 10)
		commitErr := s.Commit(gone, newID(), keystore.Create(thing("a", "")))
		for name, err := range map[string]error{"Read": readErr, "Page": pageErr, "Due": dueErr, "Commit": commitErr} {
			if !errors.Is(err, gone.Err()) {
				t.Errorf("%s: got %v, want %v", name, err, gone.Err())
			}
		}
		if get(t, s, "a").Exists() {
			t.Errorf("a cancelled commit took effect")
		}
	}},
	{"ClosedStoresRefuse", "Later calls fail with ErrClosed; a second Close does nothing.", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("a", "")))
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		_, readErr := s.Read(ctx, thing("a", "").Ref())
		_, pageErr := s.Page(ctx, here, kind, keystore.Filter{}, "", 10)
		_, dueErr := s.Due(ctx, here, noon, 10)
		commitErr := s.Commit(ctx, newID(), keystore.Create(thing("b", "")))
		for name, err := range map[string]error{"Read": readErr, "Page": pageErr, "Due": dueErr, "Commit": commitErr} {
			if !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}},
	{"ChangesAreTheCallersAgain", "When it returns, the changes are the caller's again, all but the bytes of Data.", func(t T, s keystore.Store) {
		change := keystore.Create(thing("a", "first"))
		commit(t, s, change)
		change.Put.Record = thing("b", "other")
		if a, b := get(t, s, "a"), get(t, s, "b"); string(a.Data) != "first" || b.Exists() {
			t.Errorf("the change was used after the commit: %+v, %+v", a, b)
		}
	}},
	{"ReturnedBytesStay", "nobody changes the bytes of Data afterwards.", func(t T, s keystore.Store) {
		first := dueAt("a", here, noon)
		first.Index, first.Data = "index", []byte("first")
		commit(t, s, keystore.Create(first), keystore.Create(keystore.Record{Partition: here, Kind: "alias", ID: "x", Index: "a"}))
		var old []keystore.Record
		for _, f := range []keystore.Filter{{}, {Index: &first.Index}} {
			page, err := s.Page(ctx, here, kind, f, "", 10)
			if old = append(old, page...); err != nil {
				t.Fatalf("Page: %v", err)
			}
		}
		dues, err := s.Due(ctx, here, noon, 10)
		followed := read(t, s, keystore.Ref{Partition: here, Kind: "alias", ID: "x", Follow: kind}).Followed
		if old = append(old, dues...); err != nil || len(old) != 3 || followed == nil {
			t.Fatalf("%d records, %+v, %v", len(old), followed, err)
		}
		old = append(old, *followed, get(t, s, "a"))
		for i := range 10 {
			commit(t, s, keystore.Replace(with(get(t, s, "a"), fmt.Sprintf("other%d", i))))
		}
		commit(t, s, keystore.Erase(get(t, s, "a")))
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		for _, r := range old {
			if string(r.Data) != "first" || r.ID != "a" || r.Index != "index" || r.Ref() != first.Ref() {
				t.Errorf("what was read first has become %+v", r)
			}
		}
	}},
}
