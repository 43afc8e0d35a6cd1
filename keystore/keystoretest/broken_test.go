package keystoretest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// broken is the store in memory with one method put wrong.
type broken struct {
	keystore.Store
	read   func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error)
	page   func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error)
	due    func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error)
	commit func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error
	close  func() error
}

func (b *broken) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if b.read != nil {
		return b.read(ctx, refs)
	}
	return b.Store.Read(ctx, refs...)
}

func (b *broken) Page(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
	if b.page != nil {
		return b.page(ctx, p, k, f, after, limit)
	}
	return b.Store.Page(ctx, p, k, f, after, limit)
}

func (b *broken) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if b.due != nil {
		return b.due(ctx, p, before, limit)
	}
	return b.Store.Due(ctx, p, before, limit)
}

func (b *broken) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	if b.commit != nil {
		return b.commit(ctx, id, changes)
	}
	return b.Store.Commit(ctx, id, changes...)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Store.Close()
}

// found changes every answer of Read.
func found(change func(*keystore.Found)) func(*broken) {
	return func(b *broken) {
		b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
			out, err := b.Store.Read(ctx, refs...)
			for i := range out {
				change(&out[i])
			}
			return out, err
		}
	}
}

// changed rewrites the changes of a commit.
func changed(change func(keystore.Change) keystore.Change) func(*broken) {
	return func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			changes = slices.Clone(changes)
			for i := range changes {
				changes[i] = change(changes[i])
			}
			return b.Store.Commit(ctx, id, changes...)
		}
	}
}

// excused makes commits that failed so succeed, or fail otherwise.
func excused(failure, instead error) func(*broken) {
	return func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			err := b.Store.Commit(ctx, id, changes...)
			if errors.Is(err, failure) {
				return instead
			}
			return err
		}
	}
}

// oneByOne commits each change on its own.
func oneByOne(b *broken) {
	var n atomic.Uint32
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		for i, c := range changes {
			part := id
			if i > 0 {
				binary.BigEndian.PutUint32(part[12:], n.Add(1))
				time.Sleep(moment / 10)
			}
			if err := b.Store.Commit(ctx, part, c); err != nil {
				return err
			}
		}
		return nil
	}
}

// forgetful remembers a commit for as many others.
func forgetful(others int) func(*broken) {
	return func(b *broken) {
		var mu sync.Mutex
		n, seen := 0, map[keystore.CommitID]int{}
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			mu.Lock()
			n++
			at, again := seen[id]
			alias := id
			binary.BigEndian.PutUint32(alias[12:], uint32(n))
			if again = again && n-at <= others; !again {
				seen[id] = n
			}
			mu.Unlock()
			if again {
				return nil
			}
			return b.Store.Commit(ctx, alias, changes...)
		}
	}
}

// recorded changes every record of a page.
func recorded(change func([]keystore.Record) []keystore.Record) func(*broken) {
	return func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			out, err := b.Store.Page(ctx, p, k, f, after, limit)
			return change(out), err
		}
	}
}
