package keystore_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
	"pgregory.net/rapid"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	keystoretest.Run(t, func(testing.TB) keystore.Store { return keystore.NewMemory() }, nil)
}

func TestMemoryIsShared(t *testing.T) {
	open := func(testing.TB) []keystore.Store { return []keystore.Store{keystore.NewMemory()} }
	storetest.Races(t, open)
}

// TestMemoryStateMachineAgreesWithModel runs random commits, pages and due
// lists against a map.
func TestMemoryStateMachineAgreesWithModel(t *testing.T) {
	ctx := context.Background()
	place := keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	rapid.Check(t, func(r *rapid.T) {
		s := keystore.NewMemory()
		model := map[string]keystore.Record{}
		n := uint64(0)
		id := rapid.StringMatching(`[a-c]{1,3}`)
		commit := func(c keystore.Change) error {
			n++
			var rev keystore.CommitID
			binary.BigEndian.PutUint64(rev[:], n)
			err := s.Commit(ctx, rev, c)
			if err == nil && c.Put != nil {
				rec := c.Put.Record
				rec.Rev = rev
				model[rec.ID] = rec
			}
			return err
		}
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				rec := keystore.Record{
					Partition: place,
					Kind:      "k",
					ID:        id.Draw(r, "id"),
					Index:     rapid.SampledFrom([]string{"", "x", "y"}).Draw(r, "index"),
				}
				if d := rapid.IntRange(0, 5).Draw(r, "due"); d > 0 {
					rec.Due = time.Unix(int64(d), 0).UTC()
				}
				rec.Rev = model[rec.ID].Rev
				if err := commit(keystore.Replace(rec)); err != nil {
					r.Fatalf("put %s: %v", rec.ID, err)
				}
			},
			"remove": func(r *rapid.T) {
				rec, ok := model[id.Draw(r, "id")]
				if !ok {
					return
				}
				if err := commit(keystore.Erase(rec)); err != nil {
					r.Fatalf("remove %s: %v", rec.ID, err)
				}
				delete(model, rec.ID)
			},
			"": func(r *rapid.T) {
				for _, index := range []*string{nil, new(""), new("x")} {
					got, err := s.Page(ctx, place, "k", keystore.Filter{Index: index}, "b", 1000)
					if err != nil {
						r.Fatal(err)
					}
					compare(r, got, model, func(rec keystore.Record) bool {
						return rec.ID > "b" && (index == nil || rec.Index == *index)
					}, func(a, b keystore.Record) int { return strings.Compare(a.ID, b.ID) })
				}
				got, err := s.Due(ctx, place, time.Unix(3, 0), 1000)
				if err != nil {
					r.Fatal(err)
				}
				compare(r, got, model, func(rec keystore.Record) bool {
					return !rec.Due.IsZero() && !rec.Due.After(time.Unix(3, 0))
				}, func(a, b keystore.Record) int {
					if c := a.Due.Compare(b.Due); c != 0 {
						return c
					}
					return strings.Compare(a.ID, b.ID)
				})
			},
		})
	})
}

// TestMemoryAgreesWithModelAcrossChunks commits several changes at once, so that a place that was found before the commit
// moves within it, to enough records for the ordered sets to have many chunks.
func TestMemoryAgreesWithModelAcrossChunks(t *testing.T) {
	ctx, s, random := context.Background(), keystore.NewMemory(), rand.New(rand.NewPCG(5, 6))
	kinds, model := []keystore.Kind{"a", "b"}, map[keystore.Ref]keystore.Record{}
	for n := range uint64(4_000) {
		var changes []keystore.Change
		written := map[keystore.Ref]*keystore.Record{} // nil: removed
		var rev keystore.CommitID
		binary.BigEndian.PutUint64(rev[:], n+1)
		for range 1 + random.IntN(6) {
			rec := keystore.Record{Partition: benchPlace, Kind: kinds[random.IntN(2)], ID: fmt.Sprintf("the-same-%04x", random.IntN(1<<14))}
			old, exists := model[rec.Ref()]
			if _, twice := written[rec.Ref()]; twice {
				continue
			}
			if exists && random.IntN(2) == 0 {
				changes, written[rec.Ref()] = append(changes, keystore.Erase(old)), nil
				continue
			}
			rec.Rev, rec.Index = old.Rev, []string{"", "x", "y"}[random.IntN(3)]
			changes = append(changes, keystore.Replace(rec))
			rec.Rev = rev
			written[rec.Ref()] = &rec
		}
		if err := s.Commit(ctx, rev, changes...); err != nil {
			t.Fatal(err)
		}
		for ref, rec := range written {
			if rec == nil {
				delete(model, ref)
			} else {
				model[ref] = *rec
			}
		}
	}
	for _, kind := range kinds {
		checkPages(t, s, kind, nil, model)
		checkPages(t, s, kind, new("x"), model)
	}
}

