package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

// load reads the record of a ref into r, which stays zero where there is none.
func load(records *bolt.Bucket, ref *keystore.Ref, r *keystore.Record) (counter bool, err error) {
	var room [160]byte // for most keys
	key := recordKey(room[:0], ref)
	value := records.Get(key)
	if value == nil {
		return false, nil
	}
	return decode(key, value, ref, r)
}

// decode reads a record and names it where that fails.
func decode(key, value []byte, ref *keystore.Ref, r *keystore.Record) (counter bool, err error) {
	r.Partition, r.Kind, r.ID = ref.Partition, ref.Kind, ref.ID
	if counter, err = decodeRecord(key, value, r); err != nil {
		return false, fmt.Errorf("%w: %s %q: %w", errRecord, ref.Kind, ref.ID, err)
	}
	return counter, nil
}

var errRecord = errors.New("a record cannot be read")

// Read returns the answer to each ref out of one snapshot.
func (s *Store) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	out := make([]keystore.Found, len(refs))
	err := s.view(ctx, func(tx *reader) error {
		for i := range refs {
			r := &out[i].Record
			if _, err := load(tx.records(), &refs[i], r); err != nil {
				return err
			}
			if refs[i].Follow == "" || !r.Exists() {
				continue
			}
			var followed keystore.Record
			if _, err := load(tx.records(), &keystore.Ref{Partition: r.Partition, Kind: refs[i].Follow, ID: r.Index}, &followed); err != nil {
				return err
			}
			if followed.Exists() {
				out[i].Followed = &followed
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Page returns the next records of a kind, in the byte order of their ids.
func (s *Store) Page(
	ctx context.Context,
	p keystore.Partition,
	kind keystore.Kind,
	f keystore.Filter,
	after string,
	limit int,
) (out []keystore.Record, err error) {
	if limit < 1 || limit > keystore.MaxLimit {
		return nil, fmt.Errorf("%w: a page of %d records", keystore.ErrInvalid, limit)
	}
	bucket, prefix := records, kindKey(nil, p, kind)
	if f.Index != nil {
		bucket, prefix = index, indexedKey(p, kind, *f.Index)
	}
	from, want := append(bytes.Clone(prefix), after...), []byte(nil)
	err = s.view(ctx, func(tx *reader) error {
		walk, find := tx.Bucket(bucketNames[bucket]).Cursor(), tx.records().Cursor()
		for key, value := walk.Seek(from); bytes.HasPrefix(key, prefix) && len(out) < limit; key, value = walk.Next() {
			if bytes.Equal(key, from) {
				continue // after itself
			}
			if len(key) > bolt.MaxKeySize {
				return errValue
			}
			ref := keystore.Ref{Partition: p, Kind: kind, ID: string(key[len(prefix):])}
			if f.Index != nil {
				want = recordKey(want[:0], &ref)
				if key, value = seek(find, want); value == nil {
					return missing(bucket, &ref)
				}
			}
			var r keystore.Record
			if _, err := decode(key, value, &ref, &r); err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// seek finds a record. Where most records of a kind are in an index, the next one
// of the index is the next record as well: that is tried before the tree is
// searched from its root.
func seek(c *bolt.Cursor, want []byte) (key, value []byte) {
	if key, value = c.Next(); !bytes.Equal(key, want) {
		if key, value = c.Seek(want); !bytes.Equal(key, want) {
			return nil, nil
		}
	}
	return key, value
}

func missing(bucket int, ref *keystore.Ref) error {
	return fmt.Errorf("the bucket %s has %s %q, which is not there", bucketNames[bucket], ref.Kind, ref.ID)
}

// Due returns the records that are due, oldest first.
func (s *Store) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) (out []keystore.Record, err error) {
	if limit < 1 || limit > keystore.MaxLimit {
		return nil, fmt.Errorf("%w: %d due records", keystore.ErrInvalid, limit)
	}
	bucket, prefix := due, []byte(nil)
	if p != (keystore.Partition{}) {
		bucket, prefix = dueIn, appendPartition(nil, p)
	}
	last := appendMilli(bytes.Clone(prefix), before)
	err = s.view(ctx, func(tx *reader) error {
		walk := tx.Bucket(bucketNames[bucket]).Cursor()
		for key, _ := walk.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix) && len(out) < limit; key, _ = walk.Next() {
			if len(key) < len(last) || len(key) > bolt.MaxKeySize {
				return errValue
			}
			if bytes.Compare(key[:len(last)], last) > 0 {
				break
			}
			ref, err := parseDueKey(key[len(last):], p)
			if err != nil {
				return err
			}
			var r keystore.Record
			if _, err := load(tx.records(), &ref, &r); err != nil {
				return err
			}
			if !r.Exists() {
				return missing(bucket, &ref)
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}
