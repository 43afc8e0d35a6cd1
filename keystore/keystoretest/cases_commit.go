package keystoretest

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// failure is a change that cannot be made, and why.
type failure struct {
	what   string
	err    error
	change keystore.Change
}

// failures makes a few records and returns changes of them that must fail.
func failures(t tester, s keystore.Store) []failure {
	commit(t, s, keystore.Create(thing("there", "")), keystore.Create(thing("stale", "")),
		keystore.Create(thing("gone", "")), keystore.Count(counter("full"), 1, 1))
	there, stale, gone, none := get(t, s, "there"), get(t, s, "stale"), get(t, s, "gone"), thing("none", "")
	commit(t, s, keystore.Replace(stale), keystore.Erase(gone))
	none.Rev = storetest.NewID()
	return []failure{
		{"Put over a record that must not exist", keystore.ErrExists, keystore.Create(there)},
		{"Put over another revision", keystore.ErrConflict, keystore.Replace(stale)},
		{"Put over a record that is gone", keystore.ErrNotFound, keystore.Replace(gone)},
		{"Put over a record that never was", keystore.ErrNotFound, keystore.Replace(none)},
		{"Remove of another revision", keystore.ErrConflict, keystore.Erase(stale)},
		{"Remove of a record that is gone", keystore.ErrNotFound, keystore.Erase(gone)},
		{"Require that it does not exist", keystore.ErrExists, keystore.Unchanged(thing("there", ""))},
		{"Require of another revision", keystore.ErrConflict, keystore.Unchanged(stale)},
		{"Require of a record that is gone", keystore.ErrNotFound, keystore.Unchanged(gone)},
		{"Add above the ceiling", keystore.ErrCeiling, keystore.Count(counter("full"), 1, 1)},
		{"Add below zero", keystore.ErrCeiling, keystore.Count(counter("new"), -1, 1)},
	}
}

var commitCases = []testCase{
	newCase(
		"CommitIsTheRevision",
		promises{
			"the CommitID becomes the revision.",
			"Require changes nothing and makes the commit fail unless the record has the revision Expect",
			"Remove erases a record that has the revision Expect (not zero).",
		},
		on(func(t tester, s keystore.Store) {
			first := commit(t, s, keystore.Create(thing("a", "1")), keystore.Create(thing("b", "1")), keystore.Create(thing("c", "1")))
			a, b := get(t, s, "a"), get(t, s, "b")
			second := commit(t, s, keystore.Replace(with(a, "2")), keystore.Unchanged(b),
				keystore.Unchanged(thing("none", "")), keystore.Erase(get(t, s, "c")))
			if a := get(t, s, "a"); a.Rev != second || string(a.Data) != "2" {
				t.Errorf("after Put: %+v, want revision %x", a, second)
			}
			if b := get(t, s, "b"); b.Rev != first || string(b.Data) != "1" {
				t.Errorf("after Require: %+v, want revision %x", b, first)
			}
			if get(t, s, "c").Exists() || get(t, s, "none").Exists() {
				t.Errorf("after Remove, or Require of absence, there is a record")
			}
			commit(t, s, keystore.Create(thing("c", "again")))
		}),
	),
	newCase("CommitIsAllOrNone", promises{"An expected record that no longer exists is ErrNotFound, another revision ErrConflict.",
		"zero means that it must not exist (else ErrExists).", "of several, the first in the order of changes",
		"Commit checks all changes against the same state, in any number of partitions, and applies all of them or none."},
		on(func(t tester, s keystore.Store) {
			failures := failures(t, s)
			for _, first := range failures {
				for _, then := range failures {
					changes := []keystore.Change{
						keystore.Create(thingAt(away, "valid", noon)),
						first.change,
						keystore.Count(counter("valid"), 1, 1),
						then.change,
						keystore.Create(thing("valid", "")),
					}
					if first == then {
						changes = append(changes[:3], changes[4])
					} else if target(first.change) == target(then.change) {
						continue // which no commit may have
					}
					refused(t, s, first.what+", then "+then.what, first.err, changes...)
				}
			}
			for _, f := range read(t, s, thing("valid", "").Ref(), thingAt(away, "valid", noon).Ref(), counter("valid")) {
				if f.Record.Exists() {
					t.Errorf("a refused commit wrote %+v", f.Record)
				}
			}
			commit(t, s, keystore.Create(thing("valid", "")), keystore.Create(thingAt(away, "valid", noon)),
				keystore.Count(counter("valid"), 1, 1))
		})),
	newCase(
		"MalformedCommitsAreRefused",
		promises{
			"two changes of one record). Nothing was changed; the same call will fail again.",
			"the zero CommitID and no change at all are ErrInvalid",
		},
		on(func(t tester, s keystore.Store) {
			commit(t, s, keystore.Create(thing("a", "first")))
			a := get(t, s, "a")
			valid, count := keystore.Create(thing("valid", "")), keystore.Count(counter("n"), 1, 10)
			for what, changes := range malformed(a) {
				refused(t, s, what, keystore.ErrInvalid, changes...)
				if len(changes) > 0 { // a change that could be made is not made with it
					refused(t, s, what+", after another", keystore.ErrInvalid, append([]keystore.Change{valid}, changes...)...)
					refused(t, s, what+", before another", keystore.ErrInvalid, append(changes, count)...)
				}
			}
			if err := s.Commit(ctx, keystore.CommitID{}, valid); !errors.Is(err, keystore.ErrInvalid) {
				t.Errorf("the zero CommitID: got %v, want %v", err, keystore.ErrInvalid)
			}
			if now := get(t, s, "a"); now.Rev != a.Rev || string(now.Data) != "first" || get(t, s, "valid").Exists() ||
				value(t, s, "n") != 0 {
				t.Errorf("a malformed commit took effect")
			}
		}),
	),
	newCase(
		"CountersKeepTheirBounds",
		promises{
			"which the first Add creates with the value Delta",
			"The commit fails with ErrCeiling if the value would fall below zero or, for a positive Delta, rise above Ceiling.",
		},
		on(func(t tester, s keystore.Store) {
			for _, c := range []struct {
				id             string
				delta, ceiling int64
				fails          bool
				value          int64 // afterwards
			}{
				{"n", 5, 10, false, 5}, {"n", -2, 10, false, 3}, {"n", 7, 10, false, 10}, {"n", 1, 10, true, 10}, {"n", -11, 10, true, 10},
				{"n", -1, 5, false, 9}, // still above a ceiling that was lowered
				{"m", -1, 10, true, 0}, {"m", math.MinInt64, 1, true, 0}, {"m", 2, 1, true, 0},
				{"w", math.MaxInt64, math.MaxInt64, false, math.MaxInt64}, {"w", math.MaxInt64, math.MaxInt64, true, math.MaxInt64},
			} {
				what := fmt.Sprintf("adding %d to %s below %d", c.delta, c.id, c.ceiling)
				if change := keystore.Count(counter(c.id), c.delta, c.ceiling); c.fails {
					refused(t, s, what, keystore.ErrCeiling, change)
				} else {
					commit(t, s, change)
				}
				if got := value(t, s, c.id); got != c.value {
					t.Errorf("%s: the value is %d, want %d", what, got, c.value)
				}
			}
		}),
	),
	newCase(
		"CountersAreChangedByAddAlone",
		promises{"A counter is a record of its own", "Counters are changed only by Add and have no Due and no Index."},
		on(func(t tester, s keystore.Store) {
			for i, changes := range [][]keystore.Change{
				{keystore.Create(thing("r0", "")), keystore.Count(thing("n0", "").Ref(), 1, 10)},
				{keystore.Count(thing("n1", "").Ref(), 1, 10), keystore.Create(thing("r1", ""))},
			} {
				// A store may have kinds of counters; but then from the first commit on.
				if s.Commit(ctx, storetest.NewID(), changes...) != nil {
					refused(t, s, "a record and a counter of one kind", keystore.ErrInvalid, changes...)
					continue
				}
				r, n := get(t, s, fmt.Sprint("r", i)), get(t, s, fmt.Sprint("n", i))
				countersApart(t, s, r, n)
				commit(t, s, keystore.Replace(with(r, "again")), keystore.Count(n.Ref(), 1, 10))
				if got := keystore.CounterValue(get(t, s, n.ID)); got != 2 {
					t.Errorf("1 + 1 is %d", got)
				}
			}
			commit(t, s, keystore.Count(counter("n"), 1, 10), keystore.Create(thing("a", "")))
			countersApart(t, s, get(t, s, "a"), read(t, s, counter("n"))[0].Record)
		}),
	),
}

