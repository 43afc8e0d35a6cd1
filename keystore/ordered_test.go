package keystore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrderedKeepsOrder inserts, removes and walks, across split chunks, and compares with a sorted list.
func TestOrderedKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers, s := &table{}, &shelf{}
	o := byID(numbers)
	here := map[string]*entry{}
	for round := range 6 {
		for range 6 * chunkSize {
			e := &entry{shelf: s, id: fmt.Sprintf("%x", random.Uint64N(1<<40))}
			if here[e.id] == nil {
				here[e.id] = e
				numbers.add(e)
				o.insert(e)
			}
		}
		for id, e := range here {
			if random.IntN(4) == 0 {
				o.remove(e)
				numbers.remove(e)
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
			if n := len(c.members); n == 0 || n >= chunkSize || o.lasts[i] != c.members[n-1] {
				t.Fatalf("round %d: chunk %d has %d members, or another last one", round, i, n)
			}
		}
	}
}
