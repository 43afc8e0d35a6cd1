package boltstore_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"pgregory.net/rapid"
)

// twins are a store in a file and one in memory that get the same commits.
type twins struct {
	path   string
	file   *boltstore.Store
	memory keystore.Store
	n      uint64
}

var (
	places = rapid.SampledFrom([]keystore.Partition{place, {Account: "111122223333", Region: "eu\x00-1"}, {Account: "\x00\x01"}, {}})
	kinds  = rapid.SampledFrom([]keystore.Kind{"a", "a\x00", "b"})
	ids    = rapid.StringMatching(`[a-b\x00\x01\xff]{1,3}`)
	idxs   = rapid.SampledFrom([]string{"", "x", "x\x00", "y"})
)

func refs(r *rapid.T) keystore.Ref {
	return keystore.Ref{
		Partition: places.Draw(r, "place"),
		Kind:      kinds.Draw(r, "kind"),
		ID:        ids.Draw(r, "id"),
		Follow:    rapid.SampledFrom([]keystore.Kind{"", "a"}).Draw(r, "follow"),
	}
}

// rev is that of a record in memory, or sometimes another.
func (w *twins) rev(r *rapid.T, ref keystore.Ref) keystore.CommitID {
	if rapid.IntRange(0, 9).Draw(r, "stale") == 0 {
		return rapid.SampledFrom([]keystore.CommitID{{}, {1}}).Draw(r, "rev")
	}
	found, err := w.memory.Read(ctx, ref)
	if err != nil {
		r.Fatal(err)
	}
	return found[0].Record.Rev
}

func (w *twins) change(r *rapid.T) keystore.Change {
	ref := refs(r)
	switch rapid.IntRange(0, 5).Draw(r, "change") {
	case 0:
		return keystore.Change{Remove: &keystore.Remove{Ref: ref, Expect: w.rev(r, ref)}}
	case 1:
		return keystore.Change{Require: &keystore.Require{Ref: ref, Expect: w.rev(r, ref)}}
	case 2:
		ref.Kind = "counter"
		return keystore.Count(ref, rapid.Int64Range(-3, 5).Draw(r, "delta"), 9)
	}
	rec := keystore.Record{
		Partition: ref.Partition,
		Kind:      ref.Kind,
		ID:        ref.ID,
		Index:     idxs.Draw(r, "index"),
		Data:      rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(r, "data"),
	}
	if d := rapid.Int64Range(-2, 5).Draw(r, "due"); d != 0 {
		rec.Due = time.Unix(d, 1e6).UTC()
	}
	return keystore.Change{Put: &keystore.Put{Record: rec, Expect: w.rev(r, ref)}}
}

func (w *twins) commit(r *rapid.T) {
	if rapid.IntRange(0, 9).Draw(r, "again") > 0 {
		w.n++
	}
	var id keystore.CommitID
	binary.BigEndian.PutUint64(id[:], w.n)
	var changes []keystore.Change
	for range rapid.IntRange(1, 4).Draw(r, "changes") {
		changes = append(changes, w.change(r))
	}
	got, want := w.file.Commit(ctx, id, changes...), w.memory.Commit(ctx, id, changes...)
	for _, e := range []error{nil, keystore.ErrNotFound, keystore.ErrExists, keystore.ErrConflict, keystore.ErrCeiling, keystore.ErrInvalid} {
		if errors.Is(got, e) != errors.Is(want, e) {
			r.Fatalf("commit %x: got %v, want %v", id, got, want)
		}
	}
}

func equal(r *rapid.T, what string, got, want any, errs ...error) {
	if err := errors.Join(errs...); err != nil {
		r.Fatalf("%s: %v", what, err)
	}
	empty := cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
	none := cmp.FilterValues(func(a, b []keystore.Record) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
	if diff := cmp.Diff(want, got, empty, none); diff != "" {
		r.Fatalf("%s (-want +got): %s", what, diff)
	}
}

func (w *twins) reads(r *rapid.T) {
	ref := refs(r)
	got, err := w.file.Read(ctx, ref, ref)
	want, err2 := w.memory.Read(ctx, ref, ref)
	equal(r, "Read", got, want, err, err2)
}

func (w *twins) pages(r *rapid.T) {
	var f keystore.Filter
	if rapid.Bool().Draw(r, "filtered") {
		f.Index = new(idxs.Draw(r, "index"))
	}
	p, k := places.Draw(r, "place"), kinds.Draw(r, "kind")
	after, limit := rapid.SampledFrom([]string{"", "a", "b\xff", "\x00"}).Draw(r, "after"), rapid.IntRange(1, 9).Draw(r, "limit")
	got, err := w.file.Page(ctx, p, k, f, after, limit)
	want, err2 := w.memory.Page(ctx, p, k, f, after, limit)
	equal(r, "Page", got, want, err, err2)
}

func (w *twins) dues(r *rapid.T) {
	p, before, limit := places.Draw(r, "place"), time.Unix(
		rapid.Int64Range(-2, 5).Draw(r, "before"),
		1e6,
	), rapid.IntRange(1, 9).
		Draw(r, "limit")
	got, err := w.file.Due(ctx, p, before, limit)
	want, err2 := w.memory.Due(ctx, p, before, limit)
	equal(r, "Due", got, want, err, err2)
}

// TestFileAgreesWithMemory runs both stores in step, with names made
// to run into one another.
func TestFileAgreesWithMemory(t *testing.T) {
	dir, n := t.TempDir(), uint64(0)
	rapid.Check(t, func(r *rapid.T) {
		n++
		w := &twins{path: filepath.Join(dir, fmt.Sprint(n)), memory: keystore.NewMemory()}
		reopen := func(r *rapid.T) {
			var err error
			if w.file, err = boltstore.Open(ctx, w.path, nil); err != nil {
				r.Fatal(err)
			}
		}
		reopen(r)
		defer func() { w.file.Close() }()
		r.Repeat(map[string]func(*rapid.T){
			"commit": w.commit, "Commit": w.commit, "cOmmit": w.commit,
			"read": w.reads, "page": w.pages, "due": w.dues,
			"reopen": func(r *rapid.T) { w.file.Close(); reopen(r) },
		})
		if err := w.file.Check(ctx); err != nil {
			r.Fatal(err)
		}
	})
}
