package keystore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrderedKeepsOrder inserts, marks, removes and walks, across split chunks, and compares with a sorted
// list.
func TestOrderedKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers, s := &table{}, &shelf{}
	o := &ordered{entries: numbers}
	here, marked := map[string]*entry{}, map[string]bool{}
	for range 6 {
		for range 6 * chunkSize {
			e := &entry{shelf: s, id: fmt.Sprintf("%x", random.Uint64N(1<<40))}
			if here[e.id] == nil {
				here[e.id], marked[e.id] = e, random.IntN(8) == 0
				numbers.add(e)
				insert(o, s.idKey(e.id), e, marked[e.id])
			}
		}
		for id, e := range here {
			switch random.IntN(4) {
			case 0:
				o.remove(s.idKey(id))
				numbers.remove(e)
				delete(here, id)
			case 1:
				marked[id] = random.IntN(8) == 0
				o.remark(s.idKey(id), marked[id])
			}
		}
		checkWalk(t, o, here, func(string) bool { return true }, false)
		checkWalk(t, o, here, func(id string) bool { return marked[id] }, true)
		checkChunks(t, o)
	}
}

// TestOrderedSplitsInHalves checks that chunks of random members are about half full at least, after many splits.
func TestOrderedSplitsInHalves(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	numbers, s := &table{}, &shelf{}
	o := &ordered{entries: numbers}
	const n = 200 * chunkSize
	for range n {
		e := &entry{shelf: s, id: fmt.Sprintf("%016x", random.Uint64())}
		numbers.add(e)
		insert(o, s.idKey(e.id), e, false)
	}
	if got := n / len(o.order); got < chunkSize/2 {
		t.Errorf("%d members a chunk, want at least %d of %d", got, chunkSize/2, chunkSize)
	}
}

// TestOrderedSplitsAFullChunk: after every member, in order and against it, chunks are less than full.
func TestOrderedSplitsAFullChunk(t *testing.T) {
	for _, step := range []int{1, -1} {
		numbers, s := &table{}, &shelf{}
		o := &ordered{entries: numbers}
		for i := range 3 * chunkSize {
			e := &entry{shelf: s, id: fmt.Sprintf("%08d", 10_000_000+step*i)}
			numbers.add(e)
			insert(o, s.idKey(e.id), e, i%3 == 0)
			checkChunks(t, o)
		}
	}
}

// TestOrderedUsesAgainWhatItGaveBack fills a set and empties it, again and again: chunks and numbers are used again, each once.
func TestOrderedUsesAgainWhatItGaveBack(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	numbers, s := &table{}, &shelf{}
	o := &ordered{entries: numbers}
	const n = 10 * chunkSize
	chunks := 0
	for cycle := range 4 {
		here := map[string]*entry{}
		for len(here) < n {
			e := &entry{shelf: s, id: fmt.Sprintf("%016x", random.Uint64())}
			here[e.id] = e
			numbers.add(e)
			insert(o, s.idKey(e.id), e, false)
		}
		checkWalk(t, o, here, func(string) bool { return true }, false)
		checkChunks(t, o)
		if cycle == 0 {
			chunks = len(o.chunks)
		}
		if numbers.next != n || len(o.chunks) > chunks+chunks/2 {
			t.Errorf("cycle %d: %d numbers, want %d, and %d chunks, want about %d", cycle, numbers.next, n, len(o.chunks), chunks)
		}
		for id, e := range here {
			o.remove(s.idKey(id))
			numbers.remove(e)
		}
		if !o.empty() || len(o.free) != len(o.chunks) {
			t.Errorf("cycle %d: empty %t, and %d of %d chunks are free", cycle, o.empty(), len(o.free), len(o.chunks))
		}
	}
}

// TestOrderedHasLittleRoomForFewMembers is about the sets of aliases, one for each key: a chunk of 4 kB for each was
// most of the memory of an alias.
func TestOrderedHasLittleRoomForFewMembers(t *testing.T) {
	for _, n := range []int{1, 5, 100} {
		numbers, s := &table{}, &shelf{}
		o := &ordered{entries: numbers}
		for i := range n {
			e := &entry{shelf: s, id: fmt.Sprint(i)}
			numbers.add(e)
			insert(o, s.idKey(e.id), e, false)
		}
		room := 0
		for _, c := range o.chunks {
			room += cap(c)
		}
		if most := 3 * n; room > most {
			t.Errorf("%d members have room for %d, want at most %d", n, room, most)
		}
	}
}

// TestAnIndexThatNoRecordHasIsForgotten: records that come and go with an index of their own leave nothing.
func TestAnIndexThatNoRecordHasIsForgotten(t *testing.T) {
	m, p := NewMemory(), Partition{"111122223333", "us-east-1"}
	defer m.Close()
	commits := byte(0)
	commit := func(c Change) CommitID {
		commits++
		if err := m.Commit(t.Context(), CommitID{commits}, c); err != nil {
			t.Fatal(err)
		}
		return CommitID{commits}
	}
	commit(Create(Record{Partition: p, Kind: "a", ID: "first", Index: "common"}))
	for i := range 3 {
		r := Record{Partition: p, Kind: "a", ID: "x", Index: fmt.Sprint("own", i)}
		r.Rev = commit(Create(r))
		r.Index += "changed"
		r.Rev = commit(Replace(r))
		if n := len(m.room(p).shelf("a").byIndex); n != 1 {
			t.Errorf("one record with an index of its own: got %d sets of an index, want 1", n)
		}
		commit(Erase(r))
	}
	if n := len(m.room(p).shelf("a").byIndex); n != 0 {
		t.Errorf("no record with an index of its own: got %d sets of an index, want none", n)
	}
}

func checkWalk(t *testing.T, o *ordered, here map[string]*entry, in func(id string) bool, marked bool) {
	t.Helper()
	var got, want []string
	for id := range here {
		if in(id) {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	for e := range o.from(key{}, marked) {
		got = append(got, e.id)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("marked=%t: %d members in the walk, want %d, or another order", marked, len(got), len(want))
	}
}

func checkChunks(t *testing.T, o *ordered) {
	t.Helper()
	for i, s := range o.order {
		members := o.members(i)
		if n := len(members); n == 0 || n >= chunkSize || s.last.number != members[n-1].number {
			t.Fatalf("chunk %d has %d members, or another last one", i, n)
		}
		marked := 0
		for _, r := range members {
			if r.marked {
				marked++
			}
		}
		if int(s.marked) != marked {
			t.Fatalf("chunk %d counts %d marked members, has %d", i, s.marked, marked)
		}
	}
}

func insert(o *ordered, k key, e *entry, marked bool) { o.insert(k, o.seek(&k), e, marked) }
