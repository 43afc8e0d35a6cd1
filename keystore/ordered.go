package keystore

import (
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"sort"
	"strings"
)

// table gives each entry a number. Ordered sets hold numbers in place of pointers: moving pointers costs
// several times as much while the garbage collector works. The zero value is empty.
type table struct {
	blocks []*[blockSize]*entry // blocks, so that growing copies little
	next   uint32               // the first number that has never been given
	free   []uint32             // numbers that have been given back
}

const blockSize = 4096

func (t *table) add(e *entry) {
	if n := len(t.free); n > 0 {
		e.number, t.free = t.free[n-1], t.free[:n-1]
	} else {
		e.number = t.next
		t.next++
	}
	if int(e.number/blockSize) == len(t.blocks) {
		t.blocks = append(t.blocks, new([blockSize]*entry))
	}
	t.blocks[e.number/blockSize][e.number%blockSize] = e
}

func (t *table) get(number uint32) *entry { return t.blocks[number/blockSize][number%blockSize] }

func (t *table) remove(e *entry) {
	t.blocks[e.number/blockSize][e.number%blockSize] = nil
	t.free = append(t.free, e.number)
}

// chunkSize is how many members a chunk has at most. The first one of a set begins with room for firstSize, and
// grows: in most sets there are few, as in that of the aliases of one key.
const (
	chunkSize = 256
	firstSize = 2
)

// ordered is a set of entries of a table kept in order: a list of chunks, each with the members between
// two bounds. Its owner guards it.
//
// A chunk is sorted when it is walked, and not when a member is inserted, which would cost more than all
// else in a commit. A caller waits for the sorting of the chunks that it walks, some microseconds each.
type ordered struct {
	entries *table
	rank    func(*entry) uint64   // orders most entries without reading them
	tie     func(a, b *entry) int // orders those of one rank
	order   []slot                // the chunks: none is empty
	chunks  [][]ranked            // by number, with room for more members; their slots have how many there are
	free    []uint32              // numbers of chunks that are not in use
}

// slot is a place for a chunk in the order. It has no pointers, so that inserting one is cheap while the
// garbage collector works.
type slot struct {
	last   ranked // the greatest member; its mark means nothing
	chunk  uint32 // the number of the chunk
	n      uint16 // how many members it has
	marked uint16 // how many of them are marked
	sorted bool   // the members are in order
}

// ranked is an entry by its number, and its rank. The owner may mark some of the entries and walk these
// alone.
type ranked struct {
	rank   uint64
	number uint32
	marked bool
}

// byID orders the entries of one shelf by the bytes of their ids.
func byID(t *table) *ordered {
	return &ordered{
		entries: t,
		rank:    func(e *entry) uint64 { return prefix(e.id) },
		tie:     func(a, b *entry) int { return strings.Compare(a.id, b.id) },
	}
}

// byDue orders the entries of all shelves by due time, then by id.
func byDue(t *table) *ordered {
	return &ordered{
		entries: t,
		rank:    func(e *entry) uint64 { return uint64(e.due) ^ 1<<63 },
		tie: func(a, b *entry) int {
			return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.shelf.partition.Account, b.shelf.partition.Account),
				strings.Compare(a.shelf.partition.Region, b.shelf.partition.Region), strings.Compare(string(a.shelf.kind), string(b.shelf.kind)))
		},
	}
}

// prefix is the first 8 bytes of an id, as a number in the same order.
func prefix(id string) uint64 {
	var first [8]byte
	copy(first[:], id)
	return binary.BigEndian.Uint64(first[:])
}

func (o *ordered) compare(a, b ranked) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	return o.tie(o.entries.get(a.number), o.entries.get(b.number))
}

// less reports whether a member is less than an entry, which need not be in the table.
func (o *ordered) less(r ranked, rank uint64, e *entry) bool {
	return r.rank < rank || r.rank == rank && o.tie(o.entries.get(r.number), e) < 0
}

