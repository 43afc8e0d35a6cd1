package keystore

import (
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
)

// table gives each entry a number. Ordered sets hold numbers in place of pointers: moving pointers costs
// several times as much while the garbage collector works. The zero value is empty.
type table struct {
	blocks [][]*entry // blocks, so that growing copies little; the first begins small, since most stores stay so
	next   uint32     // the first number that has never been given
	free   []uint32   // numbers that have been given back
}

const blockSize = 4096

func (t *table) add(e *entry) {
	if n := len(t.free); n > 0 {
		e.number, t.free = t.free[n-1], t.free[:n-1]
	} else {
		e.number = t.next
		t.next++
	}
	at, i := int(e.number/blockSize), int(e.number%blockSize)
	switch {
	case at < len(t.blocks):
	case at == 0:
		t.blocks = append(t.blocks, make([]*entry, 0, 16))
	default:
		t.blocks = append(t.blocks, make([]*entry, 0, blockSize))
	}
	if i == len(t.blocks[at]) {
		t.blocks[at] = append(t.blocks[at], nil)
	}
	t.blocks[at][i] = e
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

// ordered is a set of entries of a table, kept in order: a list of chunks, each with the members between
// two bounds. Its owner guards it.
type ordered struct {
	entries *table
	order   []slot     // the chunks: none is empty
	chunks  [][]ranked // by number, with room for more members; their slots have how many there are
	free    []uint32   // numbers of chunks that are not in use
	changes uint64     // how often members came or went, so that a spot is known to be out of date
}

// spot is a place in the order: that of a chunk, and that in the chunk. Behind the last member it is
// the one behind the last chunk.
type spot struct {
	at, i   int
	changes uint64
}

// slot is a place for a chunk in the order. It has no pointers, so that inserting one is cheap while the
// garbage collector works.
type slot struct {
	last   ranked // the greatest member; its mark means nothing
	chunk  uint32 // the number of the chunk
	n      uint16 // how many members it has
	marked uint16 // how many of them are marked
}

// ranked is an entry by its number, and the rank of its key. The owner may mark some of the entries and
// walk these alone.
type ranked struct {
	rank   uint64
	number uint32
	marked bool
}

// key is what the members of a set are ordered by: the rank, which orders most without reading the
// entry, then the id, then the shelf.
type key struct {
	rank  uint64
	id    string
	shelf *shelf
}

// idKey orders the records of one shelf by the bytes of their ids.
func (s *shelf) idKey(id string) key {
	var first [8]byte
	copy(first[:], id)
	return key{binary.BigEndian.Uint64(first[:]), id, s}
}

// dueKey orders the records of all shelves by due time, then by id.
func (e *entry) dueKey() key { return key{uint64(e.due) ^ 1<<63, e.id, e.shelf} }

// less reports whether a member is less than a key.
func (o *ordered) less(r *ranked, k *key) bool {
	if r.rank != k.rank {
		return r.rank < k.rank
	}
	e := o.entries.get(r.number)
	if c := strings.Compare(e.id, k.id); c != 0 || e.shelf == k.shelf {
		return c < 0
	}
	return e.shelf.compare(k.shelf) < 0
}

// compare orders shelves by account, Region and kind.
func (s *shelf) compare(other *shelf) int {
	return cmp.Or(
		strings.Compare(s.partition.Account, other.partition.Account),
		strings.Compare(s.partition.Region, other.partition.Region),
		cmp.Compare(s.kind, other.kind),
	)
}

// seek is the place of the first member that is not less than a key.
func (o *ordered) seek(k *key) spot {
	low, high := 0, len(o.order)
	for low < high {
		middle := int(uint(low+high) / 2)
		if o.less(&o.order[middle].last, k) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	at := low
	if at == len(o.order) {
		return spot{at, 0, o.changes}
	}
	members := o.members(at)
	low, high = 0, len(members)-1 // the last is not less
	for low < high {
		middle := int(uint(low+high) / 2)
		if o.less(&members[middle], k) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return spot{at, low, o.changes}
}

// find is the member with an id on a shelf, nil where there is none, and its place.
func (o *ordered) find(k key) (*entry, spot) {
	to := o.seek(&k)
	if to.at == len(o.order) {
		return nil, to
	}
	r := &o.members(to.at)[to.i]
	if r.rank != k.rank {
		return nil, to
	}
	if e := o.entries.get(r.number); e.id == k.id {
		return e, to
	}
	return nil, to
}

// insert adds an entry that is not there, at its place, which is sought again if the set has changed since.
func (o *ordered) insert(k key, to spot, e *entry, marked bool) {
	if to.changes != o.changes {
		to = o.seek(&k)
	}
	o.changes++
	r := ranked{k.rank, e.number, marked}
	at, i := to.at, to.i
	if at == len(o.order) { // it is the greatest
		if at == 0 {
			o.order = append(o.order, slot{chunk: o.newChunk(firstSize)})
		} else {
			at--
		}
		i = int(o.order[at].n)
		o.order[at].last = r
	}
	s := &o.order[at]
	c := &o.chunks[s.chunk]
	copy((*c)[i+1:s.n+1], (*c)[i:s.n])
	(*c)[i] = r
	s.count(marked, 1)
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

// split moves the greater half of a chunk into a new one.
func (o *ordered) split(at int) {
	left, members := o.order[at], o.members(at)
	right := slot{last: left.last, chunk: o.newChunk(chunkSize)}
	half := members[len(members)/2:]
	right.n = uint16(copy(o.chunks[right.chunk], half))
	for _, r := range half {
		right.count(r.marked, 1)
	}
	left.n -= right.n
	left.marked -= right.marked
	left.last = members[left.n-1]
	o.order[at] = right
	o.order = slices.Insert(o.order, at, left)
}

// remark marks a member, or takes its mark away.
func (o *ordered) remark(k key, marked bool) {
	to := o.seek(&k)
	s := &o.order[to.at]
	r := &o.members(to.at)[to.i]
	s.count(r.marked, -1)
	s.count(marked, 1)
	r.marked = marked
}

// remove removes a member.
func (o *ordered) remove(k key) {
	to := o.seek(&k)
	o.changes++
	s := &o.order[to.at]
	members := o.members(to.at)
	s.count(members[to.i].marked, -1)
	members = slices.Delete(members, to.i, to.i+1)
	if s.n--; s.n == 0 {
		o.chunks[s.chunk] = nil
		o.free = append(o.free, s.chunk)
		o.order = slices.Delete(o.order, to.at, to.at+1)
	} else {
		s.last = members[s.n-1]
	}
}

// from yields the members that are not less than a key, in order: all, or those that are marked. The owner
// changes nothing meanwhile.
func (o *ordered) from(k key, marked bool) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		first := o.seek(&k)
		for at := first.at; at < len(o.order); at++ {
			members := o.members(at)
			if at == first.at {
				members = members[first.i:]
			}
			if marked && o.order[at].marked == 0 {
				continue
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
