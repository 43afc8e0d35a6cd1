package keystore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Limits of ids and pages; a database may use them as the sizes of columns.
const (
	MaxID    = 512  // bytes of an id and of an index
	MaxLimit = 1000 // records of one page
)

// Memory is a [Store] in memory, which lasts as long as the process. [NewMemory] makes one; the zero value
// is an empty store too. Any number of goroutines may share it.
type Memory struct {
	mu      fairMutex // guards all below
	closed  bool
	rooms   map[Partition]*room
	last    *room    // the one that was written last
	numbers table    // of all entries
	due     *ordered // of all partitions; nil until something is due
	log     commitLog
}

// room is the records of one partition.
type room struct {
	partition Partition
	shelves   []*shelf // one of each kind, of which there are few
	due       *ordered // nil until something is due
}

// shelf is the records of one kind in one partition.
type shelf struct {
	*room
	kind    Kind
	common  string              // the index of the first record, which most others have
	ids     *ordered            // those with the common index are marked
	byIndex map[string]*ordered // those with another one
}

// entry is a record. It changes in place; readers get copies.
type entry struct {
	shelf  *shelf // where it is
	id     string
	index  string
	data   []byte
	rev    CommitID
	due    int64  // milliseconds since 1970, or one of these
	number uint32 // in the table
}

// The due times of what is never due.
const (
	never   = math.MinInt64
	counter = never + 1 // and is moved by Add alone
)

// isDue reports whether the record has a due time.
func (e *entry) isDue() bool { return e.due > counter }

// record is the entry as the interface has it; nil is one that does not exist.
func (e *entry) record() (r Record) {
	e.read(&r)
	return r
}

// read is record into memory of the caller's.
func (e *entry) read(r *Record) {
	if e == nil {
		*r = Record{}
		return
	}
	r.Partition, r.Kind, r.ID, r.Rev, r.Index, r.Data, r.Due = e.shelf.partition, e.shelf.kind, e.id, e.rev, e.index, e.data, time.Time{}
	switch {
	case e.isDue():
		r.Due = time.UnixMilli(e.due).UTC()
	case e.due == counter: // the bytes of a counter change in place
		r.Data = bytes.Clone(e.data)
	}
}

// newEntry is a record as a commit writes it.
func newEntry(r *Record, id CommitID) *entry {
	e := &entry{id: r.ID, index: r.Index, data: r.Data, rev: id, due: never}
	if !r.Due.IsZero() {
		e.due = r.Due.UnixMilli()
	}
	return e
}

// NewMemory returns an empty store in memory.
func NewMemory() *Memory { return &Memory{} }

func (m *Memory) open(ctx context.Context) error {
	if m.closed {
		return ErrClosed
	}
	return ctx.Err()
}

// room is that of a partition; nil where it has no records yet.
func (m *Memory) room(p Partition) *room {
	if r := m.last; r != nil && r.partition == p {
		return r
	}
	return m.rooms[p]
}

// shelf is that of a kind; nil where it has no records yet.
func (r *room) shelf(k Kind) *shelf {
	if r == nil {
		return nil
	}
	for _, s := range r.shelves {
		if s.kind == k {
			return s
		}
	}
	return nil
}

// entry is that with an id; nil where there is none.
func (s *shelf) entry(id string) *entry {
	e, _ := s.find(id)
	return e
}

// find is the entry with an id, nil where there is none, and its place in ids.
func (s *shelf) find(id string) (*entry, spot) {
	if s == nil {
		return nil, spot{}
	}
	return s.ids.find(s.idKey(id))
}

// Read is [Store.Read].
func (m *Memory) Read(ctx context.Context, refs ...Ref) ([]Found, error) {
	out := make([]Found, len(refs))
	if err := m.readInto(ctx, out, refs); err != nil {
		return nil, err
	}
	return out, nil
}

