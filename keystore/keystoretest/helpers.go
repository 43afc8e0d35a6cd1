package keystoretest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var (
	ctx  = context.Background()
	here = keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	away = keystore.Partition{Account: "444455556666", Region: "eu-west-1"}
	noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	all  keystore.Filter
)

const (
	kind       = keystore.Kind("thing")
	crowdSize  = 16  // goroutines
	remembered = 999 // commits after which one is still known
	patience   = 30 * time.Second
)

func thing(id, data string) keystore.Record {
	return keystore.Record{Partition: here, Kind: kind, ID: id, Data: []byte(data)}
}

func thingAt(p keystore.Partition, id string, due time.Time) keystore.Record {
	return keystore.Record{Partition: p, Kind: kind, ID: id, Due: due}
}

func with(r keystore.Record, data string) keystore.Record { r.Data = []byte(data); return r }

func counter(id string) keystore.Ref { return keystore.Ref{Partition: here, Kind: "counter", ID: id} }

// commit must succeed.
func commit(t tester, s keystore.Store, changes ...keystore.Change) keystore.CommitID {
	t.Helper()
	id := storetest.NewID()
	if err := s.Commit(ctx, id, changes...); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return id
}

// refused checks that a commit fails with an error that the interface names.
func refused(t tester, s keystore.Store, what string, want error, changes ...keystore.Change) {
	t.Helper()
	if err := s.Commit(ctx, storetest.NewID(), changes...); !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// create makes records in commits of a hundred.
func create(t tester, s keystore.Store, records []keystore.Record) {
	t.Helper()
	for part := range slices.Chunk(records, 100) {
		var changes []keystore.Change
		for _, r := range part {
			changes = append(changes, keystore.Create(r))
		}
		commit(t, s, changes...)
	}
}

// numbered makes n records with ids of four digits, each with one of these indexes.
func numbered(t tester, s keystore.Store, n int, indexes ...string) (ids []string) {
	t.Helper()
	var records []keystore.Record
	for i := range n {
		r := thingAt(here, fmt.Sprintf("%04d", i), noon)
		r.Index = indexes[i%len(indexes)]
		records, ids = append(records, r), append(ids, r.ID)
	}
	create(t, s, records)
	return ids
}

func read(t tester, s keystore.Store, refs ...keystore.Ref) []keystore.Found {
	t.Helper()
	found, err := s.Read(ctx, refs...)
	if err != nil || len(found) != len(refs) {
		t.Fatalf("Read of %d refs: %d answers, %v", len(refs), len(found), err)
	}
	return found
}

// readAll reads one record for each of these.
func readAll(t tester, s keystore.Store, records []keystore.Record) []keystore.Found {
	t.Helper()
	var refs []keystore.Ref
	for _, r := range records {
		refs = append(refs, r.Ref())
	}
	return read(t, s, refs...)
}

func get(t tester, s keystore.Store, id string) keystore.Record {
	t.Helper()
	return read(t, s, thing(id, "").Ref())[0].Record
}

func value(t tester, s keystore.Store, id string) int64 {
	t.Helper()
	return keystore.CounterValue(read(t, s, counter(id))[0].Record)
}

func page(
	t tester,
	s keystore.Store,
	p keystore.Partition,
	k keystore.Kind,
	f keystore.Filter,
	after string,
	limit int,
) []keystore.Record {
	t.Helper()
	records, err := s.Page(ctx, p, k, f, after, limit)
	if err != nil || len(records) > limit {
		t.Fatalf("Page of %d after %q: %d records, %v", limit, after, len(records), err)
	}
	return records
}

// walk reads all pages of a size and calls between, if it is not nil, between two.
func walk(t tester, s keystore.Store, p keystore.Partition, k keystore.Kind, f keystore.Filter, size int, between func()) (out []string) {
	t.Helper()
	for after := ""; ; {
		records := page(t, s, p, k, f, after, size)
		out = append(out, ids(records)...)
		if len(records) < size {
			return out
		}
		after = records[len(records)-1].ID
		if between != nil {
			between()
		}
	}
}

func due(t tester, s keystore.Store, p keystore.Partition, before time.Time, limit int) []string {
	t.Helper()
	records, err := s.Due(ctx, p, before, limit)
	if err != nil {
		t.Fatalf("Due: %v", err)
	}
	return ids(records)
}

func ids(records []keystore.Record) (out []string) {
	for _, r := range records {
		out = append(out, r.ID)
	}
	return out
}

func same(t tester, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// everyCall calls every method but Close and returns the errors by its name.
func everyCall(ctx context.Context, s keystore.Store, id string) map[string]error {
	_, readErr := s.Read(ctx, thing(id, "").Ref())
	_, pageErr := s.Page(ctx, here, kind, all, "", 10)
	_, dueErr := s.Due(ctx, here, noon, 10)
	return map[string]error{
		"Read":   readErr,
		"Page":   pageErr,
		"Due":    dueErr,
		"Commit": s.Commit(ctx, storetest.NewID(), keystore.Create(thing(id, ""))),
	}
}

// pair are two records, in two partitions, and a counter that are written together.
func pair(id string) []keystore.Change {
	return []keystore.Change{
		keystore.Create(thing(id, "")),
		keystore.Count(counter("n"), 1, 1<<40),
		keystore.Create(thingAt(away, id, time.Time{})),
	}
}

// made reports whether the records of a pair are there; one alone is a failure.
func made(t tester, s keystore.Store, id string) bool {
	found, err := s.Read(ctx, thing(id, "").Ref(), thingAt(away, id, time.Time{}).Ref())
	if err != nil || len(found) != 2 {
		t.Errorf("Read: %d answers, %v", len(found), err)
		return false
	}
	if found[0].Record.Exists() != found[1].Record.Exists() {
		t.Errorf("half of commit %s took effect", id)
	}
	return found[0].Record.Exists()
}

// crowd runs goroutines until all are done.
func crowd(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// ended fails the case if do does not end.
func ended(t tester, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: calls have not ended after %v", what, patience)
	}
}
