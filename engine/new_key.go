package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// newKey is a key as it begins: complete, enabled unless told otherwise. It is
// written into out.
func (k *call) newKey(out *key, id string, spec attributes, origin KeyOrigin, enabled *bool, tags []Tag) {
	*out = key{}
	out.arn.Partition, out.arn.key = k.home(), id
	out.attributes, out.origin, out.tags = spec, origin, tags
	out.state, out.created = CreateComplete, k.now
	out.enabled = enabled == nil || *enabled
	if out.enabled {
		out.usageStart = k.now
	} else {
		out.usageStop = k.now
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

// storeNewKey draws an id, has the key made in out, and stores it with the
// counter raised, in one commit together with what else the key depends on.
// Until the commit succeeds the key does not exist. An id that exists is drawn
// again; where something else changed, make is called with the same id, and
// need not repeat what it has done for it. A full quota is believed once
// nothing more is due to be deleted.
func (k *call) storeNewKey(ctx context.Context, out *key, make func(id string) ([]keystore.Change, error)) error {
	if err := k.settle(ctx); err != nil {
		return err
	}
	b := births.Get().(*birth)
	defer b.free()
	id := k.engine.ids.id()
	err := retry(func() error {
		also, err := make(id)
		if err != nil {
			return err
		}
		err = k.commitCounted(ctx, "keys", k.engine.limits.Keys, b.of(k, out, also)...)
		if errors.Is(err, keystore.ErrExists) {
			id = k.engine.commits.id() // not seeded: an earlier run on the store had the whole stream
		}
		return err
	})
	if err == nil {
		k.met(out)
	}
	return err
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

func (b *birth) of(k *call, out *key, also []keystore.Change) []keystore.Change {
	b.put.Record = out.record(out.due(&k.engine.limits))
	b.add = keystore.Add{Ref: counter(k.home(), countKeys), Delta: 1, Ceiling: int64(k.engine.limits.Keys)}
	b.changes = append(append(b.changes[:0], also...), keystore.Change{Put: &b.put}, keystore.Change{Add: &b.add})
	return b.changes
}

// commitCounted is a commit that raises a counter.
func (k *call) commitCounted(ctx context.Context, what string, ceiling int, changes ...keystore.Change) error {
	for {
		err := k.engine.commit(ctx, changes...)
		if !errors.Is(err, keystore.ErrCeiling) {
			return err
		}
		n, _, err := k.engine.settleDue(ctx, k.home(), k.now)
		if err != nil {
			return err
		}
		if n == 0 {
			return quotaError(what, ceiling)
		}
	}
}

func quotaError(what string, ceiling int) *Error {
	return &Error{
		Code:    ErrServiceQuotaExceeded,
		Message: fmt.Sprintf("The maximum number of %s has been reached.", what),
		Reasons: []Reason{because(RuleQuota, "", problemQuota, fmt.Sprintf("%d %s", ceiling, what), fmt.Sprintf("at most %d", ceiling))},
	}
}
