package core

import (
	"encoding/binary"
	"strings"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// usedKeys are a few keys as they were decoded: most programs use few keys, many times. The place of a key is the beginning of
// the revision of its record, modulo 64; a key is kept there when two reads in a row in that place had the same revision. A
// revision has one content, so that damage to a record of a key that is kept is not noticed. Keys with lists are not kept:
// who changes an element would change it for all.
type usedKeys [64]struct {
	key  atomic.Pointer[Key]
	last atomic.Uint64 // the beginning of the revision that was read last
}

// decode is [Key.Decode] into a zero key. Its bytes may be shared with other readers.
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
	if into.Tags == nil && into.Blocks == nil && into.Replicas == nil && begin != 0 && at.last.Swap(begin) == begin { // 0: no revision
		kept := *into
		kept.ARN = into.ARN.detached()
		at.key.Store(&kept)
	}
	return nil
}

// forget drops what is kept of a key whose material is erased, of whatever revision. A read that has begun may keep it again.
func (u *usedKeys) forget(id string) {
	for i := range u {
		if k := u[i].key.Load(); k != nil && k.ARN.Key == id {
			u[i].last.Store(0)
			u[i].key.CompareAndSwap(k, nil)
		}
	}
}

// detached is the ARN without its text, in memory of its own: what it was parsed from may be a request, with all that is in it.
func (a ARN) detached() ARN {
	p := keystore.Partition{Account: strings.Clone(a.Account), Region: strings.Clone(a.Region)}
	return ARN{Partition: p, Key: strings.Clone(a.Key), Alias: strings.Clone(a.Alias)}
}
