package keystore

import (
	"slices"
)

// chunkSize is where a chunk is cut in two.
const chunkSize = 256

// ordered is a set kept in order: a sorted list of sorted chunks. With a
// million members an insertion is two binary searches and the move of half a
// chunk.
//
// Writers outnumber readers while a store fills: what is inserted waits in
// fresh, unsorted, until somebody asks for the order, so that each member is
// put in its place once and not while a commit waits. It is guarded by its
// owner; settle changes it, the walk does not.
type ordered[K any] struct {
	compare func(a, b K) int
	chunks  [][]K // none is empty
	fresh   [][]K // not in chunks; all but the last are full
}

// insert adds a member that is not there.
func (o *ordered[K]) insert(k K) {
	last := len(o.fresh) - 1
	if last < 0 || len(o.fresh[last]) == chunkSize {
		o.fresh = append(o.fresh, nil)
		last++
	}
	o.fresh[last] = append(o.fresh[last], k)
}

// settled says whether a walk would see everything.
func (o *ordered[K]) settled() bool { return len(o.fresh) == 0 }

// settle puts what is fresh in its place.
func (o *ordered[K]) settle() {
	for _, chunk := range o.fresh {
		for _, k := range chunk {
			o.place(k)
		}
	}
	o.fresh = nil
}

// find is where a member is or would be: its chunk, its place in it, and
// whether it is there.
func (o *ordered[K]) find(k K) (chunk, at int, found bool) {
	chunk, _ = slices.BinarySearchFunc(o.chunks, k, func(c []K, k K) int {
		return o.compare(c[len(c)-1], k)
	})
	if chunk == len(o.chunks) {
		return chunk, 0, false
	}
	at, found = slices.BinarySearchFunc(o.chunks[chunk], k, o.compare)
	return chunk, at, found
}

func (o *ordered[K]) place(k K) {
	chunk, at, _ := o.find(k)
	switch {
	case len(o.chunks) == 0:
		o.chunks = append(o.chunks, []K{k})
		return
	case chunk == len(o.chunks): // greater than all: to the end of the last
		chunk--
		at = len(o.chunks[chunk])
	}
	c := slices.Insert(o.chunks[chunk], at, k)
	if len(c) < chunkSize {
		o.chunks[chunk] = c
		return
	}
	half := slices.Clone(c[chunkSize/2:])
	clear(c[chunkSize/2:])
	o.chunks[chunk] = c[:chunkSize/2]
	o.chunks = slices.Insert(o.chunks, chunk+1, half)
}

// remove takes a member out.
func (o *ordered[K]) remove(k K) {
	o.settle()
	chunk, at, found := o.find(k)
	if !found {
		return
	}
	c := slices.Delete(o.chunks[chunk], at, at+1)
	if len(c) > 0 {
		o.chunks[chunk] = c
		return
	}
	o.chunks = slices.Delete(o.chunks, chunk, chunk+1)
}

// from walks the members that are not less than k, in order, until visit
// returns false. The set is settled.
func (o *ordered[K]) from(k K, visit func(K) bool) {
	chunk, at, _ := o.find(k)
	for ; chunk < len(o.chunks); chunk, at = chunk+1, 0 {
		for _, member := range o.chunks[chunk][at:] {
			if !visit(member) {
				return
			}
		}
	}
}

func (o *ordered[K]) empty() bool { return len(o.chunks) == 0 && len(o.fresh) == 0 }
