package keystoretest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

// handle is one of several on a store in memory: closing it leaves the store
// to the others, and to whoever opens it again.
type handle struct {
	keystore.Store
	closed atomic.Bool
	cuts   atomic.Int64
}

var errCut = errors.New("the connection was lost")

// through makes a call by a handle.
func through[R any](h *handle, call func() (R, error)) (R, error) {
	var nothing R
	if h.closed.Load() {
		return nothing, keystore.ErrClosed
	}
	cuts := h.cuts.Load()
	out, err := call()
	if cuts > 0 { // somebody cuts: give them time to
		time.Sleep(moment)
	}
	if h.cuts.Load() != cuts {
		return nothing, errCut
	}
	return out, err
}

func (h *handle) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	return through(h, func() ([]keystore.Found, error) { return h.Store.Read(ctx, refs...) })
}

func (h *handle) Page(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
	return through(h, func() ([]keystore.Record, error) { return h.Store.Page(ctx, p, k, f, after, limit) })
}

func (h *handle) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	return through(h, func() ([]keystore.Record, error) { return h.Store.Due(ctx, p, before, limit) })
}

func (h *handle) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	_, err := through(h, func() (struct{}, error) { return struct{}{}, h.Store.Commit(ctx, id, changes...) })
	return err
}

func (h *handle) Close() error {
	h.closed.Store(true)
	return nil
}

// handleOf is the handle below what breaks it.
func handleOf(s keystore.Store) *handle {
	if b, ok := s.(*broken); ok {
		s = b.Store
	}
	return s.(*handle)
}

// shared is a kind of store with every hook. The first handle is broken by
// one function and all others by another; nil breaks nothing.
func shared(first, others func(*broken)) keystoretest.Kind {
	open := func(memory keystore.Store, put func(*broken)) keystore.Store {
		b := &broken{Store: &handle{Store: memory}}
		if put != nil {
			put(b)
		}
		return b
	}
	again := func(_ testing.TB, s keystore.Store) keystore.Store { return open(handleOf(s).Store, others) }
	return keystoretest.Kind{
		Open:   func(testing.TB) keystore.Store { return open(keystore.NewMemory(), first) },
		Again:  again,
		Second: again,
		Cut:    func(_ testing.TB, s keystore.Store) { handleOf(s).cuts.Add(1) },
	}
}

// onEach breaks every handle in the same way.
func onEach(w wrongs) map[string]keystoretest.Kind {
	out := map[string]keystoretest.Kind{}
	for how, put := range w {
		out[how] = shared(put, put)
	}
	return out
}

// otherwise breaks every handle but the first.
func otherwise(w wrongs) map[string]keystoretest.Kind {
	out := map[string]keystoretest.Kind{}
	for how, put := range w {
		out[how] = shared(nil, put)
	}
	return out
}

// renamed knows commits by another name.
func renamed(b *broken) {
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		id[13] ^= 1
		return b.Store.Commit(ctx, id, changes...)
	}
}

var kindBreaks = map[string]map[string]keystoretest.Kind{
	"ReopeningKeepsEverything": otherwise(wrongs{
		"forgets what is due": func(b *broken) {
			b.due = func(context.Context, keystore.Partition, time.Time, int) ([]keystore.Record, error) { return nil, nil }
		},
		"has other revisions": found(func(f *keystore.Found) {
			if f.Record.Exists() {
				f.Record.Rev[12] ^= 1
			}
		}),
		"forgets which are counters": excused(keystore.ErrInvalid, nil),
		"makes what was removed":     excused(keystore.ErrNotFound, nil),
		"forgets an index":           recorded(func(rs []keystore.Record) []keystore.Record { return rs[:min(len(rs), 2)] }),
	}),
	"ReopeningKeepsOutcomes": otherwise(wrongs{"forgets which commits were made": renamed}),
	"ClosingLosesNoCommit": onEach(wrongs{
		"tells that it is closed after an effect": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				err := b.Store.Commit(ctx, id, changes...)
				if time.Sleep(moment); handleOf(b).closed.Load() {
					return keystore.ErrClosed
				}
				return err
			}
		},
		"loses what it had promised": func(b *broken) {
			var sum atomic.Int64
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				if sum.Add(1)%8 == 0 && !handleOf(b).closed.Load() { // waits to be written, and is not
					return nil
				}
				return b.Store.Commit(ctx, id, changes...)
			}
		},
	}),
	"HandlesSeeEachOther":  otherwise(wrongs{"reads what it has read": stale(1), "finds a failed Add good": excused(keystore.ErrCeiling, nil)}),
	"HandlesShareOutcomes": otherwise(wrongs{"knows its own commits alone": renamed}),
	"ClosingOneHandleLeavesTheOther": onEach(wrongs{"closes the store for all": func(b *broken) {
		b.close = func() error { handleOf(b).closed.Store(true); return handleOf(b).Store.Close() }
	}}),
	"CutCommitsAreResolved": onEach(wrongs{
		"makes a commit again": forgetful(0),
		"stays cut": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				if handleOf(b).cuts.Load() > 0 {
					return keystore.ErrClosed
				}
				return b.Store.Commit(ctx, id, changes...)
			}
		},
	}),
}
