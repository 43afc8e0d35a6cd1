package engine

import (
	"context"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// settleBatch is how many keys and tokens one operation settles at most.
const settleBatch = 100

// Settle writes into the store what time has decided in every account and
// Region: keys whose waiting period is over are deleted, and the pairs of
// tokens that have expired erased. It goes on until nothing is due. Operations read as if it had been called; calling it makes
// the deletions final at once.
func (e *Engine) Settle(ctx context.Context) error {
	now := e.moment()
	for {
		n, err := e.settleDue(ctx, keystore.Partition{}, now)
		if err != nil {
			err.Op = "Settle"
			return err
		}
		if n < settleBatch {
			return nil
		}
	}
}

// settle is the first step of every operation that changes, counts or lists.
func (k *call) settle(ctx context.Context) error {
	if _, err := k.engine.settleDue(ctx, k.home(), k.now); err != nil {
		return err
	}
	return nil
}

// settleDue settles the oldest keys and tokens that are due and tells how many
// there were.
func (e *Engine) settleDue(ctx context.Context, p keystore.Partition, now time.Time) (int, *Error) {
	due, err := e.store.Due(ctx, p, now, settleBatch)
	if err != nil {
		return 0, storeError(err)
	}
	for _, rec := range due {
		settle := e.settleKey
		if rec.Kind == kindToken {
			settle = e.settleToken
		}
		if err := settle(ctx, rec, now); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

// settleKey is one commit: material erased, aliases detached, counter
// lowered. Who loses the race leaves it to the winner.
func (e *Engine) settleKey(ctx context.Context, rec keystore.Record, now time.Time) *Error {
	old, err := decodeKey(&rec)
	if err != nil {
		return internal(err)
	}
	k := old
	k.settle(now)
	var changes []keystore.Change
	switch {
	case k.forgotten(now, &e.limits) && old.state == DeleteComplete:
		changes = []keystore.Change{keystore.Erase(rec)}
	case k.state == DeleteComplete && old.state != DeleteComplete:
		if changes, err = e.detach(ctx, k); err != nil {
			return storeError(err)
		}
		changes = append(changes,
			keystore.Replace(k.record(k.due(&e.limits))),
			keystore.Count(counter(k.partition(), countKeys), -1, int64(e.limits.Keys)))
	default: // due by other limits than the present ones
		changes = []keystore.Change{keystore.Replace(k.record(k.due(&e.limits)))}
	}
	if err := e.commit(ctx, changes...); err != nil && !raced(err) {
		return storeError(err)
	}
	if old.sealed != nil {
		e.hsm.Forget(old.sealed)
	}
	return nil
}

// detach is the changes that leave a key's aliases pointing to nothing.
func (e *Engine) detach(ctx context.Context, k key) ([]keystore.Change, error) {
	var out []keystore.Change
	filter := keystore.Filter{Index: &k.arn.key}
	for after := ""; ; {
		page, err := e.store.Page(ctx, k.partition(), kindAlias, filter, after, settleBatch)
		if err != nil {
			return nil, err
		}
		for _, rec := range page {
			rec.Index = ""
			out = append(out, keystore.Replace(rec))
		}
		if len(page) < settleBatch {
			return slices.Clip(out), nil
		}
		after = page[len(page)-1].ID
	}
}
