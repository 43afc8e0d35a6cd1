package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// newKey is a key as it begins: complete, enabled unless told otherwise. It is
// written into out.
func (c *call) newKey(out *key, id string, spec attributes, origin apc.KeyOrigin, enabled *bool, tags []apc.Tag) {
	*out = key{}
	out.arn.Partition, out.arn.key = c.home(), id
	out.attributes, out.origin, out.tags = spec, origin, tags
	out.state, out.created = apc.KeyStateCreateComplete, c.now
	out.enabled = enabled == nil || *enabled
	if out.enabled {
		out.usageStart = c.now
	} else {
		out.usageStop = c.now
	}
}

// setMaterial gives a new key what the HSM made.
func (k *key) setMaterial(m *hsm.Made) {
	k.sealed, k.public, k.checkValue = m.Sealed, m.Public, shownCheckValue(m.CheckValue)
}

// shownCheckValue is a check value as the service shows it: 3 bytes, or 4 of a
// public key.
func shownCheckValue(v kcv.Value) string {
	if v.Method() == kcv.SHA1 {
		return v.Short(4)
	}
	return v.Short(3)
}

// commitNewKey stores a new key with the counter raised, in one commit with the records that must
// be unchanged. Until it succeeds the key does not exist. A full quota is believed once nothing
// more is due to be deleted.
func (c *call) commitNewKey(ctx context.Context, k *key, requires []keystore.Change) error {
	b := births.Get().(*birth)
	defer b.free()
	err := c.commitCounted(ctx, "keys", c.cloud.limits.Keys, b.of(c, k, requires)...)
	if err == nil {
		c.uses(k)
	}
	return err
}

// attempts is the loop that makes and stores a new key: where another caller was faster, all of
// an attempt is made again.
//
//	a := c.attempts()
//	for a.next() {
//		a.err = ... // make the key with a.id and commit it
//	}
type attempts struct {
	c   *call
	n   int
	id  string // of the key; another one once it turns out to exist
	err error  // of the last attempt
}

func (c *call) attempts() attempts { return attempts{c: c, id: c.cloud.ids.id()} }

// next reports whether there is an attempt to make.
func (a *attempts) next() bool {
	switch {
	case a.n == 0:
	case a.n == maxAttempts || !raced(a.err):
		return false
	case errors.Is(a.err, keystore.ErrExists):
		a.id = a.c.cloud.commits.id() // not seeded: an earlier run on the store had the whole stream
	}
	a.n++
	return true
}

// birth is the commit of a new key. It is used again and again: a store does
// not keep the changes of a commit.
type birth struct {
	put     keystore.Put
	add     keystore.Add
	changes []keystore.Change
}

var births = sync.Pool{New: func() any { return new(birth) }}

func (b *birth) free() {
	clear(b.changes)
	*b = birth{changes: b.changes[:0]}
	births.Put(b)
}

func (b *birth) of(c *call, k *key, requires []keystore.Change) []keystore.Change {
	b.put.Record = k.record(k.due(&c.cloud.limits))
	b.add = keystore.Add{Ref: counter(c.home(), countKeys), Delta: 1, Ceiling: int64(c.cloud.limits.Keys)}
	b.changes = append(append(b.changes[:0], requires...), keystore.Change{Put: &b.put}, keystore.Change{Add: &b.add})
	return b.changes
}

// commitCounted is a commit that raises a counter.
func (c *call) commitCounted(ctx context.Context, what string, ceiling int, changes ...keystore.Change) error {
	for {
		err := c.cloud.commit(ctx, changes...)
		if !errors.Is(err, keystore.ErrCeiling) {
			return err
		}
		n, _, err := c.cloud.settleDue(ctx, c.home(), c.now)
		if err != nil {
			return err
		}
		if n == 0 {
			return quotaError(what, ceiling)
		}
	}
}

func quotaError(what string, ceiling int) *apc.Error {
	return &apc.Error{
		Code:    apc.ErrServiceQuotaExceeded,
		Message: fmt.Sprintf("The maximum number of %s has been reached.", what),
		Reasons: []apc.Reason{because(apc.RuleQuota, "", problemQuota, fmt.Sprintf("%d %s", ceiling, what), fmt.Sprintf("at most %d", ceiling))},
	}
}
