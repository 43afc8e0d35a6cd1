package boltstore_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	bolt "go.etcd.io/bbolt"
)

func number(n uint64) (rev keystore.CommitID) {
	binary.BigEndian.PutUint64(rev[:], n+1)
	return rev
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmarks(b, func(t testing.TB) keystore.Store { return fresh(t) })
}

// bare is a bbolt file as one would use it without a store: a bucket, a put,
// a commit.
type bare struct {
	*bolt.DB
	b testing.TB
}

func newBare(b testing.TB) *bare {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bare"), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("b")); return err }); err != nil {
		b.Fatal(err)
	}
	return &bare{db, b}
}

func (f *bare) put(key string, value []byte) {
	if err := f.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("b")).Put([]byte(key), value) }); err != nil {
		f.b.Fatal(err)
	}
}

// BenchmarkCommitBesideBarePut: one record is created; the floor is one bbolt
// put of as many bytes, with its two syncs, into a file that has grown alike.
// Ceiling: x-floor 1.3.
func BenchmarkCommitBesideBarePut(b *testing.B) {
	for _, size := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("records=%d", size), func(b *testing.B) {
			s, floor := open(b, filepath.Join(b.TempDir(), "store")), newBare(b)
			n := fillBoth(b, s, floor, size)
			ratio.Beside(b, 1, func() {
				r := random()
				floor.put(r.ID+r.Index, r.Data)
			}, func() {
				n++
				if err := s.Commit(ctx, number(n), keystore.Create(random())); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// fillBoth makes records in a store and in a bare file.
func fillBoth(b testing.TB, s *boltstore.Store, floor *bare, size int) (n uint64) {
	fill(b, s, size, func(i int) string { return fmt.Sprintf("%016x", rand.Uint64()) })
	err := floor.Update(func(tx *bolt.Tx) error {
		for range size {
			r := random()
			if err := tx.Bucket([]byte("b")).Put([]byte(r.ID+r.Index), r.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return 1 << 32
}

// BenchmarkParallelCommits: many commit at once, in groups that share their
// syncs.
func BenchmarkParallelCommits(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "store"))
			b.SetParallelism(callers)
			start := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Commit(ctx, number(rand.Uint64()>>1), keystore.Create(random())); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "commits/s")
		})
	}
}
