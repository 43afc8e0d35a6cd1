package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

// keyRoom is for keys on the stack; longer ones are made.
const keyRoom = 160

// view runs a function in one snapshot.
func (s *Store) view(ctx context.Context, what string, do func(tx *bolt.Tx) error) error {
	return s.guarded(what, func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.snapshots.RLock()
		defer s.snapshots.RUnlock()
		tx, err := s.snapshot(what)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return do(tx)
	})
}

// Read returns the answer to each ref out of one snapshot.
func (s *Store) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	out := make([]keystore.Found, len(refs))
	err := s.guarded("Read", func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.snapshots.RLock()
		defer s.snapshots.RUnlock()
		one, err := s.take()
		if err != nil {
			return err
		}
		for i := 0; err == nil && i < len(refs); i++ {
			err = s.readOne(one.records, &refs[i], &out[i])
		}
		s.give(one) // not after a fault: the transaction is left behind then
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) readOne(records *bolt.Bucket, ref *keystore.Ref, to *keystore.Found) error {
	there, err := s.load(records, ref.Partition, ref.Kind, ref.ID, &to.Record)
	if err != nil || !there || ref.Follow == "" {
		return err
	}
	var followed keystore.Record
	if there, err = s.load(records, ref.Partition, ref.Follow, to.Record.Index, &followed); there {
		to.Followed = &followed
	}
	return err
}

// load reads one record into r, which stays as it is where there is none.
func (s *Store) load(records *bolt.Bucket, p keystore.Partition, k keystore.Kind, id string, r *keystore.Record) (there bool, err error) {
	var room [keyRoom]byte
	key := recordKey(room[:0], p, k, id)
	value := records.Get(key)
	if value == nil || id == "" {
		return false, nil
	}
	var v stored
	if err := v.unseal(key, value); err != nil {
		return false, s.damagedRecord(keystore.Ref{Partition: p, Kind: k, ID: id}, err)
	}
	r.Partition, r.Kind, r.ID = p, k, id
	v.fill(r)
	return true, nil
}

// Page returns the next records of a kind, in the byte order of their ids.
func (s *Store) Page(ctx context.Context, p keystore.Partition, kind keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
	if limit < 1 || limit > keystore.MaxLimit {
		return nil, fmt.Errorf("%w: a page of %d records", keystore.ErrInvalid, limit)
	}
	var out []keystore.Record
	err := s.view(ctx, "Page", func(tx *bolt.Tx) (err error) {
		out, err = s.page(tx, p, kind, f, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) page(tx *bolt.Tx, p keystore.Partition, kind keystore.Kind, f keystore.Filter, after string, limit int) (out []keystore.Record, err error) {
	shelf := shelfKey(nil, p, kind)
	walked, prefix, of := tx.Bucket(bucketRecords), shelf, (*follower)(nil)
	if f.Index != nil {
		of = &follower{c: walked.Cursor(), shelf: shelf}
		walked, prefix = tx.Bucket(bucketIndex), indexShelfKey(nil, p, kind, *f.Index)
	}
	from := append(bytes.Clone(prefix), after...)
	c := walked.Cursor()
	for key, value := c.Seek(from); bytes.HasPrefix(key, prefix) && len(out) < limit; key, value = c.Next() {
		if bytes.Equal(key, from) {
			continue // after itself, or an empty id
		}
		r := keystore.Record{Partition: p, Kind: kind, ID: string(key[len(prefix):])}
		if of != nil {
			key, value = of.find(r.ID)
		}
		if value == nil {
			return nil, s.damagedRecord(r.Ref(), errDangling)
		}
		if err := s.unsealInto(&r, key, value); err != nil {
			return nil, err
		}
		if out == nil {
			out = make([]keystore.Record, 0, min(limit, 128))
		}
		out = append(out, r)
	}
	return out, nil
}

// follower finds records whose ids an index has in order. Where most records
// are in the index, the next one is the next in the bucket as well: that is
// tried before the tree is searched from its root.
type follower struct {
	c     *bolt.Cursor
	shelf []byte
	key   []byte
}

func (f *follower) find(id string) (key, value []byte) {
	begun := f.key != nil
	f.key = append(append(f.key[:0], f.shelf...), id...)
	if begun {
		if key, value := f.c.Next(); bytes.Equal(key, f.key) {
			return key, value
		}
	}
	if key, value := f.c.Seek(f.key); bytes.Equal(key, f.key) {
		return key, value
	}
	return nil, nil
}

func (s *Store) unsealInto(r *keystore.Record, key, value []byte) error {
	var v stored
	if err := v.unseal(key, value); err != nil {
		return s.damagedRecord(r.Ref(), err)
	}
	v.fill(r)
	return nil
}

// indexed reads a record that an index names: it must be there.
func (s *Store) indexed(records *bolt.Bucket, r *keystore.Record) error {
	there, err := s.load(records, r.Partition, r.Kind, r.ID, r)
	if err == nil && !there {
		err = s.damagedRecord(r.Ref(), errDangling)
	}
	return err
}

// Due returns the records that are due, oldest first.
func (s *Store) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if limit < 1 || limit > keystore.MaxLimit {
		return nil, fmt.Errorf("%w: %d due records", keystore.ErrInvalid, limit)
	}
	var out []keystore.Record
	err := s.view(ctx, "Due", func(tx *bolt.Tx) (err error) {
		out, err = s.due(tx, p, before.UnixMilli(), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) due(tx *bolt.Tx, p keystore.Partition, last int64, limit int) (out []keystore.Record, err error) {
	walked, parse, prefix := tx.Bucket(bucketDue), parseDueKey, []byte(nil)
	if p != (keystore.Partition{}) {
		walked, parse, prefix = tx.Bucket(bucketDueIn), parseDueInKey, appendPartition(nil, p)
	}
	records := tx.Bucket(bucketRecords)
	c := walked.Cursor()
	for key, _ := c.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix) && len(out) < limit; key, _ = c.Next() {
		ms, ref, err := parse(key)
		if err != nil {
			return nil, s.damagedRecord(ref, err)
		}
		if ms > last {
			break
		}
		r := keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID}
		if err := s.indexed(records, &r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