// TestRecordsOfOneNameAreDueApart has two records that are due at one time and have one id, in two partitions.
func TestRecordsOfOneNameAreDueApart(t *testing.T) {
	ctx, at := t.Context(), time.UnixMilli(5).UTC()
	here := keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	there := keystore.Partition{Account: "111122223333", Region: "us-east-2"}
	for _, order := range [][]keystore.Partition{{here, there}, {there, here}} {
		for _, gone := range []int{0, 1} {
			s := keystore.NewMemory()
			var records [2]keystore.Record
			for i, p := range order {
				records[i] = keystore.Record{Partition: p, Kind: "a", ID: "same", Due: at}
				if err := s.Commit(ctx, keystore.CommitID{byte(i + 1)}, keystore.Create(records[i])); err != nil {
					t.Fatal(err)
				}
				records[i].Rev = keystore.CommitID{byte(i + 1)}
			}
			if err := s.Commit(ctx, keystore.CommitID{3}, keystore.Erase(records[gone])); err != nil {
				t.Fatal(err)
			}
			due, err := s.Due(ctx, keystore.Partition{}, at, 10)
			if err != nil || len(due) != 1 || due[0].Partition != order[1-gone] {
				t.Errorf("without that of %v: got %v, %v, want that of %v", order[gone], due, err, order[1-gone])
			}
			s.Close()
		}
	}
}

// checkPages compares all pages of a kind, and what is read by id, with a model.
func checkPages(t *testing.T, s keystore.Store, kind keystore.Kind, index *string, model map[keystore.Ref]keystore.Record) {
	t.Helper()
	want := 0
	for ref, rec := range model {
		if ref.Kind != kind || index != nil && *index != rec.Index {
			continue
		}
		want++
		if found, err := s.Read(t.Context(), ref); err != nil || found[0].Record.Rev != rec.Rev {
			t.Fatalf("%v: got %v, %v, want %v", ref, found, err, rec)
		}
	}
	got, after := 0, ""
	for {
		page, err := s.Page(t.Context(), benchPlace, kind, keystore.Filter{Index: index}, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range page {
			if rec.ID <= after || model[rec.Ref()].Rev != rec.Rev || index != nil && *index != rec.Index {
				t.Fatalf("after %q: %v, want %v", after, rec, model[rec.Ref()])
			}
			got, after = got+1, rec.ID
		}
		if len(page) < 100 {
			break
		}
	}
	if got != want || want < 1_000 {
		t.Errorf("kind %s: %d records in pages, want %d, and 1,000 at least", kind, got, want)
	}
}

func compare(
	r *rapid.T,
	got []keystore.Record,
	model map[string]keystore.Record,
	in func(keystore.Record) bool,
	order func(a, b keystore.Record) int,
) {
	r.Helper()
	var want []keystore.Record
	for _, rec := range model {
		if in(rec) {
			want = append(want, rec)
		}
	}
	slices.SortFunc(want, order)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.Fatalf("got  %v\nwant %v", got, want)
	}
}

var benchPlace = keystore.Partition{Account: "111122223333", Region: "us-east-1"}

func benchRecord() keystore.Record {
	return keystore.Record{
		Partition: benchPlace,
		Kind:      "key",
		ID:        fmt.Sprintf("%016x", rand.Uint64()),
		Index:     "CREATE_COMPLETE",
		Data:      make([]byte, 250),
	}
}

