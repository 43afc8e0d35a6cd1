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
	records map[string]*Record
	ids     ordered[string]
	byIndex map[string]*ordered[string]
	counter bool // holds counters: Add alone writes here
}

type dueEntry struct {
	due int64 // milliseconds since 1970
	ref Ref
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

func (m *memory) shelf(p Partition, k Kind) *shelf { return m.shelves[shelfKey{p, k}] }

// record is the record as it is, or one that does not exist.
func (m *memory) record(p Partition, k Kind, id string) Record {
	if s := m.shelf(p, k); s != nil {
		if r := s.records[id]; r != nil {
			return *r
		}
	}
	return Record{}
}

func (m *memory) Read(ctx context.Context, refs ...Ref) ([]Found, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	out := make([]Found, len(refs))
	for i, ref := range refs {
		out[i].Record = m.record(ref.Partition, ref.Kind, ref.ID)
		if ref.Follow != "" && out[i].Record.Exists() {
			out[i].Followed = m.record(ref.Partition, ref.Follow, out[i].Record.Index)
		}
	}
	return out, nil
}

func (m *memory) Page(ctx context.Context, p Partition, kind Kind, f Filter, after string, limit int) ([]Record, error) {
	if limit < 1 || limit > MaxLimit {
		return nil, fmt.Errorf("%w: a page of %d records", ErrInvalid, limit)
	}
	var s *shelf
	ids, lock, err := walk(m, ctx, func() *ordered[string] {
		s = m.shelf(p, kind)
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
	ids.from(after, func(id string) bool {
		if id != after {
			out = append(out, *s.records[id])
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
	entries.from(dueEntry{due: math.MinInt64}, func(e dueEntry) bool {
		if e.due > last {
			return false
		}
		out = append(out, m.record(e.ref.Partition, e.ref.Kind, e.ref.ID))
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
	if err := wellFormed(id, changes); err != nil {
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
	for i := range changes {
		if err := m.judge(&changes[i]); err != nil {
			return err
		}
	}
	for i := range changes {
		m.apply(&changes[i], id)
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

// judge says whether a change can be made to what is there.
func (m *memory) judge(c *Change) error {
	ref, expect := c.target()
	have := m.record(ref.Partition, ref.Kind, ref.ID)
	if s := m.shelf(ref.Partition, ref.Kind); s != nil && c.Require == nil && s.counter != (c.Add != nil) {
		return fmt.Errorf("%w: kind %s holds counters or records, not both", ErrInvalid, ref.Kind)
	}
	if c.Add != nil {
		value := CounterValue(have)
		if sum, ok := plus(value, c.Add.Delta); !ok || sum < 0 || c.Add.Delta > 0 && sum > c.Add.Ceiling {
			return fmt.Errorf("%w: %s %s", ErrCeiling, ref.Kind, ref.ID)
		}
		return nil
	}
	var failure error
	switch {
	case have.Rev == expect:
		return nil
	case expect == CommitID{}:
		failure = ErrExists
	case !have.Exists():
		failure = ErrNotFound
	default:
		failure = ErrConflict
	}
	return fmt.Errorf("%w: %s %s", failure, ref.Kind, ref.ID)
}

// plus adds without wrapping around.
func plus(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0)
}

func (m *memory) apply(c *Change, id CommitID) {
	ref, _ := c.target()
	switch {
	case c.Put != nil:
		r := c.Put.Record
		r.Rev, r.Due = id, r.Due.Truncate(time.Millisecond)
		m.put(r, false)
	case c.Add != nil:
		value := CounterValue(m.record(ref.Partition, ref.Kind, ref.ID)) + c.Add.Delta
		m.put(Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Rev: id,
			Data: binary.BigEndian.AppendUint64(nil, uint64(value))}, true)
	case c.Remove != nil:
		m.remove(ref)
	}
}

func (m *memory) put(r Record, counter bool) {
	key := shelfKey{r.Partition, r.Kind}
	s := m.shelves[key]
	if s == nil {
		s = &shelf{records: map[string]*Record{}, ids: ordered[string]{compare: strings.Compare}, counter: counter}
		if m.shelves == nil {
			m.shelves = map[shelfKey]*shelf{}
		}
		m.shelves[key] = s
	}
	old := s.records[r.ID]
	if old == nil {
		s.ids.insert(r.ID)
		s.index(r.Index).insert(r.ID)
		s.records[r.ID] = new(r)
	} else {
		m.undue(old)
		if old.Index != r.Index {
			s.unindex(old.Index, r.ID)
			s.index(r.Index).insert(r.ID)
		}
		*old = r // readers have copies
	}
	if !r.Due.IsZero() {
		m.dueAt(r.Ref(), r.Due)
	}
}

func (m *memory) remove(ref Ref) {
	s := m.shelf(ref.Partition, ref.Kind)
	old := s.records[ref.ID]
	m.undue(old)
	s.unindex(old.Index, ref.ID)
	s.ids.remove(ref.ID)
	delete(s.records, ref.ID)
}

func (m *memory) undue(r *Record) {
	if !r.Due.IsZero() {
		e := dueEntry{r.Due.UnixMilli(), r.Ref()}
		m.due.remove(e)
		m.dueIn[r.Partition].remove(e)
	}
}

func (m *memory) dueAt(ref Ref, due time.Time) {
	if m.dueIn == nil {
		m.due.compare, m.dueIn = compareDue, map[Partition]*ordered[dueEntry]{}
	}
	own := m.dueIn[ref.Partition]
	if own == nil {
		own = &ordered[dueEntry]{compare: compareDue}
		m.dueIn[ref.Partition] = own
	}
	e := dueEntry{due.UnixMilli(), ref}
	m.due.insert(e)
	own.insert(e)
}

func (s *shelf) index(value string) *ordered[string] {
	o := s.byIndex[value]
	if o == nil {
		o = &ordered[string]{compare: strings.Compare}
		if s.byIndex == nil {
			s.byIndex = map[string]*ordered[string]{}
		}
		s.byIndex[value] = o
	}
	return o
}

func (s *shelf) unindex(value, id string) {
	o := s.byIndex[value]
	if o.remove(id); o.empty() {
		delete(s.byIndex, value)
	}
}

// compareDue orders by time, then by id, then by place.
func compareDue(a, b dueEntry) int {
	return cmp.Or(cmp.Compare(a.due, b.due), strings.Compare(a.ref.ID, b.ref.ID), strings.Compare(a.ref.Partition.Account, b.ref.Partition.Account),
		strings.Compare(a.ref.Partition.Region, b.ref.Partition.Region), strings.Compare(string(a.ref.Kind), string(b.ref.Kind)))
}
