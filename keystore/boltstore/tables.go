package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

const (
	format     = 2                   // that this package writes
	remembered = 1000                // commits, by their ids; the interface asks for as many
	maxRecent  = 32                  // of them are in the state
	maxKey     = bolt.MaxKeySize / 2 // of a record: its other keys are longer
	maxData    = bolt.MaxValueSize / 2
	emptyCount = buckets + 3 // what a file without records counts: the buckets, format, state, ids
)

// tables are the buckets of a transaction, and the state of the store.
type tables struct {
	buckets [buckets]*bolt.Bucket
	clean   bool   // nothing was committed since the store was closed
	count   int    // of entries in all buckets, the buckets themselves included
	recent  []byte // ids of the last commits
	older   []byte // ids of those before
}

func openBuckets(tx *bolt.Tx) (*tables, error) {
	t := new(tables)
	for i, name := range bucketNames {
		if t.buckets[i] = tx.Bucket(name); t.buckets[i] == nil {
			return nil, fmt.Errorf("the bucket %s is missing", name)
		}
	}
	return t, nil
}

// openTables opens the buckets of a file of the present format and reads the state.
func openTables(tx *bolt.Tx) (*tables, error) {
	t, err := openBuckets(tx)
	if err != nil {
		return nil, err
	}
	state, err := cutSum(keyState, t.buckets[meta].Get(keyState))
	if err == nil {
		t.older, err = cutSum(keyIDs, t.buckets[commits].Get(keyIDs))
	}
	if err == nil && (len(state) < 9 || state[0] > 1 || (len(state)-9)%idSize != 0 || len(t.older)%idSize != 0) {
		err = errValue
	}
	if err != nil {
		return nil, fmt.Errorf("the state: %w", err)
	}
	t.clean, t.count, t.recent = state[0] == 1, int(binary.BigEndian.Uint64(state[1:])), bytes.Clone(state[9:])
	return t, nil
}

// save writes the state. It is so small that bbolt keeps it in a page that every
// transaction writes anyhow; so the ids of commits go to the long list together.
func (t *tables) save() error {
	if t.older == nil || len(t.recent) > maxRecent*idSize {
		t.older = slices.Concat(t.older, t.recent)
		t.older = t.older[max(0, len(t.older)-remembered*idSize):]
		t.recent = nil
		if err := t.buckets[commits].Put(keyIDs, appendSum(keyIDs, slices.Clip(t.older))); err != nil {
			return err
		}
	}
	state := make([]byte, 9, 9+len(t.recent)+sumSize)
	if t.clean {
		state[0] = 1
	}
	binary.BigEndian.PutUint64(state[1:], uint64(t.count))
	return t.buckets[meta].Put(keyState, appendSum(keyState, append(state, t.recent...)))
}

// committed reports whether a commit is among those recorded.
func (t *tables) committed(id keystore.CommitID) bool {
	for _, ids := range [][]byte{t.recent, t.older} {
		for ; len(ids) > 0; ids = ids[idSize:] {
			if keystore.CommitID(ids) == id {
				return true
			}
		}
	}
	return false
}

// errNothing has a transaction that has nothing to write rolled back.
var errNothing = errors.New("nothing to write")

// markClean notes that the store was closed, unless the state has that already.
func markClean(tx *bolt.Tx) error {
	t, err := openTables(tx)
	if err != nil || t.clean {
		return errors.Join(err, errNothing)
	}
	t.clean = true
	return t.save()
}

