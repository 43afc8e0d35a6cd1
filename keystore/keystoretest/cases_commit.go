package keystoretest

import (
	"errors"
	"fmt"
	"math"
	"strings"
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
	{"ReadReturnsWhatWasPut", "Read returns the answer to each ref, in their order.", func(t T, s keystore.Store) {
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
	{"ReadFollows", "Follow, when not empty, asks for a second record as well.", func(t T, s keystore.Store) {
		alias := keystore.Record{Partition: here, Kind: "alias", ID: "x", Index: "a"}
		empty := keystore.Record{Partition: here, Kind: "alias", ID: "y", Index: "gone"}
		elsewhere := thing("a", "away")
		elsewhere.Partition = away
		commit(t, s, keystore.Create(alias), keystore.Create(empty), keystore.Create(thing("a", "here")), keystore.Create(elsewhere))
		ref := alias.Ref()
		if got := read(t, s, ref); got.Followed != nil {
			t.Errorf("followed without being asked to: %+v", got)
		}
		ref.Follow = kind
		if got := read(t, s, ref); got.Followed == nil || string(got.Followed.Data) != "here" || !got.Record.Exists() {
			t.Errorf("followed to %+v", got)
		}
		ref.ID = "y"
		if got := read(t, s, ref); !got.Record.Exists() || got.Followed != nil {
			t.Errorf("followed to nothing: %+v", got)
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
	{"RemoveNeedsItsRevision", "Remove erases a record that has the revision Expect.", func(t T, s keystore.Store) {
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
	{"RequireChangesNothing", "Require changes nothing and makes the commit fail unless the record has the revision Expect.", func(t T, s keystore.Store) {
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
		commit(t, s, keystore.Create(thing("a", "1")))
		gone := thing("gone", "")
		gone.Rev = newID()
		failing(t, s, "exists, then not found", keystore.ErrExists, keystore.Create(thing("a", "")), keystore.Replace(gone))
		failing(t, s, "not found, then exists", keystore.ErrNotFound, keystore.Replace(gone), keystore.Create(thing("a", "")))
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
		for range 999 {
			commit(t, s, keystore.Count(counter("other"), 1, 1<<40))
		}
		if err := s.Commit(ctx, id, once); err != nil || value(t, s, "n") != 1 {
			t.Errorf("asked again after 999 others: %v, counter %d", err, value(t, s, "n"))
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
	{"MalformedCommitsAreRefused", "the zero CommitID and no change at all are ErrInvalid", func(t T, s keystore.Store) {
		if err := s.Commit(ctx, keystore.CommitID{}, keystore.Create(thing("a", ""))); !errors.Is(err, keystore.ErrInvalid) {
			t.Errorf("the zero id: %v", err)
		}
		failing(t, s, "no change", keystore.ErrInvalid)
		failing(t, s, "an empty change", keystore.ErrInvalid, keystore.Change{})
		failing(t, s, "no id", keystore.ErrInvalid, keystore.Create(thing("", "")))
		failing(t, s, "an id of 513 bytes", keystore.ErrInvalid, keystore.Create(thing(strings.Repeat("x", 513), "")))
		failing(t, s, "a record twice", keystore.ErrInvalid, keystore.Create(thing("a", "")), keystore.Unchanged(thing("a", "")))
		failing(t, s, "a removal of nothing", keystore.ErrInvalid, keystore.Erase(thing("a", "")))
		two := keystore.Create(thing("a", ""))
		two.Add = &keystore.Add{Ref: counter("n"), Delta: 1, Ceiling: 1}
		failing(t, s, "two in one", keystore.ErrInvalid, two)
	}},
}

func with(r keystore.Record, data string) keystore.Record { r.Data = []byte(data); return r }

func counter(id string) keystore.Ref { return keystore.Ref{Partition: here, Kind: "counter", ID: id} }

func value(t T, s keystore.Store, id string) int64 {
	t.Helper()
	return keystore.CounterValue(read(t, s, counter(id)).Record)
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
		commit(t, s, keystore.Create(thing("a", "first")))
		old := get(t, s, "a")
		for i := range 3 {
			commit(t, s, keystore.Replace(with(get(t, s, "a"), fmt.Sprintf("other%d", i))))
		}
		commit(t, s, keystore.Erase(get(t, s, "a")))
		if string(old.Data) != "first" {
			t.Errorf("the bytes read first have become %q", old.Data)
		}
	}},
}
