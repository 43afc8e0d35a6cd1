package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

// What bbolt can hold, with room for what the store adds. A zero byte takes
// two in a key.
const (
	maxNames = bolt.MaxKeySize/2 - 64
	maxData  = bolt.MaxValueSize / 2
)

// wellFormed refuses commits that no store could make, and what bbolt cannot
// hold, so that nothing but the disk can fail once a commit is judged.
func wellFormed(id keystore.CommitID, changes []keystore.Change) error {
	if err := keystore.WellFormed(id, changes); err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		ref, _ := c.Target()
		if n := len(ref.Partition.Account) + len(ref.Partition.Region) + len(ref.Kind) + 2*keystore.MaxID; n > maxNames {
			return fmt.Errorf("%w: change %d has names of %d bytes", keystore.ErrInvalid, i, n)
		}
		if c.Put != nil && len(c.Put.Record.Data) > maxData {
			return fmt.Errorf("%w: change %d has %d bytes of data, more than %d", keystore.ErrInvalid, i, len(c.Put.Record.Data), maxData)
		}
	}
	return nil
}

// tables are the buckets of a transaction that commits write.
type tables struct {
	records, index, due, dueIn, recent, commits *bolt.Bucket
}

func tablesOf(tx *bolt.Tx) *tables {
	return &tables{tx.Bucket(bucketRecords), tx.Bucket(bucketIndex), tx.Bucket(bucketDue), tx.Bucket(bucketDueIn), tx.Bucket(bucketRecent), tx.Bucket(bucketCommits)}
}

// place is where a change is made: the record's key and what is there. The
// old value's slices are copies.
type place struct {
	key   []byte
	there bool
	old   stored
}

// judge says whether a change can be made to what is there. It changes
// nothing.
func (s *Store) judge(t *tables, c *keystore.Change) (at place, err error) {
	ref, _ := c.Target()
	if at, err = s.find(t, *ref); err != nil {
		return at, err
	}
	return at, c.Judge(at.old.rev, at.old.counter, at.value())
}

func (s *Store) find(t *tables, ref keystore.Ref) (at place, err error) {
	at.key, at.old.due = recordKey(nil, ref.Partition, ref.Kind, ref.ID), never
	value := t.records.Get(at.key)
	if value == nil {
		return at, nil
	}
	if err := at.old.unseal(at.key, value); err != nil {
		return at, s.damagedRecord(ref, err)
	}
	// bbolt moves its bytes when the transaction writes.
	at.there, at.old.index, at.old.data = true, bytes.Clone(at.old.index), nil
	if at.old.counter {
		at.old.data = bytes.Clone(value[len(value)-sumSize-8 : len(value)-sumSize])
	}
	return at, nil
}

// value is that of a counter; one that does not exist is at zero.
func (at *place) value() int64 { return keystore.CounterValue(keystore.Record{Data: at.old.data}) }

// apply makes a change that was judged. An error is bbolt's, and the whole
// transaction is given up.
func (t *tables) apply(c *keystore.Change, at *place, id keystore.CommitID) error {
	switch {
	case c.Put != nil:
		r := &c.Put.Record
		return t.put(r, at, &stored{rev: id, due: dueOf(r), index: []byte(r.Index), data: r.Data})
	case c.Add != nil:
		r := keystore.Record{Partition: c.Add.Ref.Partition, Kind: c.Add.Ref.Kind, ID: c.Add.Ref.ID}
		data := binary.BigEndian.AppendUint64(nil, uint64(at.value()+c.Add.Delta))
		return t.put(&r, at, &stored{rev: id, due: never, counter: true, data: data})
	case c.Remove != nil:
		return t.remove(c.Remove.Ref, at)
	}
	return nil
}

// put writes a record, and its indexes where they change.
func (t *tables) put(r *keystore.Record, at *place, v *stored) error {
	if err := t.records.Put(at.key, v.seal(at.key)); err != nil {
		return err
	}
	if !at.there || !bytes.Equal(at.old.index, v.index) {
		if at.there {
			if err := t.index.Delete(indexKey(at.was(r.Ref()))); err != nil {
				return err
			}
		}
		if err := t.index.Put(indexKey(r), nil); err != nil {
			return err
		}
	}
	if at.old.due == v.due {
		return nil
	}
	if err := t.undue(r.Ref(), at); err != nil || v.due == never {
		return err
	}
	if err := t.due.Put(dueKey(r), nil); err != nil {
		return err
	}
	return t.dueIn.Put(dueInKey(r), nil)
}

// was is the record that is there, as far as its indexes know it.
func (at *place) was(ref keystore.Ref) *keystore.Record {
	r := &keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID}
	at.old.fill(r)
	return r
}

// undue takes a record out of the due lists.
func (t *tables) undue(ref keystore.Ref, at *place) error {
	if at.old.due == never {
		return nil
	}
	was := at.was(ref)
	if err := t.due.Delete(dueKey(was)); err != nil {
		return err
	}
	return t.dueIn.Delete(dueInKey(was))
}

func (t *tables) remove(ref keystore.Ref, at *place) error {
	if err := t.records.Delete(at.key); err != nil {
		return err
	}
	if err := t.index.Delete(indexKey(at.was(ref))); err != nil {
		return err
	}
	return t.undue(ref, at)
}
