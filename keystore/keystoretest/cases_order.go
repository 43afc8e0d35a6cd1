package keystoretest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

func cancelled() (context.Context, context.CancelFunc) {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	return gone, cancel
}

// walk reads all pages of a size.
func walk(t T, s keystore.Store, p keystore.Partition, k keystore.Kind, f keystore.Filter, size int, between func()) (ids []string) {
	t.Helper()
	for after := ""; ; {
		page, err := s.Page(ctx, p, k, f, after, size)
		if err != nil {
			t.Fatalf("Page after %q: %v", after, err)
		}
		if len(page) > size {
			t.Fatalf("%d records on a page of %d", len(page), size)
		}
		for _, r := range page {
			ids = append(ids, r.ID)
		}
		if len(page) < size {
			return ids
		}
		after = page[len(page)-1].ID
		if between != nil {
			between()
		}
	}
}

func same(t T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

var pageCases = []Case{
	{"PagesAreInTheByteOrderOfIDs", "in the byte order of their ids, beginning with the first id greater than after", func(t T, s keystore.Store) {
		names := []string{"b", "B", "a", "aa", "\xff", "0", "ä", "a b", "a-b", "a/b", "a_b"}
		for _, n := range names {
			commit(t, s, keystore.Create(thing(n, "")))
		}
		want := slices.Sorted(slices.Values(names))
		for _, size := range []int{1, 2, 3, 100} {
			same(t, fmt.Sprintf("pages of %d", size), walk(t, s, here, kind, keystore.Filter{}, size, nil), want)
		}
		page, err := s.Page(ctx, here, kind, keystore.Filter{}, "a ", 2)
		if err != nil || len(page) != 2 || page[0].ID != "a b" || page[0].Rev == (keystore.CommitID{}) {
			t.Errorf("after an id that is not there: %+v, %v", page, err)
		}
	}},
	{"PagesKeepPartitionsAndKindsApart", "records of one kind in one partition", func(t T, s keystore.Store) {
		other := thing("c", "")
		other.Partition = away
		commit(t, s, keystore.Create(thing("a", "")), keystore.Create(other),
			keystore.Create(keystore.Record{Partition: here, Kind: "other", ID: "b"}))
		same(t, "here", walk(t, s, here, kind, keystore.Filter{}, 10, nil), []string{"a"})
		same(t, "away", walk(t, s, away, kind, keystore.Filter{}, 10, nil), []string{"c"})
		same(t, "another kind", walk(t, s, here, "other", keystore.Filter{}, 10, nil), []string{"b"})
		same(t, "no such kind", walk(t, s, away, "other", keystore.Filter{}, 10, nil), nil)
	}},
	{"PagesAreFilteredByIndex", "keeps only records whose Index equals it.", func(t T, s keystore.Store) {
		for i := range 20 {
			r := thing(fmt.Sprintf("%02d", i), "")
			r.Index = []string{"", "odd"}[i%2]
			commit(t, s, keystore.Create(r))
		}
		moved := get(t, s, "03")
		moved.Index = ""
		commit(t, s, keystore.Replace(moved), keystore.Erase(get(t, s, "05")))
		same(t, "odd ones", walk(t, s, here, kind, keystore.Filter{Index: new("odd")}, 3, nil), []string{"01", "07", "09", "11", "13", "15", "17", "19"})
		same(t, "ones without", walk(t, s, here, kind, keystore.Filter{Index: new("")}, 4, nil), []string{"00", "02", "03", "04", "06", "08", "10", "12", "14", "16", "18"})
		same(t, "none", walk(t, s, here, kind, keystore.Filter{Index: new("even")}, 3, nil), nil)
	}},
	{"PagesSurviveWriters", "those that stay are each seen exactly once", func(t T, s keystore.Store) {
		var want []string
		var records []keystore.Record
		for i := range 60 {
			records = append(records, thing(fmt.Sprintf("k%03d", i*10), ""))
			want = append(want, records[i].ID)
		}
		create(t, s, records)
		n := 0
		got := walk(t, s, here, kind, keystore.Filter{}, 7, func() {
			n++
			commit(t, s, keystore.Create(thing(fmt.Sprintf("k%03dx", n*61%600), "new")),
				keystore.Create(thing(fmt.Sprintf("j%03d", n), "new")), // before every page
				keystore.Replace(get(t, s, want[n])))
		})
		got = slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(want, id) })
		same(t, "what stayed", got, want)
	}},
}

func dueAt(id string, p keystore.Partition, at time.Time) keystore.Record {
	r := thing(id, "")
	r.Partition, r.Due = p, at
	return r
}

func due(t T, s keystore.Store, p keystore.Partition, before time.Time, limit int) (ids []string) {
	t.Helper()
	recs, err := s.Due(ctx, p, before, limit)
	if err != nil {
		t.Fatalf("Due: %v", err)
	}
	for _, r := range recs {
		ids = append(ids, r.ID)
	}
	return ids
}

var dueCases = []Case{
	{"DueIsOldestFirst", "records whose Due is set and not after before, oldest first, then by id. The zero Partition means all of them.", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(dueAt("late", here, noon.Add(time.Hour))), keystore.Create(dueAt("b", here, noon)),
			keystore.Create(dueAt("a", here, noon)), keystore.Create(dueAt("early", away, noon.Add(-time.Hour))), keystore.Create(thing("never", "")))
		same(t, "at noon", due(t, s, here, noon, 10), []string{"a", "b"})
		same(t, "a millisecond before", due(t, s, here, noon.Add(-time.Millisecond), 10), nil)
		same(t, "everywhere", due(t, s, keystore.Partition{}, noon.Add(time.Hour), 10), []string{"early", "a", "b", "late"})
		same(t, "everywhere, the first two", due(t, s, keystore.Partition{}, noon.Add(time.Hour), 2), []string{"early", "a"})
	}},
	{"DueFollowsTheRecord", "records whose Due is set", func(t T, s keystore.Store) {
		commit(t, s, keystore.Create(dueAt("a", here, noon)), keystore.Create(dueAt("b", here, noon)), keystore.Create(dueAt("c", here, noon)))
		moved := get(t, s, "a")
		moved.Due = noon.Add(time.Hour)
		never := get(t, s, "b")
		never.Due = time.Time{}
		commit(t, s, keystore.Replace(moved), keystore.Replace(never), keystore.Erase(get(t, s, "c")))
		same(t, "at noon", due(t, s, here, noon, 10), nil)
		same(t, "an hour later", due(t, s, here, noon.Add(time.Hour), 10), []string{"a"})
	}},
}