// create lays out an empty store.
func create(tx *bolt.Tx) error {
	t := &tables{clean: true, count: emptyCount}
	for i, name := range bucketNames {
		var err error
		if t.buckets[i], err = tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return errors.Join(t.save(), t.putFormat())
}

func (t *tables) putFormat() error {
	return t.buckets[meta].Put(keyFormat, binary.BigEndian.AppendUint32(nil, format))
}

// formatOf is the format that a file says it has.
func formatOf(tx *bolt.Tx) (uint32, error) {
	b := tx.Bucket(bucketNames[meta])
	if b == nil || len(b.Get(keyFormat)) != 4 {
		return 0, foreign("it is a bbolt file of another program and has no format")
	}
	found := binary.BigEndian.Uint32(b.Get(keyFormat))
	if found > format {
		return 0, fmt.Errorf("%w: it has format %d; this program reads up to %d", ErrNewer, found, format)
	}
	return found, nil
}

// migrate converts a file of format 1, whose entries and records were counted. Its
// lists of commits were the number of the first, 8 bytes, and the ids: in the bucket
// recent one of the last commits, in the bucket commits those before.
func migrate(tx *bolt.Tx, found counts) error {
	t, err := openBuckets(tx)
	if err != nil {
		return err
	}
	var lists [][]byte
	for _, b := range []*bolt.Bucket{t.buckets[commits], tx.Bucket(bucketRecent)} {
		for key, list := b.Cursor().First(); key != nil; key, list = b.Cursor().First() {
			lists = append(lists, bytes.Clone(list))
			if err := b.Delete(bytes.Clone(key)); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(lists, bytes.Compare)
	for _, list := range lists {
		if len(list)%idSize != 8 {
			return errValue
		}
		t.recent = append(t.recent, list[8:]...)
	}
	t.count = emptyCount + 2*found.records + 2*found.due
	// There were one bucket more, the keys format and created, and the lists.
	if found.entries != t.count-emptyCount+buckets+1+2+len(lists) {
		return fmt.Errorf("it has %d entries, of which not all are known", found.entries)
	}
	return errors.Join(tx.DeleteBucket(bucketRecent), t.buckets[meta].Delete([]byte("created")), t.save(), t.putFormat())
}

// commit makes the changes of one commit, or none of them and reports why. An error
// in failed is bbolt's: the transaction must be given up.
func (t *tables) commit(id keystore.CommitID, changes []keystore.Change) (refused, failed error) {
	if t.committed(id) {
		return nil, nil
	}
	old := make([]keystore.Record, len(changes))
	for i := range changes {
		c := &changes[i]
		ref, _ := c.Target()
		counter, err := load(t.buckets[records], ref, &old[i])
		if err == nil {
			err = c.Check(old[i].Rev, counter, keystore.CounterValue(old[i]))
		}
		if err == nil && (len(recordKey(nil, ref)) > maxKey || c.Put != nil && len(c.Put.Record.Data) > maxData) {
			err = fmt.Errorf("%w: change %d has more bytes than bbolt can hold", keystore.ErrInvalid, i)
		}
		if err != nil {
			return err, nil
		}
	}
	for i := range changes {
		if err := t.apply(&changes[i], &old[i], id); err != nil {
			return nil, err
		}
	}
	t.recent = append(t.recent, id[:]...)
	return nil, nil
}

// apply makes a change to a record that may be made.
func (t *tables) apply(c *keystore.Change, old *keystore.Record, id keystore.CommitID) error {
	if c.Require != nil {
		return nil
	}
	var was, is [entries][]byte
	var value []byte
	if old.Exists() {
		was = entryKeys(old)
	}
	if c.Remove == nil {
		ref, _ := c.Target()
		r := keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID}
		if c.Put != nil {
			r = c.Put.Record
		} else {
			r.Data = binary.BigEndian.AppendUint64(nil, uint64(keystore.CounterValue(*old)+c.Add.Delta))
		}
		r.Rev = id
		is = entryKeys(&r)
		value = encodeRecord(is[records], &r, c.Add != nil)
	}
	for i := range entries {
		stays := bytes.Equal(was[i], is[i])
		if was[i] != nil && !stays {
			t.count--
			if err := t.buckets[i].Delete(was[i]); err != nil {
				return err
			}
		}
		if is[i] != nil && !stays {
			t.count++
		}
		if is[i] != nil && (!stays || i == records) {
			if err := t.buckets[i].Put(is[i], value); err != nil {
				return err
			}
		}
		value = nil // the others have none
	}
	return nil
}