// benchCommit is the id of the nth commit, from 1.
func benchCommit(n uint64) (id keystore.CommitID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

func BenchmarkMemory(b *testing.B) {
	storetest.Benchmarks(b, func(testing.TB) keystore.Store { return keystore.NewMemory() })
}

// BenchmarkPage reads a page of fifty ten times, between creating a record and erasing it, among a million records beside
// the same among a thousand. The bar of x-floor is 1.2.
func BenchmarkPage(b *testing.B) {
	few, _ := manyRecords(b, 1_000)
	many, size := manyRecords(b, 1_000_000)
	ratio.Beside(b, 16, few, many)
	b.ReportMetric(size, "B/record-beyond-data")
}

// manyRecords makes n records. It returns a function that creates one more, reads ten pages and erases it again, and the
// bytes that a record takes besides its data.
func manyRecords(b *testing.B, n int) (pages func(), size float64) {
	ctx, s := context.Background(), keystore.NewMemory()
	commits := uint64(0)
	commit := func(c keystore.Change) keystore.CommitID {
		commits++
		id := benchCommit(commits)
		if err := s.Commit(ctx, id, c); err != nil {
			b.Fatal(err)
		}
		return id
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range n {
		commit(keystore.Create(benchRecord()))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return func() {
		rec := benchRecord()
		rec.Rev = commit(keystore.Create(rec))
		for range 10 {
			if page, err := s.Page(ctx, benchPlace, "key", keystore.Filter{}, "8", 50); err != nil || len(page) != 50 {
				b.Fatal(len(page), err)
			}
		}
		commit(keystore.Erase(rec))
	}, float64(after.HeapAlloc-before.HeapAlloc)/float64(n) - 250
}

// BenchmarkStall is the longest that any call takes, in milliseconds, while a writer creates 500,000 records
// and a reader asks for pages. The bar is 10. For comparison the same is done with a map under a mutex, which
// the scheduler and the garbage collector delay too.
func BenchmarkStall(b *testing.B) {
	for _, bare := range []bool{true, false} {
		b.Run(fmt.Sprintf("bare=%t", bare), func(b *testing.B) {
			for b.Loop() {
				commit, page := storeCalls()
				if bare {
					commit, page = bareCalls()
				}
				write, read := slowest(b, commit, page)
				b.ReportMetric(write.Seconds()*1000, "ms-slowest-write")
				b.ReportMetric(read.Seconds()*1000, "ms-slowest-page")
			}
		})
	}
}

// storeCalls create a record in a store, and read a page of fifty.
func storeCalls() (commit func(keystore.Record, keystore.CommitID) error, page func() error) {
	ctx, s := context.Background(), keystore.NewMemory()
	commit = func(rec keystore.Record, rev keystore.CommitID) error {
		return s.Commit(ctx, rev, keystore.Create(rec))
	}
	page = func() error {
		_, err := s.Page(ctx, benchPlace, "key", keystore.Filter{}, "8", 50)
		return err
	}
	return commit, page
}

// bareCalls are the least that both take: a map insert under a mutex, and the copies of fifty records.
func bareCalls() (commit func(keystore.Record, keystore.CommitID) error, page func() error) {
	var mu sync.Mutex // guards the rest
	all, fifty := map[string]keystore.Record{}, make([]keystore.Record, 50)
	var copied []keystore.Record
	commit = func(rec keystore.Record, rev keystore.CommitID) error {
		mu.Lock()
		defer mu.Unlock()
		rec.Rev = rev
		all[rec.ID], fifty[len(all)%50] = rec, rec
		return nil
	}
	page = func() error {
		mu.Lock()
		defer mu.Unlock()
		if copied = slices.Clone(fifty); len(copied) != 50 {
			return keystore.ErrInvalid
		}
		return nil
	}
	return commit, page
}

// slowest is the longest that a write and a page take beside each other.
func slowest(b *testing.B, commit func(keystore.Record, keystore.CommitID) error, page func() error) (write, read time.Duration) {
	timed := func(longest *time.Duration, begun time.Time, err error) {
		if *longest = max(*longest, time.Since(begun)); err != nil {
			b.Error(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range uint64(500_000) {
			rec, rev := benchRecord(), benchCommit(n+1)
			begun := time.Now()
			timed(&write, begun, commit(rec, rev))
		}
	}()
	for {
		begun := time.Now()
		timed(&read, begun, page())
		select {
		case <-done:
			return write, read
		case <-time.After(10 * time.Millisecond):
		}
	}
}
