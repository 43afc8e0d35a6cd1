package keystoretest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// staying is how many records stay while others come and go.
const staying = 60

// indexed makes n records, each with one of these indexes.
func indexed(t T, s keystore.Store, n int, indexes ...string) {
	t.Helper()
	var records []keystore.Record
	for i := range n {
		r := dueAt(fmt.Sprintf("%04d", i), here, noon)
		r.Index = indexes[i%len(indexes)]
		records = append(records, r)
	}
	create(t, s, records)
}

var longPageCases = []Case{
	{"PagesOfOneAndOfAThousand", "Page returns up to limit (1 to 1,000) records of one kind in one partition", func(t T, s keystore.Store) {
		indexed(t, s, keystore.MaxLimit+2, "")
		page, err := s.Page(ctx, here, kind, keystore.Filter{}, "", keystore.MaxLimit)
		if err != nil || len(page) != keystore.MaxLimit || page[len(page)-1].ID != "0999" {
			t.Errorf("the longest page of %d: %d records, %v", keystore.MaxLimit+2, len(page), err)
		}
		if n := len(walk(t, s, here, kind, keystore.Filter{Index: new("")}, keystore.MaxLimit, nil)); n != keystore.MaxLimit+2 {
			t.Errorf("a walk in the longest pages, filtered, has %d", n)
		}
		ids := due(t, s, here, noon, keystore.MaxLimit)
		if len(ids) != keystore.MaxLimit || ids[0] != "0000" || ids[len(ids)-1] != "0999" {
			t.Errorf("the longest list of what is due has %d", len(ids))
		}
		for i, after := 950, "0949"; i < keystore.MaxLimit+2; i++ {
			page, err := s.Page(ctx, here, kind, keystore.Filter{}, after, 1)
			if err != nil || len(page) != 1 || page[0].ID != fmt.Sprintf("%04d", i) {
				t.Fatalf("a page of one after %s: %+v, %v", after, page, err)
			}
			after = page[0].ID
		}
	}},
	{"FilteredPagesAreThePagesFiltered", "keeps only records whose Index equals it.", func(t T, s keystore.Store) {
		values := []string{"", "a", "A", "a ", "a\x00", "aa", "\xff", "é", "e\u0301", "none"}
		indexed(t, s, 90, values[:9]...)
		random := rand.New(rand.NewPCG(3, 4))
		for range 5 {
			var changes []keystore.Change
			for _, i := range random.Perm(90)[:20] {
				switch r := get(t, s, fmt.Sprintf("%04d", i)); {
				case !r.Exists():
					changes = append(changes, keystore.Create(thing(fmt.Sprintf("%04d", i), "")))
				case random.IntN(3) == 0:
					changes = append(changes, keystore.Erase(r))
				default:
					r.Index = values[random.IntN(9)]
					changes = append(changes, keystore.Replace(r))
				}
			}
			commit(t, s, changes...)
			filtersAgree(t, s, values)
		}
	}},
	{"PagesWhileOthersWrite", "Records written or removed between two pages appear or do not; those that stay are each seen exactly once.", func(t T, s keystore.Store) {
		indexed(t, s, staying, "i")
		var want []string
		for i := range staying {
			want = append(want, fmt.Sprintf("%04d", i))
		}
		var writes atomic.Int64
		failed := false
		until(4, func() {
			for walks := 0; (walks < few(12) || writes.Load() < int64(few(60))) && !failed; walks++ {
				ids := walk(t, s, here, kind, []keystore.Filter{{}, {Index: new("i")}}[walks%2], 7, nil)
				stayed := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return len(id) > 4 })
				if failed = !slices.IsSorted(ids) || !slices.Equal(stayed, want); failed {
					t.Errorf("got, in this order, %q, want once, beside others, %q", ids, want)
				}
			}
		}, func() bool {
			wrote := busy(t, s)
			if writes.Add(1); !wrote {
				writes.Add(int64(few(60))) // nobody waits for it
			}
			return wrote
		})
	}},
}

// filtersAgree compares a walk of each index with the walk of all.
func filtersAgree(t T, s keystore.Store, values []string) {
	t.Helper()
	all, err := s.Page(ctx, here, kind, keystore.Filter{}, "", keystore.MaxLimit)
	if err != nil {
		t.Fatalf("Page: %v", err)
	}
	for _, value := range values {
		var want []string
		for _, r := range all {
			if r.Index == value {
				want = append(want, r.ID)
			}
		}
		same(t, fmt.Sprintf("index %q", value), walk(t, s, here, kind, keystore.Filter{Index: &value}, 3, nil), want)
	}
}

// busy rewrites one record that stays, and makes and removes one that does not.
func busy(t T, s keystore.Store) bool {
	id := fmt.Sprintf("%04d", rand.IntN(staying))
	passing := thing(fmt.Sprintf("%sx%08x", id, rand.Uint32()), "")
	passing.Index = "i"
	found, err := s.Read(ctx, thing(id, "").Ref())
	if err == nil {
		err = s.Commit(ctx, newID(), keystore.Replace(found[0].Record), keystore.Create(passing))
	}
	switch {
	case err == nil:
		found, err = s.Read(ctx, passing.Ref())
	case named(err): // another was faster
		return true
	}
	if err == nil {
		err = s.Commit(ctx, newID(), keystore.Erase(found[0].Record))
	}
	if err != nil {
		t.Errorf("writing beside a walk: %v", err)
	}
	return err == nil
}
