package keystore

import (
	"encoding/binary"
	"fmt"
)

// target is the record that a change is about and the revision it expects.
func (c *Change) target() (Ref, CommitID) {
	switch {
	case c.Put != nil:
		return c.Put.Record.Ref(), c.Put.Expect
	case c.Remove != nil:
		return c.Remove.Ref, c.Remove.Expect
	case c.Require != nil:
		return c.Require.Ref, c.Require.Expect
	case c.Add != nil:
		return c.Add.Ref, CommitID{}
	}
	return Ref{}, CommitID{}
}

// wellFormed refuses commits that no store could make.
func wellFormed(id CommitID, changes []Change) error {
	if id == (CommitID{}) || len(changes) == 0 {
		return fmt.Errorf("%w: a commit without an id or without changes", ErrInvalid)
	}
	for i := range changes {
		c := &changes[i]
		if c.arms() != 1 {
			return fmt.Errorf("%w: change %d has %d members set", ErrInvalid, i, c.arms())
		}
		ref, expect := c.target()
		ref.Follow = ""
		if ref.ID == "" || len(ref.ID) > MaxID || ref.Kind == "" {
			return fmt.Errorf("%w: change %d has no kind, or an id of %d bytes", ErrInvalid, i, len(ref.ID))
		}
		if c.Put != nil && len(c.Put.Record.Index) > MaxID {
			return fmt.Errorf("%w: change %d has an index of %d bytes", ErrInvalid, i, len(c.Put.Record.Index))
		}
		if c.Remove != nil && expect == (CommitID{}) {
			return fmt.Errorf("%w: change %d removes what does not exist", ErrInvalid, i)
		}
		if err := once(changes[:i], ref); err != nil {
			return err
		}
	}
	return nil
}

// once refuses a record that an earlier change has named. Commits are short:
// a walk is faster than a set.
func once(earlier []Change, ref Ref) error {
	for j := range earlier {
		other, _ := earlier[j].target()
		if other.ID == ref.ID && other.Kind == ref.Kind && other.Partition == ref.Partition {
			return fmt.Errorf("%w: %s %s is named twice", ErrInvalid, ref.Kind, ref.ID)
		}
	}
	return nil
}

func (c *Change) arms() (n int) {
	for _, set := range [...]bool{c.Put != nil, c.Remove != nil, c.Require != nil, c.Add != nil} {
		if set {
			n++
		}
	}
	return n
}

// CounterValue is the value of a counter as Read returns it; zero for one
// that has never been moved.
func CounterValue(r Record) int64 {
	if len(r.Data) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(r.Data))
}

// rememberedCommits is how many commits a store in memory knows by id; the
// interface asks for 1,000.
const rememberedCommits = 4096

// commitLog remembers the last commits that took effect. The zero value is
// empty.
type commitLog struct {
	ring []CommitID
	next int
	set  map[CommitID]struct{}
}

func (l *commitLog) has(id CommitID) bool {
	_, ok := l.set[id]
	return ok
}

func (l *commitLog) add(id CommitID) {
	if l.set == nil {
		l.set = map[CommitID]struct{}{}
	}
	if len(l.ring) < rememberedCommits {
		l.ring = append(l.ring, id)
	} else {
		delete(l.set, l.ring[l.next])
		l.ring[l.next] = id
		l.next = (l.next + 1) % rememberedCommits
	}
	l.set[id] = struct{}{}
}
