package keystore

import (
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
)

const (
	chunkSize = 128  // members of a chunk, at most
	batchSize = 1024 // members that wait for their place, at most
)

// ordered is a set of entries kept in order: a sorted list of sorted chunks. Its owner
// guards it.
//
// A member that is inserted waits in fresh until the order is asked for or batchSize of them wait:
// they are put in place together and sorted, which takes less time than as many insertions in
// random order. No caller waits longer than for one batch, about a millisecond.
type ordered struct {
	rank   func(*entry) uint64   // orders most entries without reading them
	tie    func(a, b *entry) int // orders those of one rank
	chunks [][]ranked            // none is empty
	lasts  []ranked              // the last of each chunk
	fresh  []ranked              // not in chunks, in no order
}

// ranked is an entry and its rank, side by side in memory: a binary search that followed a pointer
// at each step would cost as much as all else in a commit.
type ranked struct {
	rank uint64
	*entry
}

// byID orders the entries of one shelf by the bytes of their ids.
func byID() *ordered {
	return &ordered{
		rank: func(e *entry) uint64 { return prefix(e.id) },
		tie:  func(a, b *entry) int { return strings.Compare(a.id, b.id) },
	}
}

// byDue orders the entries of all shelves by due time, then by id.
func byDue() *ordered {
	return &ordered{
		rank: func(e *entry) uint64 { return uint64(e.due) ^ 1<<63 },
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
	return o.tie(a.entry, b.entry)
}

// find is where an entry is or would be: its chunk, its place in it, and
// whether it is there.
func (o *ordered) find(e ranked) (chunk, at int, found bool) {
	chunk, _ = slices.BinarySearchFunc(o.lasts, e, o.compare)
	if chunk == len(o.chunks) {
		return chunk, 0, false
	}
	at, found = slices.BinarySearchFunc(o.chunks[chunk], e, o.compare)
	return chunk, at, found
}

// insert adds an entry that is not there.
func (o *ordered) insert(e *entry) {
	o.fresh = append(o.fresh, ranked{o.rank(e), e})
	if len(o.fresh) == batchSize {
		o.settle()
	}
}

// settle puts what is fresh in its place. A walk needs it.
func (o *ordered) settle() {
	slices.SortFunc(o.fresh, o.compare)
	for _, r := range o.fresh {
		o.place(r)
	}
	clear(o.fresh)
	o.fresh = o.fresh[:0]
}

// place puts one member in its place.
func (o *ordered) place(r ranked) {
	if len(o.chunks) == 0 {
		o.chunks, o.lasts = [][]ranked{{r}}, []ranked{r}
		return
	}
	chunk, at, _ := o.find(r)
	if chunk == len(o.chunks) { // greater than all: to the end of the last
		chunk--
		at = len(o.chunks[chunk])
	}
	o.set(chunk, slices.Insert(o.chunks[chunk], at, r))
	if c := o.chunks[chunk]; len(c) == chunkSize {
		second := slices.Clone(c[chunkSize/2:])
		clear(c[chunkSize/2:])
		o.set(chunk, c[:chunkSize/2])
		o.chunks = slices.Insert(o.chunks, chunk+1, second)
		o.lasts = slices.Insert(o.lasts, chunk+1, second[len(second)-1])
	}
}

// set replaces a chunk by one that is not empty.
func (o *ordered) set(chunk int, c []ranked) {
	o.chunks[chunk], o.lasts[chunk] = c, c[len(c)-1]
}

// remove removes an entry, if it is there.
func (o *ordered) remove(e *entry) {
	o.settle()
	chunk, at, found := o.find(ranked{o.rank(e), e})
	if !found {
		return
	}
	if c := slices.Delete(o.chunks[chunk], at, at+1); len(c) > 0 {
		o.set(chunk, c)
		return
	}
	o.chunks = slices.Delete(o.chunks, chunk, chunk+1)
	o.lasts = slices.Delete(o.lasts, chunk, chunk+1)
}

// from yields the entries that are not less than e, in order. The owner changes nothing meanwhile.
func (o *ordered) from(e *entry) iter.Seq[*entry] {
	o.settle()
	return func(yield func(*entry) bool) {
		chunk, at, _ := o.find(ranked{o.rank(e), e})
		for ; chunk < len(o.chunks); chunk, at = chunk+1, 0 {
			for _, r := range o.chunks[chunk][at:] {
				if !yield(r.entry) {
					return
				}
			}
		}
	}
}

func (o *ordered) empty() bool { return len(o.chunks) == 0 && len(o.fresh) == 0 }
