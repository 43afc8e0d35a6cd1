package keystoretest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
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
	n := byte(0)
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		for i, c := range changes {
			n++
			part := id
			part[8], part[9] = byte(i), n
			if i == 0 {
				part = id
			}
			if err := b.Store.Commit(ctx, part, c); err != nil {
				return err
			}
		}
		return nil
	}
}

// forgetful never remembers a commit.
func forgetful(remember int) func(*broken) {
	return func(b *broken) {
		n := uint64(0)
		seen := map[keystore.CommitID]uint64{}
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			n++
			if at, ok := seen[id]; ok && n-at <= uint64(remember) {
				return nil
			}
			seen[id] = n
			alias := id
			alias[12], alias[13], alias[14] = byte(n), byte(n>>8), byte(n>>16)
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

// late makes a commit when its result is read.
func late(b *broken) {
	var do func()
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		do = func() { b.Store.Commit(ctx, id, changes...) }
		return nil
	}
	b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
		do()
		return b.Store.Read(ctx, refs...)
	}
}

// breaks puts one thing wrong for each case of the suite.
var breaks = map[string]func(*broken){
	"ChangesAreTheCallersAgain": late,
	"ReadTellsOfAbsence":        found(func(f *keystore.Found) { f.Record.Rev[0] = 1 }),
	"ReadReturnsWhatWasPut": found(func(f *keystore.Found) {
		f.Record.Due = f.Record.Due.Add(500 * time.Microsecond)
	}),
	"ReadFollows":             found(func(f *keystore.Found) { f.Followed = nil }),
	"CommitIsTheRevision":     found(func(f *keystore.Found) { f.Record.Rev[3] = 7 }),
	"CreateNeedsAbsence":      excused(keystore.ErrExists, nil),
	"ReplaceNeedsItsRevision": excused(keystore.ErrNotFound, keystore.ErrConflict),
	"RemoveNeedsItsRevision":  excused(keystore.ErrConflict, nil),
	"RequireChangesNothing": changed(func(c keystore.Change) keystore.Change {
		if c.Require != nil && c.Require.Expect == (keystore.CommitID{}) {
			return keystore.Count(keystore.Ref{Partition: c.Require.Ref.Partition, Kind: "ignored", ID: "x"}, 1, 100)
		}
		return c
	}),
	"CommitIsAllOrNone": oneByOne,
	"FirstFailureIsTold": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			changes = slices.Clone(changes)
			slices.Reverse(changes)
			return b.Store.Commit(ctx, id, changes...)
		}
	},
	"CommitTakesEffectOnce":                forgetful(0),
	"CommitIsRememberedForAThousandOthers": forgetful(998),
	"RefusedCommitMayBeAskedAgain": func(b *broken) {
		refused := map[keystore.CommitID]error{}
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			if err, ok := refused[id]; ok {
				return err
			}
			err := b.Store.Commit(ctx, id, changes...)
			if err != nil {
				refused[id] = err
			}
			return err
		}
	},
	"MalformedCommitsAreRefused": excused(keystore.ErrInvalid, nil),
	"CounterBeginsAtZero": changed(func(c keystore.Change) keystore.Change {
		if c.Add != nil && c.Add.Delta < 0 {
			c.Add = &keystore.Add{Ref: c.Add.Ref, Delta: -c.Add.Delta, Ceiling: c.Add.Ceiling}
		}
		return c
	}),
	"CounterKeepsItsBounds": changed(func(c keystore.Change) keystore.Change {
		if c.Add != nil {
			c.Add = &keystore.Add{Ref: c.Add.Ref, Delta: c.Add.Delta, Ceiling: c.Add.Ceiling + 1}
		}
		return c
	}),
	"CounterDoesNotWrapAround":     excused(keystore.ErrCeiling, nil),
	"CountersAreChangedByAddAlone": excused(keystore.ErrInvalid, nil),
	"PagesAreInTheByteOrderOfIDs":  recorded(func(rs []keystore.Record) []keystore.Record { slices.Reverse(rs); return rs }),
	"PagesKeepPartitionsAndKindsApart": func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			return b.Store.Page(ctx, p, "thing", f, after, limit)
		}
	},
	"PagesAreFilteredByIndex": func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			if f.Index != nil && *f.Index == "" { // takes "" for "any"
				f.Index = nil
			}
			return b.Store.Page(ctx, p, k, f, after, limit)
		}
	},
	"PagesSurviveWriters": func(b *broken) { // pages by offset instead of by id
		offset := 0
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			all, err := b.Store.Page(ctx, p, k, f, "", 1000)
			if after == "" {
				offset = 0
			}
			from := min(offset, len(all))
			offset += limit
			return all[from:min(from+limit, len(all))], err
		}
	},
	"PagesAndDueHaveLimits": func(b *broken) {
		b.due = func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
			return b.Store.Due(ctx, p, before, max(limit, 1))
		}
	},
	"DueIsOldestFirst": func(b *broken) {
		b.due = func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
			return b.Store.Due(ctx, p, before.Add(-1), limit) // before instead of not after
		}
	},
	"DueFollowsTheRecord": changed(func(c keystore.Change) keystore.Change {
		if c.Put != nil && c.Put.Record.Due.IsZero() && c.Put.Expect != (keystore.CommitID{}) {
			put := *c.Put
			put.Record.Due = time.Unix(1, 0)
			c.Put = &put
		}
		return c
	}),
	"SnapshotsSeeNoHalfCommit": func(b *broken) {
		b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
			var out []keystore.Found
			for _, ref := range refs { // one after the other
				found, err := b.Store.Read(ctx, ref)
				if err != nil {
					return nil, err
				}
				out = append(out, found...)
				time.Sleep(20 * time.Microsecond)
			}
			return out, nil
		}
	},
	"NoUpdateIsLost": func(b *broken) {
		var mu sync.Mutex
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			time.Sleep(100 * time.Microsecond) // so that others read the same
			mu.Lock()
			defer mu.Unlock()
			if p := changes[0].Put; p != nil && p.Expect != (keystore.CommitID{}) { // the last writer wins
				found, _ := b.Store.Read(ctx, p.Record.Ref())
				put := *p
				put.Expect = found[0].Record.Rev
				changes = []keystore.Change{{Put: &put}}
			}
			return b.Store.Commit(ctx, id, changes...)
		}
	},
	"CeilingsHoldInACrowd": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			add := *changes[0].Add
			found, err := b.Store.Read(ctx, add.Ref)
			if err != nil || keystore.CounterValue(found[0].Record)+add.Delta > add.Ceiling {
				return errors.Join(err, keystore.ErrCeiling)
			}
			time.Sleep(100 * time.Microsecond) // checks, then acts
			add.Ceiling = 1 << 40
			return b.Store.Commit(ctx, id, keystore.Change{Add: &add})
		}
	},
	"CancelledCallsDoNothing": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			return errors.Join(ctx.Err(), b.Store.Commit(context.WithoutCancel(ctx), id, changes...))
		}
	},
	"ClosedStoresRefuse": func(b *broken) {
		b.close = func() error { return nil }
	},
	"ReturnedBytesStay": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			for _, c := range changes {
				if c.Put == nil {
					continue
				}
				found, _ := b.Store.Read(ctx, c.Put.Record.Ref())
				copy(found[0].Record.Data, c.Put.Record.Data) // reuses the memory
			}
			return b.Store.Commit(ctx, id, changes...)
		}
	},
}

