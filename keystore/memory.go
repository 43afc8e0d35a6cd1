package keystore

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

// Limits of the call itself; a database's columns are made by them.
const (
	MaxID    = 512  // bytes of an id and of an index
	MaxLimit = 1000 // records of one page
)

// memory is the store that needs nothing.
type memory struct {
	mu      sync.RWMutex // guards all below
	closed  bool
	shelves map[shelfKey]*shelf
	due     ordered[dueEntry]                // of all partitions
	dueIn   map[Partition]*ordered[dueEntry] // of each
	log     commitLog
}

type shelfKey struct {
	partition Partition
	kind      Kind
}

// shelf is the records of one kind in one partition.
type shelf struct {
	shelfKey
	entries map[string]*entry
	ids     ordered[*entry]
	byIndex map[string]*ordered[*entry]
	room    []entry // for entries to come
}

// maxRoom is how many entries are made room for at once.
const maxRoom = 128

// keep copies an entry to where it stays. Entries are made room for together,
// which spares the runtime's garbage collector most of its marking.
func (s *shelf) keep(e entry) *entry {
	if len(s.room) == cap(s.room) {
		s.room = make([]entry, 0, min(2*cap(s.room)+1, maxRoom))
	}
	s.room = append(s.room, e)
	return &s.room[len(s.room)-1]
}

// entry is a record without what its shelf knows. It changes in place;
// readers get copies.
type entry struct {
	id    string
	index string
	data  []byte
	rev   CommitID
	due   int64 // milliseconds since 1970, or one of these
}

// The due times of what is never due.
const (
	never   = math.MinInt64
	counter = never + 1 // and is moved by Add alone
)

// isDue says whether the record has a due time.
func (e *entry) isDue() bool { return e.due > counter }

// record is the entry as the interface has it; nil is one that does not exist.
func (s *shelf) record(e *entry) (r Record) {
	if e == nil {
		return r
	}
	r = Record{Partition: s.partition, Kind: s.kind, ID: e.id, Rev: e.rev, Index: e.index, Data: e.data}
	if e.isDue() {
		r.Due = time.UnixMilli(e.due).UTC()
	}
	return r
}

type dueEntry struct {
	shelf *shelf
	*entry
}

// NewMemory is a store in memory: it forgets when the process ends. It is
// safe for any number of goroutines.
func NewMemory() Store { return &memory{} }

func (m *memory) open(ctx context.Context) error {
	if m.closed {
		return ErrClosed
	}
	return ctx.Err()
}

// find is the shelf, nil where there is none yet, and the entry on it.
func (m *memory) find(p Partition, k Kind, id string) (*shelf, *entry) {
	s := m.shelves[shelfKey{p, k}]
	if s == nil {
		return nil, nil
	}
	return s, s.entries[id]
}

func (m *memory) Read(ctx context.Context, refs ...Ref) ([]Found, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	out := make([]Found, len(refs))
	for i := range refs {
		ref := &refs[i]
		s, e := m.find(ref.Partition, ref.Kind, ref.ID)
		if e == nil {
			continue
		}
		out[i].Record = s.record(e)
		if ref.Follow == "" {
			continue
		}
		if s, e = m.find(ref.Partition, ref.Follow, e.index); e != nil {
			out[i].Followed = new(s.record(e))
		}
	}
	return out, nil
}

func (m *memory) Page(ctx context.Context, p Partition, kind Kind, f Filter, after string, limit int) ([]Record, error) {
	if limit < 1 || limit > MaxLimit {
		return nil, fmt.Errorf("%w: a page of %d records", ErrInvalid, limit)
	}
	var s *shelf
	ids, lock, err := walk(m, ctx, func() *ordered[*entry] {
		s = m.shelves[shelfKey{p, kind}]
		switch {
		case s == nil:
			return nil
		case f.Index != nil:
			return s.byIndex[*f.Index]
		}
		return &s.ids
	})
	defer m.unlock(lock)
	if ids == nil || err != nil {
		return nil, err
	}
	out := make([]Record, 0, min(limit, 128))
	ids.from(&entry{id: after}, func(e *entry) bool {
		if e.id != after {
			out = append(out, s.record(e))
		}
		return len(out) < limit
	})
	return out, nil
}

func (m *memory) Due(ctx context.Context, p Partition, before time.Time, limit int) ([]Record, error) {
	if limit < 1 || limit > MaxLimit {
		return nil, fmt.Errorf("%w: %d due records", ErrInvalid, limit)
	}
	entries, lock, err := walk(m, ctx, func() *ordered[dueEntry] {
		if p == (Partition{}) {
			return &m.due
		}
		return m.dueIn[p]
	})
	defer m.unlock(lock)
	if entries == nil || err != nil {
		return nil, err
	}
	var out []Record
	last := before.UnixMilli()
	entries.from(dueEntry{&shelf{}, &entry{due: never}}, func(e dueEntry) bool {
		if e.due > last {
			return false
		}
		out = append(out, e.shelf.record(e.entry))
		return len(out) < limit
	})
	return out, nil
}

// walk locks the store for reading an ordered set, which it settles first,
// under the writers' lock, if need be. The caller unlocks.
func walk[K any](m *memory, ctx context.Context, set func() *ordered[K]) (o *ordered[K], held lock, err error) {
	m.mu.RLock()
	if err := m.open(ctx); err != nil {
		return nil, reading, err
	}
	if o = set(); o == nil || o.settled() {
		return o, reading, nil
	}
	m.mu.RUnlock()
	m.mu.Lock()
	if err := m.open(ctx); err != nil {
		return nil, writing, err
	}
	if o = set(); o != nil {
		o.settle()
	}
	return o, writing, nil
}

