package keystoretest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

var listCases = []testCase{
	newCase(
		"DueIsCutToMilliseconds",
		promises{"when it is due, for [Store.Due] (cut to milliseconds); zero: never"},
		on(func(t tester, s keystore.Store) {
			var records []keystore.Record
			for _, i := range instants() {
				records = append(records, thingAt(here, i.id, i.due))
			}
			create(t, s, append(records, thing("never", "")))
			for i, f := range readAll(t, s, records) {
				if want := instants()[i]; !f.Record.Due.Equal(want.kept) || f.Record.Due.IsZero() {
					t.Errorf("Due %v is kept as %v, want %v", want.due, f.Record.Due, want.kept)
				}
			}
			if got := get(t, s, "never").Due; !got.IsZero() {
				t.Errorf("no Due is kept as %v", got)
			}
		}),
	),
	newCase(
		"DueIsOldestFirst",
		promises{"records whose Due is set and not after before, oldest first, then by id. The zero Partition means all of them."},
		on(func(t tester, s keystore.Store) {
			var want []string
			var records []keystore.Record
			for n, i := range instants() {
				records = append(records, thingAt([]keystore.Partition{here, away}[n%2], i.id, i.due))
				want = append(want, i.id)
			}
			create(t, s, append(records, thing("never", "")))
			anywhere := keystore.Partition{}
			for n, i := range instants() {
				first := slices.IndexFunc(instants(), func(j instant) bool { return j.kept.Equal(i.kept) })
				after := first
				for after < len(want) && instants()[after].kept.Equal(i.kept) {
					after++
				}
				same(t, fmt.Sprintf("a nanosecond before %v", i.kept), due(t, s, anywhere, i.kept.Add(-1), 100), want[:first])
				same(t, fmt.Sprintf("at %v", i.kept), due(t, s, anywhere, i.kept, 100), want[:after])
				same(t, fmt.Sprintf("at most %d", n+1), due(t, s, anywhere, i.kept.Add(time.Millisecond-1), n+1), want[:min(after, n+1)])
			}
			same(t, "here", due(t, s, here, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 100), []string{"z", "w", "v", "b", "0"})
			same(t, "before all of them", due(t, s, anywhere, time.Time{}, 100), nil)
			moved, never := get(t, s, "w"), get(t, s, "v")
			moved.Due, never.Due = noon, time.Time{}
			commit(t, s, keystore.Replace(moved), keystore.Replace(never), keystore.Erase(get(t, s, "z")))
			same(t, "here, after changes", due(t, s, here, noon, 100), []string{"b", "w"})
		}),
	),
	newCase(
		"PagesOfOneAndOfAThousand",
		promises{"Page returns up to limit (1 to 1,000) records", "Due returns up to limit (1 to 1,000) records"},
		on(func(t tester, s keystore.Store) {
			want := numbered(t, s, keystore.MaxLimit+2, "")
			same(t, "the longest page", ids(page(t, s, here, kind, all, "", keystore.MaxLimit)), want[:keystore.MaxLimit])
			same(t, "the longest pages, filtered", walk(t, s, here, kind, keystore.Filter{Index: new("")}, keystore.MaxLimit, nil), want)
			same(t, "the longest list of what is due", due(t, s, here, noon, keystore.MaxLimit), want[:keystore.MaxLimit])
			for i := 950; i < keystore.MaxLimit+1; i++ {
				same(t, "a page of one after "+want[i], ids(page(t, s, here, kind, all, want[i], 1)), want[i+1:i+2])
			}
		}),
	),
	newCase(
		"PagesAndDueHaveLimits",
		promises{"ErrInvalid: the call itself is malformed (no id, a limit of zero"},
		on(func(t tester, s keystore.Store) {
			commit(t, s, keystore.Create(thingAt(here, "a", noon)))
			for _, limit := range []int{-1 << 62, -1, 0, keystore.MaxLimit + 1, 1 << 62} {
				for _, f := range []keystore.Filter{all, {Index: new("")}} {
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
		}),
	),
	newCase(
		"FilteredPagesAreThePagesFiltered",
		promises{"keeps only records whose Index equals it."},
		on(func(t tester, s keystore.Store) {
			values := []string{"", "a", "A", "a ", "a\x00", "aa", "\xff", "é", "e\u0301", "none"}
			numbered(t, s, 90, values[:9]...)
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
				records := page(t, s, here, kind, all, "", keystore.MaxLimit)
				for _, value := range values {
					want := ids(slices.DeleteFunc(slices.Clone(records), func(r keystore.Record) bool { return r.Index != value }))
					same(t, fmt.Sprintf("index %q", value), walk(t, s, here, kind, keystore.Filter{Index: &value}, 3, nil), want)
				}
			}
		}),
	),
	newCase(
		"PagesSurviveWriters",
		promises{"Records written or removed between two pages appear or do not; those that stay are each seen exactly once."},
		on(func(t tester, s keystore.Store) {
			want := numbered(t, s, 60, "")
			n := 0
			got := walk(t, s, here, kind, all, 7, func() {
				n++
				commit(t, s, keystore.Create(thing(fmt.Sprintf("%04dx", n*23%60), "new")),
					keystore.Create(thing(fmt.Sprintf("#%04d", n), "new")), // before every page
					keystore.Replace(get(t, s, want[n])))
			})
			same(t, "what stayed", slices.DeleteFunc(got, func(id string) bool { return len(id) > 4 }), want)
		}),
	),
}
