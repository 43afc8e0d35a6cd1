package keystore

import (
	"encoding/binary"
	"fmt"
)

// What follows up to CounterValue is for stores: the rules that all of them
// share.

// Target is the record that a change is about and the revision it expects.
func (c *Change) Target() (at *Ref, expect CommitID) {
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

// WellFormed refuses with ErrInvalid the commits that no store could make.
func WellFormed(id CommitID, changes []Change) error {
	if id == (CommitID{}) || len(changes) == 0 {
		return fmt.Errorf("%w: a commit without an id or without changes", ErrInvalid)
	}
	for i := range changes {
		c := &changes[i]
		if n := c.arms(); n != 1 {
			return fmt.Errorf("%w: change %d has %d members set", ErrInvalid, i, n)
		}
		ref, expect := c.Target()
		if ref.ID == "" || len(ref.ID) > MaxID || ref.Kind == "" {
			return fmt.Errorf("%w: change %d has no kind, or an id of %d bytes", ErrInvalid, i, len(ref.ID))
		}
		if c.Put != nil && len(c.Put.Record.Index) > MaxID {
			return fmt.Errorf("%w: change %d has an index of %d bytes", ErrInvalid, i, len(c.Put.Record.Index))
		}
		if c.Remove != nil && expect == (CommitID{}) {
			return fmt.Errorf("%w: change %d removes what does not exist", ErrInvalid, i)
		}
	}
	return once(changes)
}

// once refuses a commit that names a record twice. For commits as short as most
// are a walk is faster than a set.
func once(changes []Change) error {
	const short = 16
	var seen map[Ref]bool
	if len(changes) > short {
		seen = make(map[Ref]bool, len(changes))
	}
	for i := range changes {
		ref, _ := changes[i].Target()
		twice := false
		if seen != nil {
			name := Ref{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID}
			twice, seen[name] = seen[name], true
		}
		for j := 0; seen == nil && j < i; j++ {
			twice = twice || changes[j].names(ref)
		}
		if twice {
			return fmt.Errorf("%w: %s %s is named twice", ErrInvalid, ref.Kind, ref.ID)
		}
	}
	return nil
}

// names reports whether the change is about a record.
func (c *Change) names(ref *Ref) bool {
	if c.Put != nil {
		r := &c.Put.Record
		return r.ID == ref.ID && r.Kind == ref.Kind && r.Partition == ref.Partition
	}
	other, _ := c.Target()
	return other.ID == ref.ID && other.Kind == ref.Kind && other.Partition == ref.Partition
}

func (c *Change) arms() (n int) {
	for _, set := range [...]bool{c.Put != nil, c.Remove != nil, c.Require != nil, c.Add != nil} {
		if set {
			n++
		}
	}
	return n
}

// Check returns nil if the change can be made to a record, and else the error of the commit. The
// argument have is the revision of the record, zero where there is none; counter says that the
// record is a counter, and value is its value.
func (c *Change) Check(have CommitID, counter bool, value int64) error {
	err := c.check(have, counter, value)
	if err == nil {
		return nil
	}
	ref, _ := c.Target()
	if err == ErrInvalid {
		return fmt.Errorf("%w: %s %s is a counter or a record, not both", err, ref.Kind, ref.ID)
	}
	return fmt.Errorf("%w: %s %s", err, ref.Kind, ref.ID)
}

func (c *Change) check(have CommitID, counter bool, value int64) error {
	_, expect := c.Target()
	switch {
	case have != (CommitID{}) && c.Require == nil && counter != (c.Add != nil):
		return ErrInvalid
	case c.Add != nil:
		sum := value + c.Add.Delta
		wrapped := (sum > value) != (c.Add.Delta > 0)
		if !wrapped && sum >= 0 && (c.Add.Delta <= 0 || sum <= c.Add.Ceiling) {
			return nil
		}
		return ErrCeiling
	case have == expect:
		return nil
	case expect == CommitID{}:
		return ErrExists
	case have == CommitID{}:
		return ErrNotFound
	}
	return ErrConflict
}

// CounterValue returns the value of a counter that Read returned; zero for one that has never been
// changed.
func CounterValue(r Record) int64 {
	if len(r.Data) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(r.Data))
}

// generation is how many ids of commits a store in memory has at least; the
// interface asks for 1,000.
const generation = 1024

// commitLog has the last commits that took effect: those of this generation and
// of the one before. The zero value is empty.
type commitLog struct {
	young, old map[CommitID]struct{}
}

// add adds a commit that is about to take effect, and reports whether it is new. One that fails after
// all is removed.
func (l *commitLog) add(id CommitID) bool {
	if _, ok := l.old[id]; ok {
		return false
	}
	if len(l.young) >= generation {
		if _, ok := l.young[id]; ok {
			return false
		}
		l.young, l.old = l.old, l.young
		clear(l.young)
	}
	if l.young == nil {
		l.young = map[CommitID]struct{}{}
	}
	before := len(l.young)
	l.young[id] = struct{}{}
	return len(l.young) > before
}

func (l *commitLog) remove(id CommitID) { delete(l.young, id) }