// lock is which side of the store's lock is held.
type lock bool

const (
	reading lock = false
	writing lock = true
)

func (m *memory) unlock(held lock) {
	if held == writing {
		m.mu.Unlock()
	} else {
		m.mu.RUnlock()
	}
}

func (m *memory) Commit(ctx context.Context, id CommitID, changes ...Change) error {
	if err := WellFormed(id, changes); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(ctx); err != nil {
		return err
	}
	if m.log.has(id) {
		return nil
	}
	var room [8]place
	places := append(room[:0], make([]place, len(changes))...)
	for i := range changes {
		var err error
		if places[i], err = m.judge(&changes[i]); err != nil {
			return err
		}
	}
	for i := range changes {
		m.apply(&changes[i], places[i], id)
	}
	m.log.add(id)
	return nil
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.shelves, m.due, m.dueIn = true, nil, ordered[dueEntry]{}, nil
	return nil
}

// place is where a change is made: its shelf, nil where the change is the
// first of its kind, and the entry that is there.
type place struct {
	shelf *shelf
	entry *entry
}

// judge says whether a change can be made to what is there.
func (m *memory) judge(c *Change) (at place, err error) {
	ref, _ := c.Target()
	at.shelf, at.entry = m.find(ref.Partition, ref.Kind, ref.ID)
	var have CommitID
	if at.entry != nil {
		have = at.entry.rev
	}
	return at, c.Judge(have, at.entry != nil && at.entry.due == counter, at.entry.value())
}

// value is that of a counter; one that does not exist is at zero.
func (e *entry) value() int64 {
	if e == nil {
		return 0
	}
	return CounterValue(Record{Data: e.data})
}

func (m *memory) apply(c *Change, at place, id CommitID) {
	switch {
	case c.Put != nil:
		r := &c.Put.Record
		due := int64(never)
		if !r.Due.IsZero() {
			due = r.Due.UnixMilli()
		}
		m.put(m.shelfAt(at, r.Partition, r.Kind), at.entry, entry{id: r.ID, index: r.Index, data: r.Data, rev: id, due: due})
	case c.Add != nil:
		ref := &c.Add.Ref
		data := binary.BigEndian.AppendUint64(nil, uint64(at.entry.value()+c.Add.Delta))
		m.put(m.shelfAt(at, ref.Partition, ref.Kind), at.entry, entry{id: ref.ID, data: data, rev: id, due: counter})
	case c.Remove != nil:
		m.remove(at)
	}
}

// shelfAt is the shelf of a place, which the first record of its kind makes.
func (m *memory) shelfAt(at place, p Partition, k Kind) *shelf {
	if at.shelf != nil {
		return at.shelf
	}
	key := shelfKey{p, k}
	s := m.shelves[key]
	if s == nil {
		s = &shelf{shelfKey: key, entries: map[string]*entry{}, ids: ordered[*entry]{compare: compareIDs}}
		if m.shelves == nil {
			m.shelves = map[shelfKey]*shelf{}
		}
		m.shelves[key] = s
	}
	return s
}

// put writes an entry: a new one, or over the one that is there.
func (m *memory) put(s *shelf, old *entry, e entry) {
	if old == nil {
		old = s.keep(e)
		s.entries[e.id] = old
		s.ids.insert(old)
		s.index(e.index).insert(old)
	} else {
		m.undue(s, old)
		if old.index != e.index {
			s.unindex(old)
			s.index(e.index).insert(old)
		}
		*old = e
	}
	if e.isDue() {
		m.dueAt(s, old)
	}
}

func (m *memory) remove(at place) {
	m.undue(at.shelf, at.entry)
	at.shelf.unindex(at.entry)
	at.shelf.ids.remove(at.entry)
	delete(at.shelf.entries, at.entry.id)
	*at.entry = entry{} // its room stays, its data goes
}

func (m *memory) undue(s *shelf, e *entry) {
	if e.isDue() {
		m.due.remove(dueEntry{s, e})
		m.dueIn[s.partition].remove(dueEntry{s, e})
	}
}

func (m *memory) dueAt(s *shelf, e *entry) {
	if m.dueIn == nil {
		m.due.compare, m.dueIn = compareDue, map[Partition]*ordered[dueEntry]{}
	}
	own := m.dueIn[s.partition]
	if own == nil {
		own = &ordered[dueEntry]{compare: compareDue}
		m.dueIn[s.partition] = own
	}
	m.due.insert(dueEntry{s, e})
	own.insert(dueEntry{s, e})
}

func (s *shelf) index(value string) *ordered[*entry] {
	o := s.byIndex[value]
	if o == nil {
		o = &ordered[*entry]{compare: compareIDs}
		if s.byIndex == nil {
			s.byIndex = map[string]*ordered[*entry]{}
		}
		s.byIndex[value] = o
	}
	return o
}

func (s *shelf) unindex(e *entry) {
	o := s.byIndex[e.index]
	if o.remove(e); o.empty() {
		delete(s.byIndex, e.index)
	}
}

func compareIDs(a, b *entry) int { return strings.Compare(a.id, b.id) }

// compareDue orders by time, then by id, then by place.
func compareDue(a, b dueEntry) int {
	return cmp.Or(cmp.Compare(a.due, b.due), strings.Compare(a.id, b.id), strings.Compare(a.shelf.partition.Account, b.shelf.partition.Account),
		strings.Compare(a.shelf.partition.Region, b.shelf.partition.Region), strings.Compare(string(a.shelf.kind), string(b.shelf.kind)))
}
