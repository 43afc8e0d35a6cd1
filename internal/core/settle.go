package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// SettleBatch is how many keys and tokens one operation settles at most.
const SettleBatch = 100

// maxDue is how many due records the store is asked for at most. Records that
// cannot be settled stay due and are the first of every answer: up to so many
// of them in one account and Region do not delay the others.
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

// SettleDue settles the oldest keys and tokens that are due, and returns how many
// there were and whether there may be more. What cannot be settled is skipped.
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

// settleRecord settles one record, and reports whether it could: one that cannot
// be read, or is of a kind that this build does not know, is skipped.
func (cloud *Cloud) settleRecord(ctx context.Context, rec *keystore.Record, now time.Time) (bool, error) {
	var err error
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
	skip, ok := errors.AsType[*skipError](err)
	if ok && cloud.skipped.first(rec) {
		cloud.ReportSkipped(rec, now, skip.cause)
	}
	if ok {
		return false, nil
	}
	return err == nil, err
}

// skipError is a failure to settle that concerns only one record.
type skipError struct{ cause error }

func (e *skipError) Error() string { return e.cause.Error() }

// settleKey is one commit: material erased, aliases detached, counter
// lowered. Where another caller has settled the key, there is nothing to do.
func (cloud *Cloud) settleKey(ctx context.Context, rec keystore.Record, now time.Time) error {
	old, err := decodeKey(&rec)
	if err != nil {
		return &skipError{err}
	}
	k := old
	k.settle(now)
	var changes []keystore.Change
	var count *keystore.Add
	switch {
	case k.Forgotten(now, &cloud.Limits) && old.State == apc.KeyStateDeleteComplete:
		changes = []keystore.Change{keystore.Erase(rec)}
	case k.State == apc.KeyStateDeleteComplete && old.State != apc.KeyStateDeleteComplete:
		if changes, err = cloud.detach(ctx, k); err != nil {
			return StoreError(err)
		}
		changes = append(changes, keystore.Replace(k.Record(k.Due(&cloud.Limits))))
		count = &keystore.Add{Ref: Counter(k.Partition(), countKeys), Delta: -1} // GUESS G-pending-counts: not before
	case k.State == apc.KeyStateCreateFailed && old.State != k.State: // it does not count any more (GUESS G-failed-not-counted)
		changes = []keystore.Change{keystore.Replace(k.Record(k.Due(&cloud.Limits)))}
		count = &keystore.Add{Ref: Counter(k.Partition(), countKeys), Delta: -1}
	default: // due by other limits than the present ones
		changes = []keystore.Change{keystore.Replace(k.Record(k.Due(&cloud.Limits)))}
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
	}
	return nil
}

// reportSettled passes what the service did by itself with a key to the observer.
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

// serviceEvent is an event about something that no caller asked for.
func serviceEvent(p keystore.Partition, name string, now time.Time) apc.Event {
	return apc.Event{EventType: apc.ServiceEvent, EventTime: now, EventSource: eventSource, EventName: name, AWSRegion: p.Region,
		AccountID: p.Account, RecipientAccountID: p.Account, UserIdentity: eventSource}
}

// commitSettled commits what settling one record changes, and lowers the counter
// of its kind where there is one. A counter that is zero already, and so was
// wrong, does not keep the material of a key or a token from being erased. It reports whether the commit
// was made: another caller may have been faster.
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
