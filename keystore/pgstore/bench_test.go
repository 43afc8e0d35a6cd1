package pgstore

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// durable is a store on a server that waits for the disk, and pgx on the same.
func durable(b *testing.B) (*Store, *pgxpool.Pool) {
	c := pgcluster.Start(b, &pgcluster.Options{Durable: true})
	_, url := c.Fresh(b)
	s := open(b, url, nil)
	pool, err := pgxpool.New(context.Background(), url)
	must(b, "a pool", err)
	b.Cleanup(pool.Close)
	return s, pool
}

// BenchmarkStore is what every kind of store is measured by.
func BenchmarkStore(b *testing.B) {
	c := pgcluster.Start(b, &pgcluster.Options{Durable: true})
	storetest.Benchmarks(b, func(t testing.TB) keystore.Store {
		_, url := c.Fresh(t)
		return open(t, url, nil)
	})
}

func record(id string) keystore.Record {
	return keystore.Record{Partition: here, Kind: "key", ID: id, Index: "index", Data: make([]byte, 500)}
}

// BenchmarkCommit is a commit against a transaction of pgx that writes the same
// row to a table with the same indexes, on one connection.
func BenchmarkCommit(b *testing.B) {
	ctx := context.Background()
	s, pool := durable(b)
	_, err := pool.Exec(ctx, "CREATE TABLE bare (LIKE apcsim.records INCLUDING ALL)")
	must(b, "a table", err)
	_, err = pool.Exec(
		ctx,
		"INSERT INTO bare (key, place, id, idx, by_idx, rev, data, value) VALUES ('counter', '', '', '', '', gen_random_uuid(), '', 0)",
	)
	must(b, "a counter", err)
	n := 0
	next := func() keystore.Record { n++; return record(fmt.Sprint("id", n)) }
	b.Run("create", func(b *testing.B) {
		ratio.Beside(b, 100, func() { bare(b, pool, next(), false) }, func() {
			must(b, "Commit", s.Commit(ctx, storetest.NewID(), keystore.Create(next())))
		})
	})
	b.Run("create and count", func(b *testing.B) {
		counter := keystore.Ref{Partition: here, Kind: "counter", ID: "keys"}
		ratio.Beside(b, 100, func() { bare(b, pool, next(), true) }, func() {
			must(b, "Commit", s.Commit(ctx, storetest.NewID(), keystore.Create(next()), keystore.Count(counter, 1, 1<<60)))
		})
	})
}

// bare is the floor: BEGIN, INSERT, for a counter UPDATE, COMMIT.
func bare(b *testing.B, pool *pgxpool.Pool, r keystore.Record, count bool) {
	ctx := context.Background()
	ref, id := r.Ref(), [16]byte(storetest.NewID())
	tx, err := pool.Begin(ctx)
	must(b, "Begin", err)
	_, err = tx.Exec(ctx,
		"INSERT INTO bare (key, place, id, idx, by_idx, rev, data) VALUES ($1, $2, $3, $4, $5, $6, $7)", key(&ref),
		place(r.Partition), []byte(r.ID), []byte(r.Index),
		append(indexed(shelf(r.Partition, r.Kind), r.Index), r.ID...), id, r.Data)
	must(b, "INSERT", err)
	if count {
		_, err = tx.Exec(ctx, "UPDATE bare SET value = value + 1, rev = $2 WHERE key = $1 AND value < 1000000000", []byte("counter"), id)
		must(b, "UPDATE", err)
	}
	must(b, "COMMIT", tx.Commit(ctx))
}

// BenchmarkRead is a read against one SELECT of pgx, as it comes: prepared and
// cached.
func BenchmarkRead(b *testing.B) {
	ctx := context.Background()
	s, pool := durable(b)
	must(b, "records", fillWith(ctx, pool, 10000))
	r := record("id77")
	ref := r.Ref()
	floor := func() { selectOne(b, pool, r) }
	b.Run("record", func(b *testing.B) {
		ratio.Beside(b, 200, floor, func() {
			found, err := s.Read(ctx, ref)
			if err != nil || !found[0].Record.Exists() {
				b.Fatal(err, found)
			}
		})
	})
	b.Run("record and followed", func(b *testing.B) {
		ref.Follow = "key"
		ratio.Beside(b, 200, func() { selectTwo(b, pool, r) }, func() {
			found, err := s.Read(ctx, ref)
			if err != nil || !found[0].Record.Exists() {
				b.Fatal(err, found)
			}
		})
	})
}

func selectTwo(b *testing.B, pool *pgxpool.Pool, r keystore.Record) {
	var rev [16]byte
	var rev2 *[16]byte
	var due, value, due2, value2 *int64
	var idx, data, idx2, data2 []byte
	ref := r.Ref()
	err := pool.QueryRow(context.Background(), `SELECT r.rev, r.due, r.idx, r.data, r.value, f.rev, f.due, f.idx, f.data, f.value
		FROM apcsim.records r LEFT JOIN apcsim.records f ON f.key = $2 || r.idx WHERE r.key = $1`, key(&ref), shelf(r.Partition, "key")).
		Scan(&rev, &due, &idx, &data, &value, &rev2, &due2, &idx2, &data2, &value2)
	must(b, "SELECT", err)
}

func selectOne(b *testing.B, pool *pgxpool.Pool, r keystore.Record) {
	var rev [16]byte
	var due, value *int64
	var idx, data []byte
	ref := r.Ref()
	err := pool.QueryRow(context.Background(), "SELECT rev, due, idx, data, value FROM apcsim.records WHERE key = $1", key(&ref)).
		Scan(&rev, &due, &idx, &data, &value)
	must(b, "SELECT", err)
}

// fillWith makes n records, id1 and so on.
func fillWith(ctx context.Context, pool *pgxpool.Pool, n int) error {
	r := record("id")
	at := shelf(r.Partition, r.Kind)
	_, err := pool.Exec(ctx, `INSERT INTO apcsim.records (key, place, id, idx, by_idx, rev, data)
		SELECT $1::bytea || id, $2, id, $3, $4::bytea || id, gen_random_uuid(), $5
		  FROM (SELECT ('id' || n)::bytea AS id FROM generate_series(1, $6) AS t(n)) AS ids`,
		at, place(r.Partition), []byte(r.Index), indexed(at, r.Index), r.Data, n)
	if err == nil {
		_, err = pool.Exec(ctx, "ANALYZE apcsim.records")
	}
	return err
}
