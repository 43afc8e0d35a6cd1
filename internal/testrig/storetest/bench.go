package storetest

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// benchData is about as much as the engine keeps of a key.
const benchData = 250

// Benchmarks measures what an engine asks of a store: one open for each
// number, as full as its name says.
func Benchmarks(b *testing.B, open func(t testing.TB) keystore.Store) {
	for _, m := range []struct {
		name string
		run  func(b *testing.B, s keystore.Store)
	}{
		{"Read/follow=no", benchRead("")},
		{"Read/follow=yes", benchRead(kind)},
		{"Page/limit=100/records=1000", benchPage(1_000, keystore.Filter{})},
		{"Page/limit=100/records=100000", benchPage(100_000, keystore.Filter{})},
		{"Page/limit=100/records=100000/filtered", benchPage(100_000, keystore.Filter{Index: new("CREATE_COMPLETE")})},
		{"Commit/changes=put", benchCommit(false)},
		{"Commit/changes=put+counter", benchCommit(true)},
		{"Commit/changes=put/goroutines=16", benchCrowd(false)},
		{"Commit/changes=put+counter/goroutines=16", benchCrowd(true)},
		{"Due/limit=100/records=1000", benchDue},
	} {
		b.Run(m.name, func(b *testing.B) {
			s := open(b)
			b.Cleanup(func() { s.Close() })
			b.ReportAllocs()
			m.run(b, s)
		})
	}
}

// benchRecord is a record of its own: its id is spread over all there can be.
func benchRecord(n uint64) keystore.Record {
	r := thing(fmt.Sprintf("%016x", n*0x9e3779b97f4a7c15), "")
	r.Index, r.Data = "CREATE_COMPLETE", make([]byte, benchData)
	return r
}

// benchFill makes records in large commits.
func benchFill(b *testing.B, s keystore.Store, n int, change func(i int, r *keystore.Record)) {
	b.Helper()
	const together = 500
	for i := 0; i < n; {
		var changes []keystore.Change
		for ; i < n && len(changes) < together; i++ {
			r := benchRecord(uint64(i))
			change(i, &r)
			changes = append(changes, keystore.Create(r))
		}
		if err := s.Commit(ctx, NewID(), changes...); err != nil {
			b.Fatal(err)
		}
	}
}

// benchRead reads an alias, alone or followed to one of a thousand records.
func benchRead(follow keystore.Kind) func(*testing.B, keystore.Store) {
	return func(b *testing.B, s keystore.Store) {
		const n = 1000
		benchFill(b, s, n, func(int, *keystore.Record) {})
		benchFill(b, s, n, func(i int, r *keystore.Record) {
			r.Kind, r.Index, r.ID = "alias", r.ID, fmt.Sprintf("alias/%d", i)
		})
		refs := make([]keystore.Ref, n)
		for i := range refs {
			refs[i] = keystore.Ref{Partition: here, Kind: "alias", ID: fmt.Sprintf("alias/%d", i), Follow: follow}
		}
		i := 0
		for b.Loop() {
			found, err := s.Read(ctx, refs[i%n])
			if err != nil || len(found) != 1 || !found[0].Record.Exists() || (found[0].Followed == nil) != (follow == "") {
				b.Fatalf("%+v, %v", found, err)
			}
			i++
		}
	}
}

// benchPage reads pages all over the ids.
func benchPage(records int, f keystore.Filter) func(*testing.B, keystore.Store) {
	return func(b *testing.B, s keystore.Store) {
		benchFill(b, s, records, func(int, *keystore.Record) {})
		i := uint64(0)
		for b.Loop() {
			after := fmt.Sprintf("%02x", i*37%0xe0) // with more than a page after it
			page, err := s.Page(ctx, here, kind, f, after, 100)
			if err != nil || len(page) != 100 {
				b.Fatalf("%d records after %s, %v", len(page), after, err)
			}
			i++
		}
	}
}

// benchChanges make a record, and count it.
func benchChanges(n uint64, counted bool) []keystore.Change {
	changes := []keystore.Change{keystore.Create(benchRecord(n))}
	if counted {
		changes = append(changes, keystore.Count(counter("n"), 1, 1<<60))
	}
	return changes
}

func benchCommit(counted bool) func(*testing.B, keystore.Store) {
	return func(b *testing.B, s keystore.Store) {
		n := uint64(0)
		for b.Loop() {
			if err := s.Commit(ctx, NewID(), benchChanges(n, counted)...); err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
}

func benchCrowd(counted bool) func(*testing.B, keystore.Store) {
	return func(b *testing.B, s keystore.Store) {
		var n atomic.Uint64
		procs := runtime.GOMAXPROCS(0)
		b.SetParallelism((crowd + procs - 1) / procs)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.Commit(ctx, NewID(), benchChanges(n.Add(1), counted)...); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
}

// benchDue lists a tenth of what there is.
func benchDue(b *testing.B, s keystore.Store) {
	benchFill(b, s, 1000, func(i int, r *keystore.Record) {
		r.Due = noon.AddDate(0, 0, i*7%1000)
	})
	for b.Loop() {
		recs, err := s.Due(ctx, keystore.Partition{}, noon.AddDate(0, 0, 99), 100)
		if err != nil || len(recs) != 100 {
			b.Fatalf("%d records, %v", len(recs), err)
		}
	}
}