func countersApart(t tester, s keystore.Store, record, counter keystore.Record) {
	t.Helper()
	refused(t, s, "Put on a counter", keystore.ErrInvalid, keystore.Replace(counter))
	refused(t, s, "Remove of a counter", keystore.ErrInvalid, keystore.Erase(counter))
	refused(t, s, "Add on a record", keystore.ErrInvalid, keystore.Count(record.Ref(), 1, 10))
	if !counter.Due.IsZero() || counter.Index != "" || !counter.Exists() {
		t.Errorf("a counter's record: %+v", counter)
	}
}

// target is the record that a change names.
func target(c keystore.Change) keystore.Ref {
	switch {
	case c.Put != nil:
		return c.Put.Record.Ref()
	case c.Remove != nil:
		return c.Remove.Ref
	case c.Require != nil:
		return c.Require.Ref
	}
	return c.Add.Ref
}

// changesOf are the four changes of one record.
func changesOf(r keystore.Record) map[string]keystore.Change {
	return map[string]keystore.Change{
		"Put":     keystore.Replace(r),
		"Remove":  keystore.Erase(r),
		"Require": keystore.Unchanged(r),
		"Add":     keystore.Count(r.Ref(), 1, 10),
	}
}

// malformed are lists of changes that no store can make, by what is wrong with
// them. The record a exists.
func malformed(a keystore.Record) map[string][]keystore.Change {
	long := strings.Repeat("x", keystore.MaxID+1)
	index := thing("b", "")
	index.Index = long
	out := map[string][]keystore.Change{
		"no change":             nil,
		"an empty change":       {{}},
		"an empty change, last": {keystore.Create(thing("b", "")), {}},
		"a removal of nothing":  {keystore.Erase(thing("a", ""))},
		"an index of 513 bytes": {keystore.Create(index)},
	}
	for name, r := range map[string]keystore.Record{"no id": thing("", ""), "an id of 513 bytes": thing(long, ""),
		"no kind": {Partition: here, ID: "a"}} {
		r.Rev = a.Rev
		for arm, change := range changesOf(r) {
			out[arm+" of "+name] = []keystore.Change{change}
		}
	}
	for first, one := range changesOf(a) {
		for second, two := range changesOf(a) {
			out[first+" and "+second+" of one record"] = []keystore.Change{one, two}
		}
		for second, two := range changesOf(thing("b", "other")) {
			if first != second {
				reflect.ValueOf(&two).Elem().FieldByName(first).Set(reflect.ValueOf(one).FieldByName(first))
				out[first+" and "+second+" in one change"] = []keystore.Change{two}
			}
		}
	}
	return out
}
