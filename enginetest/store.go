package enginetest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// StoreDown makes every call of the store fail until up is called. Every second commit fails after
// it took effect: its outcome is unknown to the engine.
func (s *Sim) StoreDown() (up func()) {
	s.failing.down.Store(true)
	return func() { s.failing.down.Store(false) }
}

// Record kinds of the engine that are looked at.
const (
	keyKind   keystore.Kind = "key"
	aliasKind keystore.Kind = "alias"
)

// store is a store with a record of which records were written.
type store struct {
	keystore.Store
	own bool // to be closed with the Sim

	mu   sync.Mutex
	refs map[keystore.Ref]bool
}

func (s *store) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	s.mu.Lock()
	for _, c := range changes {
		if c.Put != nil {
			s.refs[c.Put.Record.Ref()] = true
		}
	}
	s.mu.Unlock()
	return s.Store.Commit(ctx, id, changes...)
}

// written are the records that were written and are still there.
func (s *store) written(ctx context.Context) (records []keystore.Record, err error) {
	s.mu.Lock()
	refs := make([]keystore.Ref, 0, len(s.refs))
	for r := range s.refs {
		refs = append(refs, r)
	}
	s.mu.Unlock()
	found, err := s.Read(ctx, refs...)
	for _, f := range found {
		if f.Record.Exists() {
			records = append(records, f.Record)
		}
	}
	return records, err
}

// partitions are the accounts and Regions that have keys or aliases.
func (s *store) partitions() []keystore.Partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []keystore.Partition
	for r := range s.refs {
		if (r.Kind == keyKind || r.Kind == aliasKind) && !slices.Contains(all, r.Partition) {
			all = append(all, r.Partition)
		}
	}
	slices.SortFunc(all, func(a, b keystore.Partition) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return all
}

// failing is the store as the engine has it: down when the test says so.
type failing struct {
	keystore.Store
	down    atomic.Bool
	commits atomic.Int64 // while down
}

func (s *failing) err() error {
	if s.down.Load() {
		return errDown
	}
	return nil
}

func (s *failing) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Read(ctx, refs...)
}

func (s *failing) Page(
	ctx context.Context,
	p keystore.Partition,
	kind keystore.Kind,
	f keystore.Filter,
	after string,
	limit int,
) ([]keystore.Record, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Page(ctx, p, kind, f, after, limit)
}

func (s *failing) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Due(ctx, p, before, limit)
}

func (s *failing) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	err := s.err()
	if err != nil && s.commits.Add(1)%2 == 1 {
		return err
	}
	if done := s.Store.Commit(ctx, id, changes...); err == nil {
		return done
	}
	return err
}
