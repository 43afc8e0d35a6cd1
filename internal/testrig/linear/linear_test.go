package linear

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

var breaks = map[string]storetest.Wrongs{
	"HistoriesAreLinearizable": {
		"reads what was":                   storetest.ReadsStale,
		"reads one after the other":        storetest.ReadsInParts,
		"lets the last writer win":         storetest.LastWriterWins,
		"looks at what is required before": storetest.RequiresBefore,
		"looks at the counter before":      storetest.CountsBefore,
		"makes a commit after it returned": storetest.LosesCommits,
		"adds twice":                       storetest.AddsTwice,
		"succeeds where a record exists":   storetest.SucceedsAt(keystore.ErrExists),
		"succeeds where there is none":     storetest.SucceedsAt(keystore.ErrNotFound),
	},
	"HistoriesWithLostAnswersAreLinearizable": {"adds twice": storetest.AddsTwice, "reads what was": storetest.ReadsStale},
}

func handlesOf(n int, put func(*storetest.Hooked)) (out []keystore.Store) {
	memory := keystore.NewMemory()
	for range n {
		h := &storetest.Hooked{Store: memory}
		put(h)
		out = append(out, h)
	}
	return out
}

// TestHistoriesCatchBrokenStores, on one handle and on two.
func TestHistoriesCatchBrokenStores(t *testing.T) {
	for _, n := range []int{1, 2} {
		broken := promise.Broken[[]keystore.Store]{}
		for name, wrongs := range breaks {
			broken[name] = map[string]func(*testing.T) []keystore.Store{}
			for how, put := range wrongs {
				broken[name][how] = func(*testing.T) []keystore.Store { return handlesOf(n, put) }
			}
		}
		promise.CheckCases(t, cases, broken)
		Check(t, func(testing.TB) []keystore.Store { return handlesOf(n, func(*storetest.Hooked) {}) })
	}
	promise.CheckQuotes(t, cases, "../../../keystore/keystore.go")
}

func TestMemoryIsLinearizable(t *testing.T) {
	Check(t, func(testing.TB) []keystore.Store { return []keystore.Store{keystore.NewMemory()} })
}

func TestBoltstoreIsLinearizable(t *testing.T) {
	Check(t, func(t testing.TB) []keystore.Store {
		s, err := boltstore.Open(context.Background(), filepath.Join(t.TempDir(), "store"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return []keystore.Store{s}
	})
}

// TestPgstoreIsLinearizable, on one handle and on two.
func TestPgstoreIsLinearizable(t *testing.T) {
	c := pgcluster.MustShared(t)
	for _, handles := range []int{1, 2} {
		Check(t, func(t testing.TB) (all []keystore.Store) {
			_, url := c.Fresh(t)
			for range handles {
				all = append(all, open(t, url, nil))
			}
			return all
		})
	}
}

func open(t testing.TB, url string, o *pgstore.Options) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