// TestEveryCaseCatchesItsBrokenStore: no case passes whatever the store does.
func TestEveryCaseCatchesItsBrokenStore(t *testing.T) {
	cases := keystoretest.Cases()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			put, ok := breaks[c.Name]
			if !ok {
				t.Fatal("no store is broken for this case")
			}
			if c.Promise == "" {
				t.Error("the case enforces no sentence")
			}
			b := &broken{Store: keystore.NewMemory()}
			put(b)
			if faults := keystoretest.Caught(c, b); len(faults) == 0 {
				t.Error("the broken store was not caught")
			}
			whole := keystore.NewMemory()
			if faults := keystoretest.Caught(c, whole); len(faults) > 0 {
				t.Errorf("the intact store was faulted: %q", faults)
			}
		})
	}
	if len(breaks) != len(cases) {
		t.Errorf("%d broken stores for %d cases", len(breaks), len(cases))
	}
}

func TestFaultyFailsByPlan(t *testing.T) {
	ctx := context.Background()
	r := keystore.Record{Partition: keystore.Partition{Account: "1", Region: "r"}, Kind: "k", ID: "a"}
	fault := keystoretest.None
	s := keystoretest.Wrap(keystore.NewMemory(), func(string) keystoretest.Fault { return fault })
	id := keystore.CommitID{1}
	for _, c := range []struct {
		fault keystoretest.Fault
		there bool
	}{{keystoretest.FailBefore, false}, {keystoretest.FailAfter, true}} {
		fault = c.fault
		if err := s.Commit(ctx, id, keystore.Create(r)); !errors.Is(err, keystoretest.ErrFault) {
			t.Errorf("fault %d: %v", c.fault, err)
		}
		if _, err := s.Read(ctx, r.Ref()); !errors.Is(err, keystoretest.ErrFault) {
			t.Errorf("fault %d of Read: %v", c.fault, err)
		}
		fault = keystoretest.None
		found, err := s.Read(ctx, r.Ref())
		if err != nil || found[0].Record.Exists() != c.there {
			t.Errorf("after fault %d: %+v, %v", c.fault, found, err)
		}
	}
	if err := s.Commit(ctx, id, keystore.Create(r)); err != nil {
		t.Errorf("asked again: %v", err)
	}
	plan, again := keystoretest.Sometimes(0.5, 7), keystoretest.Sometimes(0.5, 7)
	seen := map[keystoretest.Fault]int{}
	for range 1000 {
		f := plan("Commit")
		if f != again("Commit") {
			t.Fatal("the same seed gives another plan")
		}
		seen[f]++
	}
	if seen[keystoretest.None] < 400 || seen[keystoretest.FailBefore] < 200 || seen[keystoretest.FailAfter] < 200 || plan("Read") != keystoretest.None {
		t.Errorf("faults %v", seen)
	}
}
