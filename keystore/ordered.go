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

// chunkSize is how many members a chunk has at most.
const chunkSize = 256

// ordered is a set of entries of a table kept in order: a list of chunks, each with the members between
// two bounds. Its owner guards it.
//
// A chunk is sorted when it is walked or split, and not when a member is inserted, which would cost more
// than all else in a commit. A caller waits for the sorting of the chunks that it walks, some
// microseconds each.
type ordered struct {
	entries *table
	rank    func(*entry) uint64   // orders most entries without reading them
	tie     func(a, b *entry) int // orders those of one rank
	chunks  []chunk               // none is empty
	lasts   []ranked              // the greatest member of each chunk
}

// chunk is at most chunkSize members.
type chunk struct {
	members []ranked
	sorted  bool
}

// ranked is an entry by its number, and its rank.
type ranked struct {
	rank   uint64
	number uint32
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

// find is the place of the first member in a sorted list that is not less than an entry, which need not
// be in the table.
func (o *ordered) find(list []ranked, rank uint64, e *entry) int {
	low, high := 0, len(list)
	for low < high {
		middle := (low + high) / 2
		r := list[middle]
		if r.rank < rank || r.rank == rank && o.tie(o.entries.get(r.number), e) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// insert adds an entry that is not there.
func (o *ordered) insert(e *entry) {
	r := ranked{o.rank(e), e.number}
	at := o.find(o.lasts, r.rank, e)
	switch {
	case len(o.chunks) == 0:
		o.chunks, o.lasts = []chunk{{members: []ranked{r}, sorted: true}}, []ranked{r}
		return
	case at < len(o.chunks):
		o.chunks[at].sorted = false
	default: // greater than all: at the end of the last
		at--
		o.lasts[at] = r
	}
	c := &o.chunks[at]
	if c.members = append(c.members, r); len(c.members) == chunkSize {
		o.split(at)
	}
}

// split moves the greater half of a chunk into a new one.
func (o *ordered) split(at int) {
	members := o.sorted(at)
	half := len(members) / 2
	second := append(make([]ranked, 0, chunkSize), members[half:]...)
	o.chunks[at].members = members[:half]
	o.chunks = slices.Insert(o.chunks, at+1, chunk{members: second, sorted: true})
	o.lasts = slices.Insert(o.lasts, at, members[half-1])
}

// sorted is the members of a chunk in order.
func (o *ordered) sorted(at int) []ranked {
	c := &o.chunks[at]
	if !c.sorted {
		slices.SortFunc(c.members, o.compare)
		c.sorted = true
	}
	return c.members
}

// remove removes an entry, if it is there.
func (o *ordered) remove(e *entry) {
	at := o.find(o.lasts, o.rank(e), e)
	if at == len(o.chunks) {
		return
	}
	c := &o.chunks[at]
	i := slices.IndexFunc(c.members, func(r ranked) bool { return r.number == e.number })
	if i < 0 {
		return
	}
	c.members = slices.Delete(c.members, i, i+1)
	switch {
	case len(c.members) == 0:
		o.chunks, o.lasts = slices.Delete(o.chunks, at, at+1), slices.Delete(o.lasts, at, at+1)
	case o.lasts[at].number == e.number:
		o.lasts[at] = slices.MaxFunc(c.members, o.compare)
	}
}

// from yields the entries that are not less than e, in order. The owner changes nothing meanwhile.
func (o *ordered) from(e *entry) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		rank := o.rank(e)
		for at, begun := o.find(o.lasts, rank, e), false; at < len(o.chunks); at, begun = at+1, true {
			members := o.sorted(at)
			if !begun {
				members = members[o.find(members, rank, e):]
			}
			for _, r := range members {
				if !yield(o.entries.get(r.number)) {
					return
				}
			}
		}
	}
}

func (o *ordered) empty() bool { return len(o.chunks) == 0 }