func (m *Memory) readInto(ctx context.Context, found []Found, refs []Ref) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.open(ctx); err != nil {
		return err
	}
	for i := range refs {
		ref, out := &refs[i], &found[i]
		in := m.room(ref.Partition)
		e := in.shelf(ref.Kind).entry(ref.ID)
		out.Followed = nil
		e.read(&out.Record)
		if e == nil || ref.Follow == "" {
			continue
		}
		if e = in.shelf(ref.Follow).entry(e.index); e != nil {
			out.Followed = new(e.record())
		}
	}
	return nil
}

// Page is [Store.Page].
func (m *Memory) Page(ctx context.Context, p Partition, kind Kind, f Filter, after string, limit int) ([]Record, error) {
	if limit < 1 || limit > MaxLimit {
		return nil, fmt.Errorf("%w: a page of %d records", ErrInvalid, limit)
	}
	out := make([]Record, 0, min(limit, 128))
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	s := m.room(p).shelf(kind)
	if s == nil {
		return nil, nil
	}
	ids, marked := s.ids, false
	if f.Index != nil {
		if marked = *f.Index == s.common; !marked {
			ids = s.byIndex[*f.Index]
		}
	}
	if ids == nil {
		return nil, nil
	}
	for e := range ids.from(s.idKey(after), marked) {
		if e.id != after {
			out = append(out, e.record())
		}
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

// Due is [Store.Due].
func (m *Memory) Due(ctx context.Context, p Partition, before time.Time, limit int) ([]Record, error) {
	if limit < 1 || limit > MaxLimit {
		return nil, fmt.Errorf("%w: %d due records", ErrInvalid, limit)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	entries := m.due
	if p != (Partition{}) {
		if entries = nil; m.room(p) != nil {
			entries = m.room(p).due
		}
	}
	if entries == nil {
		return nil, nil
	}
	var out []Record
	last := before.UnixMilli()
	for e := range entries.from(key{}, false) {
		if e.due > last {
			break
		}
		if out = append(out, e.record()); len(out) == limit {
			break
		}
	}
	return out, nil
}

// Commit is [Store.Commit].
func (m *Memory) Commit(ctx context.Context, id CommitID, changes ...Change) error {
	if err := WellFormed(id, changes); err != nil {
		return err
	}
	// Entries are made before the lock is taken: while the garbage collector works, a goroutine that allocates
	// has to help it.
	var few [8]place
	places := append(few[:0], make([]place, len(changes))...)
	for i := range changes {
		if put := changes[i].Put; put != nil {
			places[i].made = newEntry(&put.Record, id)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(ctx); err != nil {
		return err
	}
	if !m.log.add(id) {
		return nil
	}
	if err := m.check(changes, places); err != nil {
		m.log.remove(id)
		return err
	}
	for i := range changes {
		m.apply(&changes[i], &places[i], id)
	}
	return nil
}

// check sets where the changes are made, and reports whether they can be.
func (m *Memory) check(changes []Change, places []place) error {
	near := m.last // most changes are in the partition of the change before
	for i := range changes {
		at := &places[i]
		ref, _ := changes[i].Target()
		if near == nil || near.partition != ref.Partition {
			near = m.rooms[ref.Partition]
		}
		at.shelf = near.shelf(ref.Kind)
		at.entry, at.spot = at.shelf.find(ref.ID)
		if err := at.check(&changes[i]); err != nil {
			return err
		}
	}
	return nil
}

// Close is [Store.Close].
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.rooms, m.last, m.numbers, m.due = true, nil, nil, table{}, nil
	return nil
}

// place is where a change is made: its shelf, nil where the change is the
// first of its kind, the entry that is there, and the one that a Put makes.
type place struct {
	shelf *shelf
	spot  spot // in the ids of the shelf
	entry *entry
	made  *entry
}

// check reports whether a change can be made to what is there.
func (at *place) check(c *Change) error {
	var have CommitID
	if at.entry != nil {
		have = at.entry.rev
	}
	return c.Check(have, at.entry != nil && at.entry.due == counter, at.entry.value())
}

// value is that of a counter; one that does not exist is at zero.
func (e *entry) value() int64 {
	if e == nil {
		return 0
	}
	return CounterValue(Record{Data: e.data})
}

func (m *Memory) apply(c *Change, at *place, id CommitID) {
	switch {
	case c.Put != nil:
		r := &c.Put.Record
		m.put(m.shelfAt(at, r.Partition, r.Kind), at, at.made)
	case c.Add != nil:
		sum := uint64(at.entry.value() + c.Add.Delta)
		if e := at.entry; e != nil {
			binary.BigEndian.PutUint64(e.data, sum)
			e.rev = id
			return
		}
		data := binary.BigEndian.AppendUint64(nil, sum)
		ref := &c.Add.Ref
		m.put(m.shelfAt(at, ref.Partition, ref.Kind), at, &entry{id: ref.ID, data: data, rev: id, due: counter})
	case c.Remove != nil:
		m.remove(at.entry)
	}
}

// shelfAt is the shelf of a place, which the first record of its kind makes.
func (m *Memory) shelfAt(at *place, p Partition, k Kind) *shelf {
	if at.shelf != nil {
		return at.shelf
	}
	r := m.room(p)
	if r == nil {
		r = &room{partition: p}
		if m.rooms == nil {
			m.rooms = map[Partition]*room{}
		}
		m.rooms[p] = r
	}
	s := r.shelf(k)
	if s == nil {
		s = &shelf{room: r, kind: k, ids: &ordered{entries: &m.numbers}}
		r.shelves = append(r.shelves, s)
	}
	return s
}

// put writes an entry: a new one, or over the one that is there.
func (m *Memory) put(s *shelf, at *place, e *entry) {
	e.shelf, m.last = s, s.room
	if old := at.entry; old == nil {
		m.create(e, at.spot)
	} else {
		m.removeDue(old)
		e.number = old.number
		if old.index != e.index {
			s.removeIndex(old)
			m.insertIndex(old, e.index)
		}
		*old = *e
		e = old
	}
	if e.isDue() {
		m.insertDue(e)
	}
}

func (m *Memory) create(e *entry, to spot) {
	s := e.shelf
	if s.ids.empty() {
		s.common = e.index
	}
	m.numbers.add(e)
	common := e.index == s.common
	s.ids.insert(s.idKey(e.id), to, e, common)
	if !common {
		m.insertIndex(e, e.index)
	}
}

func (m *Memory) remove(e *entry) {
	m.removeDue(e)
	e.shelf.removeIndex(e)
	e.shelf.ids.remove(e.shelf.idKey(e.id))
	m.numbers.remove(e)
}

func (m *Memory) removeDue(e *entry) {
	if e.isDue() {
		m.due.remove(e.dueKey())
		e.shelf.due.remove(e.dueKey())
	}
}

func (m *Memory) insertDue(e *entry) {
	if m.due == nil {
		m.due = &ordered{entries: &m.numbers}
	}
	if e.shelf.due == nil {
		e.shelf.due = &ordered{entries: &m.numbers}
	}
	k := e.dueKey()
	m.due.insert(k, m.due.seek(&k), e, false)
	e.shelf.due.insert(k, e.shelf.due.seek(&k), e, false)
}

// insertIndex makes an entry that is in ids one with an index.
func (m *Memory) insertIndex(e *entry, index string) {
	s := e.shelf
	if index == s.common {
		s.ids.remark(s.idKey(e.id), true)
		return
	}
	o := s.byIndex[index]
	if o == nil {
		o = &ordered{entries: &m.numbers}
		if s.byIndex == nil {
			s.byIndex = map[string]*ordered{}
		}
		s.byIndex[index] = o
	}
	k := s.idKey(e.id)
	o.insert(k, o.seek(&k), e, false)
}

func (s *shelf) removeIndex(e *entry) {
	if e.index == s.common {
		s.ids.remark(s.idKey(e.id), false)
		return
	}
	o := s.byIndex[e.index]
	if o.remove(s.idKey(e.id)); o.empty() {
		delete(s.byIndex, e.index)
	}
}
