package keystore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrderedKeepsOrder inserts, removes and walks, across batches and split chunks, and compares with a
// sorted list.
func TestOrderedKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	o, s := byID(), &shelf{}
	here := map[string]*entry{}
	for round := range 6 {
		for range 3 * batchSize / 2 {
			e := &entry{shelf: s, id: fmt.Sprintf("%x", random.Uint64N(1<<40))}
			if here[e.id] == nil {
				here[e.id] = e
				o.insert(e)
			}
			if len(o.fresh) >= batchSize {
				t.Fatalf("%d members wait for their place, want fewer than %d", len(o.fresh), batchSize)
			}
		}
		for id, e := range here {
			if random.IntN(4) == 0 {
				o.remove(e)
				delete(here, id)
			}
		}
		var got, want []string
		for id := range here {
			want = append(want, id)
		}
		slices.Sort(want)
		for e := range o.from(&entry{}) {
			got = append(got, e.id)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: %d members in the walk, want %d, or another order", round, len(got), len(want))
		}
		for i, c := range o.chunks {
			if len(c) == 0 || len(c) > chunkSize || o.lasts[i] != c[len(c)-1] {
				t.Fatalf("round %d: chunk %d has %d members, or another last one", round, i, len(c))
			}
		}
	}
}
