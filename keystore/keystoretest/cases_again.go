package keystoretest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// reopened closes a store and opens its content anew.
func reopened(t T, b *Bench, s keystore.Store) keystore.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return b.Again(s)
}

// lasting are records with something in every field.
func lasting() (records []keystore.Record) {
	for i, at := range instants() {
		for _, p := range []keystore.Partition{here, away} {
			r := dueAt(string([]byte{0xff, byte(9 - i), 0}), p, at.due)
			r.Index, r.Data = string([]byte{byte(i), 0xc3, 0}), []byte(at.id)
			records = append(records, r)
		}
	}
	return append(records, thing("plain", ""))
}

// content is all that the cases have a store hold, as text.
func content(t T, s keystore.Store) (all []string) {
	t.Helper()
	add := func(from string, records []keystore.Record, err error) {
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		for _, r := range records {
			all = append(all, fmt.Sprintf("%s: %s %s %q %x %v %q %q", from, r.Partition, r.Kind, r.ID, r.Rev, r.Due, r.Index, r.Data))
		}
	}
	for _, p := range []keystore.Partition{here, away} {
		for _, k := range []keystore.Kind{kind, "counter"} {
			records, err := s.Page(ctx, p, k, keystore.Filter{}, "", 1000)
			add("page", records, err)
		}
		records, err := s.Page(ctx, p, kind, keystore.Filter{Index: new("\x01\xc3\x00")}, "", 1000)
		add("filtered", records, err)
		records, err = s.Due(ctx, p, instants()[8].due, 1000)
		add("due", records, err)
	}
	for _, f := range readAll(t, s, lasting()) {
		add("read", []keystore.Record{f.Record}, nil)
	}
	return all
}

var againCases = []KindCase{
	{"ReopeningKeepsEverything", "Store remembers records.", NeedsAgain, func(t T, b *Bench) {
		s := b.Open()
		create(t, s, lasting())
		commit(t, s, keystore.Create(thing("removed", "")), keystore.Count(counter("n"), 7, 10))
		removed := get(t, s, "removed")
		commit(t, s, keystore.Erase(removed), keystore.Replace(with(get(t, s, "plain"), "again")))
		for range 3 {
			want := content(t, s)
			s = reopened(t, b, s)
			same(t, "after reopening", content(t, s), want)
			failing(t, s, "a record that was removed", keystore.ErrNotFound, keystore.Replace(removed))
			failing(t, s, "a counter above its ceiling", keystore.ErrCeiling, keystore.Count(counter("n"), 4, 10))
			failing(t, s, "Put on a counter", keystore.ErrInvalid, keystore.Replace(read(t, s, counter("n")).Record))
			commit(t, s, keystore.Replace(get(t, s, "plain")), keystore.Count(counter("n"), 1, 10))
		}
	}},
	{"ReopeningKeepsOutcomes", "asked again under the same CommitID it returns nil and changes nothing, at least as long as fewer than 1,000 other commits have come after it.", NeedsAgain, func(t T, b *Bench) {
		s := b.Open()
		ids, refused := []keystore.CommitID{newID(), newID(), newID()}, newID()
		for i, id := range ids {
			if err := s.Commit(ctx, id, keystore.Create(thing(fmt.Sprint(i), "")), keystore.Count(counter("n"), 1, 3)); err != nil {
				t.Fatalf("Commit: %v", err)
			}
		}
		if err := s.Commit(ctx, refused, keystore.Create(thing("0", ""))); !errors.Is(err, keystore.ErrExists) {
			t.Errorf("creating it again: %v", err)
		}
		for _, others := range []int{0, few(remembered) / 2, few(remembered) - few(remembered)/2 - len(ids)} {
			otherCommits(t, s, others)
			s = reopened(t, b, s)
			for i, id := range ids {
				if err := s.Commit(ctx, id, keystore.Create(thing(fmt.Sprint(i), "")), keystore.Count(counter("n"), 1, 3)); err != nil {
					t.Errorf("after reopening, commit %d was asked again: %v", i, err)
				}
			}
		}
		if err := s.Commit(ctx, refused, keystore.Create(thing("refused", ""))); err != nil || !get(t, s, "refused").Exists() {
			t.Errorf("a refused commit, asked again when it could be made: %v", err)
		}
	}},
	{"ClosingLosesNoCommit", "ErrClosed: the store was closed.", NeedsAgain, func(t T, b *Bench) {
		s := b.Open()
		var mu sync.Mutex // guards outcomes
		outcomes := map[string]error{}
		var calls atomic.Int64
		if !within(func() {
			crowd(crowdSize, func(i int) {
				for n, err := 0, error(nil); err == nil; n++ {
					if calls.Add(1) == int64(few(10*crowdSize)) {
						go s.Close()
					}
					id := fmt.Sprintf("%d.%d", i, n)
					err = s.Commit(ctx, newID(), pair(id)...)
					mu.Lock()
					outcomes[id] = err
					mu.Unlock()
				}
			})
		}) {
			t.Fatalf("commits have not ended %v after Close", patience)
		}
		s = reopened(t, b, s)
		count := int64(0)
		for id, err := range outcomes {
			there := made(t, s, id)
			if there {
				count++
			}
			if err == nil && !there || errors.Is(err, keystore.ErrClosed) && there || err != nil && !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("a commit while the store was closed returned %v; it took effect: %v", err, there)
			}
		}
		if n := value(t, s, "n"); n != count {
			t.Errorf("%d commits took effect, and moved the counter to %d", count, n)
		}
	}},
}

// otherCommits makes n of them, several at a time.
func otherCommits(t T, s keystore.Store, n int) {
	t.Helper()
	var made, failed atomic.Int64
	crowd(crowdSize, func(i int) {
		for made.Add(1) <= int64(n) {
			if err := s.Commit(ctx, newID(), keystore.Count(counter(fmt.Sprint("other", i)), 1, 1<<40)); err != nil {
				failed.Add(1)
			}
		}
	})
	if n := failed.Load(); n > 0 {
		t.Fatalf("%d commits have failed", n)
	}
}
