package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// format is the version of the file that this package writes.
const format = 1

// The keys of the bucket meta.
var (
	keyFormat  = []byte("format")  // 4 bytes, big endian
	keyCreated = []byte("created") // 8 bytes, big endian: milliseconds since 1970
)

// step rewrites a file of one format as the next, inside one transaction.
type step func(tx *bolt.Tx) error

// steps are the ways from each older format to the next: steps[1] makes a
// file of format 1 one of format 2. There has been one format so far.
var steps = map[uint32]step{}

// create lays out an empty store.
func create(tx *bolt.Tx, now time.Time) error {
	for _, name := range allBuckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := tx.Bucket(bucketRecent).Put(keyRecent, appendIDs(0, nil)); err != nil {
		return err
	}
	m := tx.Bucket(bucketMeta)
	if err := m.Put(keyCreated, binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))); err != nil {
		return err
	}
	return putFormat(m, format)
}

func putFormat(m *bolt.Bucket, version uint32) error {
	return m.Put(keyFormat, binary.BigEndian.AppendUint32(nil, version))
}

// formatOf is the version that a file says it is of.
func formatOf(tx *bolt.Tx) (uint32, error) {
	m := tx.Bucket(bucketMeta)
	if m == nil {
		return 0, errors.New("a bbolt file of another program: it has no format")
	}
	b := m.Get(keyFormat)
	if len(b) != 4 {
		return 0, errors.New("a bbolt file of another program, or its format is lost")
	}
	return binary.BigEndian.Uint32(b), nil
}

// migrate brings a file to the format wanted, through all between, in one
// transaction: it is as it was, or it is done.
func migrate(tx *bolt.Tx, from, to uint32, steps map[uint32]step) error {
	for ; from < to; from++ {
		next, ok := steps[from]
		if !ok {
			return fmt.Errorf("no way leads from format %d to %d", from, from+1)
		}
		if err := next(tx); err != nil {
			return fmt.Errorf("from format %d to %d: %w", from, from+1, err)
		}
	}
	return putFormat(tx.Bucket(bucketMeta), to)
}
