package core

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// usedKeys are a few keys as they were decoded: most programs use few keys, many times. A key is found by the revision of its
// record, which has one content, and kept when it is read twice in a row in its place: of many keys, each read once, none
// is copied. Keys with lists are not kept: copies would share the lists.
type usedKeys [64]struct {
	key  atomic.Pointer[Key]
	last atomic.Uint64 // the beginning of the revision that was read last
}

// decode is [Key.Decode].
func (u *usedKeys) decode(rec *keystore.Record, into *Key) error {
	begin := binary.BigEndian.Uint64(rec.Rev[:])
	at := &u[begin%uint64(len(u))]
	if k := at.key.Load(); k != nil && k.Rev == rec.Rev && k.ARN.Key == rec.ID && k.ARN.Partition == rec.Partition {
		*into = *k
		return nil
	}
	if err := into.Decode(rec); err != nil {
		return err
	}
	if begin == at.last.Swap(begin) && begin != 0 && into.Tags == nil && into.Blocks == nil && into.Replicas == nil {
		kept := *into
		at.key.Store(&kept)
	}
	return nil
}

// forget drops a key whose material is erased.
func (u *usedKeys) forget(rev keystore.CommitID) {
	at := &u[binary.BigEndian.Uint64(rev[:])%uint64(len(u))].key
	if k := at.Load(); k != nil && k.Rev == rev {
		at.CompareAndSwap(k, nil)
	}
}