// find is the place of the first chunk with a member that is not less than an entry.
func (o *ordered) find(rank uint64, e *entry) int {
	low, high := 0, len(o.order)
	for low < high {
		middle := (low + high) / 2
		if o.less(o.order[middle].last, rank, e) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// insert adds an entry that is not there.
func (o *ordered) insert(e *entry, marked bool) {
	r := ranked{o.rank(e), e.number, marked}
	at := o.find(r.rank, e)
	greatest := at == len(o.order)
	switch {
	case at == 0 && greatest: // the first member of all
		o.order = append(o.order, slot{last: r, chunk: o.newChunk(firstSize), sorted: true})
	case greatest:
		at--
		o.order[at].last = r
	}
	s := &o.order[at]
	s.count(marked, 1)
	s.sorted = s.sorted && greatest
	c := &o.chunks[s.chunk]
	(*c)[s.n] = r
	if s.n++; s.n == chunkSize {
		o.split(at)
	} else if int(s.n) == len(*c) {
		*c = append(*c, make([]ranked, len(*c))...)
	}
}

// count adds n to the marked members, if a member is marked.
func (s *slot) count(marked bool, n int) {
	if marked {
		s.marked = uint16(int(s.marked) + n)
	}
}

// members are those of the chunk at a place in the order.
func (o *ordered) members(at int) []ranked {
	s := &o.order[at]
	return o.chunks[s.chunk][:s.n]
}

// newChunk makes an empty chunk and returns its number.
func (o *ordered) newChunk(size int) uint32 {
	if n := len(o.free); n > 0 {
		number := o.free[n-1]
		o.free = o.free[:n-1]
		o.chunks[number] = make([]ranked, size)
		return number
	}
	o.chunks = append(o.chunks, make([]ranked, size))
	return uint32(len(o.chunks) - 1)
}

// split moves about half of a chunk, the greater members, into a new one.
func (o *ordered) split(at int) {
	old, members := o.order[at], o.members(at)
	left := slot{last: o.middle(members), chunk: old.chunk, sorted: old.sorted}
	right := slot{last: old.last, chunk: o.newChunk(chunkSize), sorted: old.sorted}
	for _, r := range members {
		to := &right
		if o.compare(r, left.last) <= 0 {
			to = &left
		}
		o.chunks[to.chunk][to.n] = r
		to.n++
		to.count(r.marked, 1)
	}
	o.order[at] = right
	o.order = slices.Insert(o.order, at, left)
}

// middle is a member near the middle, and not the greatest: the median of some.
func (o *ordered) middle(members []ranked) ranked {
	var some [15]ranked
	for i := range some {
		some[i] = members[i*len(members)/len(some)]
	}
	slices.SortFunc(some[:], o.compare)
	return some[len(some)/2]
}

// sorted is the members of a chunk in order.
func (o *ordered) sorted(at int) []ranked {
	members := o.members(at)
	if s := &o.order[at]; !s.sorted {
		slices.SortFunc(members, o.compare)
		s.sorted = true
	}
	return members
}

// locate is where an entry is: the place of its chunk, and its place among the members; -1 if it is not
// there.
func (o *ordered) locate(e *entry) (at, i int) {
	if at = o.find(o.rank(e), e); at == len(o.order) {
		return at, -1
	}
	return at, slices.IndexFunc(o.members(at), func(r ranked) bool { return r.number == e.number })
}

// remark marks an entry that is there, or takes its mark away.
func (o *ordered) remark(e *entry, marked bool) {
	at, i := o.locate(e)
	s := &o.order[at]
	r := &o.members(at)[i]
	s.count(r.marked, -1)
	s.count(marked, 1)
	r.marked = marked
}

// remove removes an entry, if it is there.
func (o *ordered) remove(e *entry) {
	at, i := o.locate(e)
	if i < 0 {
		return
	}
	s := &o.order[at]
	members := o.members(at)
	s.count(members[i].marked, -1)
	members = slices.Delete(members, i, i+1)
	s.n--
	switch {
	case len(members) == 0:
		o.chunks[s.chunk] = nil
		o.free = append(o.free, s.chunk)
		o.order = slices.Delete(o.order, at, at+1)
	case s.last.number == e.number:
		s.last = slices.MaxFunc(members, o.compare)
	}
}

// from yields the entries that are not less than e, in order: all, or those that are marked. The owner
// changes nothing meanwhile.
func (o *ordered) from(e *entry, marked bool) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		rank := o.rank(e)
		first := o.find(rank, e)
		for at := first; at < len(o.order); at++ {
			if marked && o.order[at].marked == 0 {
				continue
			}
			members := o.sorted(at)
			if at == first {
				members = members[sort.Search(len(members), func(i int) bool { return !o.less(members[i], rank, e) }):]
			}
			for _, r := range members {
				if (r.marked || !marked) && !yield(o.entries.get(r.number)) {
					return
				}
			}
		}
	}
}

func (o *ordered) empty() bool { return len(o.order) == 0 }
