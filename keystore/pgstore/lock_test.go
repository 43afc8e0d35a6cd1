package pgstore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestLargeCommits: beyond manyChanges a commit has the store to itself, and the
// small ones of others are not mixed into it.
func TestLargeCommits(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	s, other := open(t, url, nil), open(t, url, nil)
	var wg sync.WaitGroup
	for g, s := range []*Store{s, other, s, other} {
		wg.Go(func() {
			for n := range 5 {
				changes := []keystore.Change{keystore.Count(counted, 1+2*int64(g%2)*manyChanges, 1<<40)}
				for i := range 1 + 2*(g%2)*manyChanges {
					changes = append(changes, keystore.Create(record(fmt.Sprintf("%d.%d.%d", g, n, i))))
				}
				if err := s.Commit(t.Context(), storetest.NewID(), changes...); err != nil {
					t.Errorf("%d changes: %v", len(changes), err)
				}
			}
		})
	}
	wg.Wait()
	if n := keystore.CounterValue(get(t, s, counted)); n != 5*2*(2+2*manyChanges) {
		t.Errorf("the counter is at %d, want %d", n, 5*2*(2+2*manyChanges))
	}
}
