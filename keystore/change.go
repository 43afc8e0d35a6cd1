package keystore

import (
	"encoding/binary"
	"fmt"
)

// target is the record that a change is about and the revision it expects.
func (c *Change) target() (at *Ref, expect CommitID) {
	switch {
	case c.Put != nil:
		return new(c.Put.Record.Ref()), c.Put.Expect
	case c.Remove != nil:
		return &c.Remove.Ref, c.Remove.Expect
	case c.Require != nil:
		return &c.Require.Ref, c.Require.Expect
	case c.Add != nil:
		return &c.Add.Ref, CommitID{}
	}
	return &Ref{}, CommitID{}
}

// wellFormed refuses commits that no store could make.
func wellFormed(id CommitID, changes []Change) error {
	if id == (CommitID{}) || len(changes) == 0 {
		return fmt.Errorf("%w: a commit without an id or without changes", ErrInvalid)
	}
	for i := range changes {
		c := &changes[i]
		if n := c.arms(); n != 1 {
			return fmt.Errorf("%w: change %d has %d members set", ErrInvalid, i, n)
		}
		ref, expect := c.target()
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
func once(earlier []Change, ref *Ref) error {
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

// generation is how many commits a store in memory knows by id at least; the
// interface asks for 1,000.
const generation = 2048

// commitLog remembers the last commits that took effect: those of this
// generation and of the one before. The zero value is empty.
type commitLog struct {
	young, old map[CommitID]struct{}
}

func (l *commitLog) has(id CommitID) bool {
	_, young := l.young[id]
	_, old := l.old[id]
	return young || old
}

func (l *commitLog) add(id CommitID) {
	if l.young == nil {
		l.young = map[CommitID]struct{}{}
	}
	if l.young[id] = (struct{}{}); len(l.young) < generation {
		return
	}
	l.young, l.old = l.old, l.young
	clear(l.young)
}
