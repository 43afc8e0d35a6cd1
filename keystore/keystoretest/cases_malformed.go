package keystoretest

import (
	"errors"
	"strings"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// sameTarget says whether two changes name one record, which no commit may.
func sameTarget(a, b keystore.Change) bool { return target(a) == target(b) }

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

// arms are the four changes of one record, which exists with revision rev.
func arms(r keystore.Record) map[string]keystore.Change {
	return map[string]keystore.Change{
		"Put":     keystore.Replace(r),
		"Remove":  keystore.Erase(r),
		"Require": keystore.Unchanged(r),
		"Add":     keystore.Count(r.Ref(), 1, 10),
	}
}

// malformed are lists of changes that no store can make, by what is wrong
// with them. There is a record of revision rev under a.
func malformed(a keystore.Record) map[string][]keystore.Change {
	out := map[string][]keystore.Change{
		"no change":             nil,
		"an empty change":       {{}},
		"an empty change, last": {keystore.Create(thing("valid", "")), {}},
		"a removal of nothing":  {keystore.Erase(thing("a", ""))},
	}
	long := strings.Repeat("x", keystore.MaxID+1)
	index := thing("b", "")
	index.Index = long
	out["an index of 513 bytes"] = []keystore.Change{keystore.Create(index)}
	for name, r := range map[string]keystore.Record{
		"no id": thing("", ""), "an id of 513 bytes": thing(long, ""), "no kind": {Partition: here, ID: "a"},
	} {
		r.Rev = a.Rev
		for arm, change := range arms(r) {
			out[arm+" of "+name] = []keystore.Change{change}
		}
	}
	all := arms(a)
	other := arms(with(thing("b", ""), "other"))
	for first, one := range all {
		for second, two := range all {
			out[first+" and "+second+" of one record"] = []keystore.Change{one, two}
		}
		for second, two := range other {
			if both := merged(one, two); first != second {
				out[first+" and "+second+" in one change"] = []keystore.Change{both}
			}
		}
	}
	return out
}

// merged is a change with the fields of both set.
func merged(a, b keystore.Change) keystore.Change {
	if b.Put != nil {
		a.Put = b.Put
	}
	if b.Remove != nil {
		a.Remove = b.Remove
	}
	if b.Require != nil {
		a.Require = b.Require
	}
	if b.Add != nil {
		a.Add = b.Add
	}
	return a
}

var malformedCases = []Case{
	{"MalformedCommitsAreRefused", "the call itself is malformed (no id, a limit of zero, two changes of one record). Nothing was done; asking again will not help.", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(thing("a", "first")))
		a := get(t, s, "a")
		for what, changes := range malformed(a) {
			failing(t, s, what, keystore.ErrInvalid, changes...)
			if len(changes) > 0 { // a change that could be made is not made beside it
				failing(t, s, what+", after others", keystore.ErrInvalid, append([]keystore.Change{keystore.Create(thing("valid", ""))}, changes...)...)
				failing(t, s, what+", before others", keystore.ErrInvalid, append(changes, keystore.Count(counter("n"), 1, 10))...)
			}
		}
		now := get(t, s, "a")
		if now.Rev != a.Rev || string(now.Data) != "first" || get(t, s, "valid").Exists() || value(t, s, "n") != 0 {
			t.Errorf("a malformed commit took effect")
		}
	}},
	{"TheZeroCommitIDIsRefused", "the zero CommitID and no change at all are ErrInvalid", func(t T, s keystore.Store) {
		if err := s.Commit(ctx, keystore.CommitID{}, keystore.Create(thing("a", ""))); !errors.Is(err, keystore.ErrInvalid) {
			t.Errorf("got %v, want %v", err, keystore.ErrInvalid)
		}
		if get(t, s, "a").Exists() {
			t.Errorf("it took effect")
		}
	}},
	{"PagesAndDueHaveLimits", "Page returns up to limit (1 to 1,000) records", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(dueAt("a", here, noon)))
		for _, limit := range []int{-1 << 62, -1, 0, keystore.MaxLimit + 1, 1 << 62} {
			for _, f := range []keystore.Filter{{}, {Index: new("")}} {
				if _, err := s.Page(ctx, here, kind, f, "", limit); !errors.Is(err, keystore.ErrInvalid) {
					t.Errorf("a page of %d: got %v, want %v", limit, err, keystore.ErrInvalid)
				}
			}
			for _, p := range []keystore.Partition{{}, here} {
				if _, err := s.Due(ctx, p, noon, limit); !errors.Is(err, keystore.ErrInvalid) {
					t.Errorf("%d due: got %v, want %v", limit, err, keystore.ErrInvalid)
				}
			}
		}
	}},
}
