package core

import (
	"context"
	"errors"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// maxAttempts is how often an operation is attempted while other callers change what it read; then
// it is a ConflictException.
const maxAttempts = 8

// maxAsks is how often the store is asked for the outcome of one commit.
const maxAsks = 3

const (
	kindCounter = keystore.Kind("counter")
	countKeys   = "keys"
	CountAlias  = "aliases"
)

// Counter is the counter of an account and Region with a name.
func Counter(p keystore.Partition, name string) keystore.Ref {
	return keystore.Ref{Partition: p, Kind: kindCounter, ID: name}
}

// Read reads records. It fails where the store returns another number of answers.
func (cloud *Cloud) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	found := make([]keystore.Found, len(refs))
	err := keystore.ReadInto(ctx, cloud.Store, found, refs)
	return found, err
}

// Commit makes one commit. Where the outcome is unknown it repeats the commit under the same id, which
// has the first result; it does so even when the caller's context has ended.
//
// A record that holds a time outside the years 1970 to 9999 is refused: it could
// not be read again.
func (cloud *Cloud) Commit(ctx context.Context, changes ...keystore.Change) error {
	for i := range changes {
		if put := changes[i].Put; put != nil && put.Record.Data == nil {
			return clockError("another year in the record to be stored")
		}
	}
	var id keystore.CommitID
	cloud.commits.Read(id[:])
	err := cloud.Store.Commit(ctx, id, changes...)
	for range maxAsks - 1 {
		if err == nil || decided(err) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return err
		}
		err = cloud.Store.Commit(context.WithoutCancel(ctx), id, changes...)
	}
	return err
}

// decided reports whether the store refused the commit: nothing was written.
func decided(err error) bool {
	for _, known := range []error{keystore.ErrNotFound, keystore.ErrExists, keystore.ErrConflict,
		keystore.ErrCeiling, keystore.ErrInvalid, keystore.ErrClosed} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// raced reports whether what was read had changed by the time of the commit.
func raced(err error) bool {
	return errors.Is(err, keystore.ErrConflict) || errors.Is(err, keystore.ErrNotFound) || errors.Is(err, keystore.ErrExists)
}

// Retry repeats an attempt (read, check, change, commit) while its commit fails because another caller
// changed what it read. The attempt returns the error of its commit unchanged, and refusals as
// [*apc.Error].
func Retry(attempt func() error) error {
	var err error
	for range maxAttempts {
		if err = attempt(); !raced(err) {
			break
		}
	}
	return Refused(err)
}

// Refused is the refusal of an attempt: its own, or that of a store.
func Refused(err error) error {
	if err == nil {
		return nil
	}
	if refusal, ok := errors.AsType[*apc.Error](err); ok {
		return refusal
	}
	return StoreError(err)
}

// ChangeKey loads a key, applies a transition and commits the result.
func (c *Call) ChangeKey(ctx context.Context, field, identifier string, transition func(Key) (Key, error)) (Key, error) {
	if err := c.Settle(ctx); err != nil {
		return Key{}, err
	}
	var out Key
	err := Retry(func() error {
		c.Resources = c.Resources[:0]
		var old Key
		err := c.Key(ctx, Need{Field: field, Identifier: identifier}, &old)
		if err != nil {
			return err
		}
		if out, err = transition(old); err != nil {
			return err
		}
		followers, err := c.follow(ctx, &old, &out)
		if err != nil {
			return err
		}
		return c.Cloud.Commit(ctx, append(followers, keystore.Replace(out.Record(out.Due(&c.Cloud.Limits))))...)
	})
	return out, err
}

// Due is the time at which the key must be settled: at its deletion, and when it is no longer shown.
func (k *Key) Due(l *apc.Limits) time.Time {
	next := k.replicasDue()
	for _, at := range [...]time.Time{k.Ready, k.Approval.Deadline} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	switch {
	case k.State == apc.KeyStateDeletePending && (next.IsZero() || k.DeletePending.Before(next)):
		return k.DeletePending
	case k.State == apc.KeyStateDeleteComplete && l.DeletedVisible > 0:
		return k.Deleted.Add(l.DeletedVisible)
	}
	return next
}

// NoLongerShown reports whether a deleted key is no longer shown.
func (k *Key) NoLongerShown(now time.Time, l *apc.Limits) bool {
	return k.State == apc.KeyStateDeleteComplete && l.DeletedVisible > 0 && !k.Deleted.Add(l.DeletedVisible).After(now)
}
