package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

// Check reads the whole file and says what is wrong with it: every page is
// there and used once, or free; every record has its check sum, its entries in
// the indexes, and they theirs; the remembered commits have no gap. Others may
// read and commit meanwhile. What is wrong is ErrDamaged; a context that ends
// gives its own error.
func (s *Store) Check(ctx context.Context) error {
	return s.view(ctx, "Check", func(tx *bolt.Tx) error {
		err := s.check(ctx, tx)
		if err == nil || err == ctx.Err() {
			return err
		}
		return refusal(s.path, err)
	})
}

func (s *Store) check(ctx context.Context, tx *bolt.Tx) error {
	m, err := metaOf(tx)
	if err != nil {
		return err
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if err := walkPages(s.file, info.Size(), m, true, ctx.Err); err != nil {
		return err
	}
	c := &checker{ctx: ctx, tables: tablesOf(tx)}
	return errors.Join(checkBuckets(tx), c.walkRecords(), c.walkIndex(), c.walkDue(), c.walkDueIn(), checkLog(c.tables))
}

// metaOf is the meta page of a snapshot: a copy of it begins with one.
func metaOf(tx *bolt.Tx) (m meta, err error) {
	var w firstPage
	if _, err := tx.WriteTo(&w); len(w.page) == 0 {
		return m, err
	}
	return parseMeta(w.page)
}

// firstPage keeps what is written first and wants no more.
type firstPage struct{ page []byte }

func (w *firstPage) Write(p []byte) (int, error) {
	if w.page == nil {
		w.page = bytes.Clone(p)
	}
	return 0, io.ErrShortWrite
}

// checkBuckets finds buckets that do not belong, and the format.
func checkBuckets(tx *bolt.Tx) error {
	known := map[string]bool{}
	for _, name := range allBuckets {
		known[string(name)] = true
	}
	if _, err := formatOf(tx); err != nil {
		return err
	}
	return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
		if !known[string(name)] {
			return fmt.Errorf("bucket %q is none of the store's", name)
		}
		return nil
	})
}

func checkLog(t *tables) error {
	_, err := readLog(t)
	return err
}

// checker walks the buckets of one snapshot. It counts what each index should
// have, so that an entry too many is found as well as one that is missing.
type checker struct {
	ctx          context.Context
	tables       *tables
	records, due int
}

// each walks a bucket until something is wrong.
func (c *checker) each(b *bolt.Bucket, what string, visit func(key, value []byte) error) (n int, err error) {
	cur := b.Cursor()
	for key, value := cur.First(); key != nil; key, value = cur.Next() {
		if n++; n%256 == 0 {
			if err := c.ctx.Err(); err != nil {
				return n, err
			}
		}
		if err := visit(key, value); err != nil {
			return n, fmt.Errorf("%s %d: %w", what, n, err)
		}
	}
	return n, nil
}

func (c *checker) walkRecords() error {
	n, err := c.each(c.tables.records, "record", func(key, value []byte) error {
		ref, err := parseRecordKey(key)
		if err != nil {
			return err
		}
		if ref.ID == "" || len(ref.ID) > keystore.MaxID || ref.Kind == "" {
			return fmt.Errorf("a key without kind or id, or an id of %d bytes", len(ref.ID))
		}
		var v stored
		if err := v.unseal(key, value); err != nil {
			return fmt.Errorf("%s %q: %w", ref.Kind, ref.ID, err)
		}
		r := keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID}
		v.fill(&r)
		return c.entries(&r)
	})
	c.records = n
	return err
}

// entries says which index a record is missing from.
func (c *checker) entries(r *keystore.Record) error {
	missing := func(b *bolt.Bucket, key []byte, name string) error {
		if b.Get(key) == nil {
			return fmt.Errorf("%s %q is not in the bucket %s", r.Kind, r.ID, name)
		}
		return nil
	}
	err := missing(c.tables.index, indexKey(r), "index")
	if r.Due.IsZero() || err != nil {
		return err
	}
	c.due++
	return errors.Join(missing(c.tables.due, dueKey(r), "due"), missing(c.tables.dueIn, dueInKey(r), "due-in"))
}

// Every record has its entries by now: an index that has as many as it should
// has no others.

func (c *checker) walkIndex() error {
	n, err := c.each(c.tables.index, "index entry", func(key, _ []byte) error {
		_, _, err := parseIndexKey(key)
		return err
	})
	return errors.Join(err, c.count("index", n, c.records))
}

func (c *checker) walkDue() error {
	n, err := c.each(c.tables.due, "due entry", func(key, _ []byte) error {
		_, _, err := parseDueKey(key)
		return err
	})
	return errors.Join(err, c.count("due", n, c.due))
}

func (c *checker) walkDueIn() error {
	n, err := c.each(c.tables.dueIn, "due-in entry", func(key, _ []byte) error {
		_, _, err := parseDueInKey(key)
		return err
	})
	return errors.Join(err, c.count("due-in", n, c.due))
}

func (c *checker) count(name string, got, want int) error {
	if got == want || c.ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the bucket %s has %d entries for %d records", name, got, want)
}
