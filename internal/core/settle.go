package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// SettleBatch is how many records one operation settles at most.
const SettleBatch = 100

// maxDue is how many due records are read at most. A record that cannot be settled stays due, and the
// store returns the oldest first: up to so many of them in one account and Region do not delay the others.
const maxDue = 1000

// SettleAll settles until nothing is due. A record that cannot be read stays as it is and is
// reported ([apc.EventRecordSkipped]).
func (cloud *Cloud) SettleAll(ctx context.Context) error {
	now := cloud.moment()
	if err := checkClock(now); err != nil {
		return err
	}
	for {
		settled, more, err := cloud.SettleDue(ctx, keystore.Partition{}, now)
		if err != nil {
			refusal := asRefusal(err)
			refusal.Op = "Settle"
			return refusal
		}
		if !more || settled == 0 {
			return nil
		}
	}
}

// Settle is the first step of every operation that changes, counts or lists.
func (c *Call) Settle(ctx context.Context) error {
	_, _, err := c.Cloud.SettleDue(ctx, c.Home(), c.Now)
	return err
}

// SettleDue settles the oldest records that are due, at most [SettleBatch]. It returns how many it settled
// and whether more may be due. A record that cannot be settled is skipped. So many records are read first
// as may be settled, and only if some of them were skipped, more.
func (cloud *Cloud) SettleDue(ctx context.Context, p keystore.Partition, now time.Time) (settled int, more bool, err error) {
	for _, limit := range []int{SettleBatch, maxDue} {
		due, err := cloud.Store.Due(ctx, p, now, limit)
		if err != nil {
			return settled, false, StoreError(err)
		}
		before := settled
		for i := range due {
			if settled == SettleBatch {
				return settled, true, nil
			}
			ok, err := cloud.settleRecord(ctx, &due[i], now)
			if err != nil {
				return settled, false, err
			}
			if ok {
				settled++
			}
		}
		if len(due) < limit {
			return settled, false, nil
		}
		if settled-before == limit { // none was skipped
			break
		}
	}
	return settled, true, nil
}

// settleRecord settles one record, and reports whether it did: one that cannot be read, or is of a record
// kind that this build does not have, is skipped, and the observer gets that once.
func (cloud *Cloud) settleRecord(ctx context.Context, rec *keystore.Record, now time.Time) (settled bool, err error) {
	switch rec.Kind {
	case KindKey:
		err = cloud.settleKey(ctx, *rec, now)
	case kindTeam:
		err = cloud.settleTeam(ctx, rec, now)
	case KindToken:
		err = cloud.settleToken(ctx, *rec, now)
	default:
		err = &skipError{errRecordKind}
	}
	skip, skipped := errors.AsType[*skipError](err)
	if !skipped {
		return err == nil, err
	}
	if cloud.skipped.put(rec.Ref(), rec.Rev) != rec.Rev { // settling finds it again at every operation
		cloud.ReportSkipped(rec, now, skip.cause)
	}
	return false, nil
}

// skipError is a failure to settle that concerns only one record.
type skipError struct{ cause error }

func (e *skipError) Error() string { return e.cause.Error() }

// settleKey settles a key in one commit: of a deleted key the material is erased, the aliases are detached
// and the counter is lowered. Where another caller has settled the key meanwhile, nothing is done.
func (cloud *Cloud) settleKey(ctx context.Context, rec keystore.Record, now time.Time) error {
	old, err := decodeKey(&rec)
	if err != nil {
		return &skipError{err}
	}
	k := old
	k.settle(now)
	changes := []keystore.Change{keystore.Replace(k.Record(k.Due(&cloud.Limits)))}
	uncounted := false // the key no longer counts towards the quota
	switch {
	case old.State == apc.KeyStateDeleteComplete && k.NoLongerShown(now, &cloud.Limits):
		changes[0] = keystore.Erase(rec)
	case old.State != k.State && k.State == apc.KeyStateDeleteComplete:
		uncounted = true // GUESS G-pending-counts: not before
		aliases, err := cloud.detach(ctx, k)
		if err != nil {
			return StoreError(err)
		}
		changes = append(changes, aliases...)
	case old.State != k.State && k.State == apc.KeyStateCreateFailed:
		uncounted = true // GUESS G-failed-not-counted
	}
	var count *keystore.Add
	if uncounted {
		count = &keystore.Add{Ref: Counter(k.Partition(), countKeys), Delta: -1}
	}
	done, err := cloud.commitSettled(ctx, changes, count)
	if err != nil {
		return err
	}
	if done {
		cloud.reportSettled(&old, &k, now)
	}
	if old.sealed != nil && k.sealed == nil {
		cloud.HSM.Forget(old.sealed)
		cloud.used.forget(k.ARN.Key)
	}
	return nil
}

// reportSettled sends the observer the events about what settling changed: a deletion, an approval,
// replications that ended.
func (cloud *Cloud) reportSettled(old, k *Key, now time.Time) {
	if cloud.observe == nil {
		return
	}
	if old.State != k.State && k.State == apc.KeyStateDeleteComplete {
		ev := serviceEvent(k.Partition(), apc.EventDeleteKey, now)
		ev.Resources = []string{k.ARN.String()}
		cloud.observe(ev)
	}
	if old.Approval.Status != k.Approval.Status {
		cloud.reportApproval(k, now)
	}
	if !k.isReplica() {
		var ended []string
		for i := range old.Replicas {
			if r := &old.Replicas[i]; r.Status == apc.KeyReplicationStateInProgress {
				ended = append(ended, r.Region)
			}
		}
		cloud.Replicated(k, ended, now)
	}
}

// serviceEvent is an event about a change that no call made.
func serviceEvent(p keystore.Partition, name string, now time.Time) apc.Event {
	return apc.Event{EventType: apc.ServiceEvent, EventTime: now, EventSource: eventSource, EventName: name, AWSRegion: p.Region,
		AccountID: p.Account, RecipientAccountID: p.Account, UserIdentity: eventSource}
}

// commitSettled commits what settling one record changes and, if count is not nil, lowers a counter. A
// counter that is zero already is wrong; then the changes are committed without it, so that the material
// of a key or token is erased in any case. It reports whether the commit was made: another caller may have
// made the change before.
func (cloud *Cloud) commitSettled(ctx context.Context, changes []keystore.Change, count *keystore.Add) (done bool, err error) {
	if count != nil {
		err = cloud.Commit(ctx, append(slices.Clip(changes), keystore.Change{Add: count})...)
	}
	if count == nil || errors.Is(err, keystore.ErrCeiling) {
		err = cloud.Commit(ctx, changes...)
	}
	switch {
	case err == nil:
		return true, nil
	case raced(err):
		return false, nil
	case errors.Is(err, keystore.ErrInvalid):
		return false, &skipError{err}
	}
	return false, StoreError(err)
}

// detach returns the changes after which a key's aliases point to no key (GUESS G-deleted-aliases).
func (cloud *Cloud) detach(ctx context.Context, k Key) ([]keystore.Change, error) {
	var out []keystore.Change
	filter := keystore.Filter{Index: &k.ARN.Key}
	for after := ""; ; {
		page, err := cloud.Store.Page(ctx, k.Partition(), KindAlias, filter, after, SettleBatch)
		if err != nil {
			return nil, err
		}
		for _, rec := range page {
			rec.Index = ""
			out = append(out, keystore.Replace(rec))
		}
		if len(page) < SettleBatch {
			return slices.Clip(out), nil
		}
		after = page[len(page)-1].ID
	}
}
