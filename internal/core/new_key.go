package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// NewKey makes *out, which is zero, a new key of the caller: CREATE_COMPLETE, and enabled unless enabled is false.
func (c *Call) NewKey(out *Key, id string, spec Attributes, origin apc.KeyOrigin, enabled *bool, tags []apc.Tag) {
	out.ARN.Partition, out.ARN.Key = c.Home(), id
	out.Attributes, out.Origin, out.Tags = spec, origin, tags
	out.State, out.Created = apc.KeyStateCreateComplete, c.Now
	if wait := c.Cloud.Limits.CreationTime; wait > 0 {
		out.State, out.Ready = apc.KeyStateCreateInProgress, c.Now.Add(wait)
	}
	out.Enabled = enabled == nil || *enabled
	if out.Enabled {
		out.UsageStart = c.Now
	} else {
		out.UsageStop = c.Now // GUESS G-created-stopped
	}
}

// SetMaterial sets the sealed key, the public key and the check value that the HSM made.
func (k *Key) SetMaterial(m *hsm.Made) {
	k.sealed, k.Public, k.CheckValue = m.Sealed, m.Public, ShownCheckValue(m.CheckValue)
	k.bound, _ = m.Attributes.AppendBinary(make([]byte, 0, 32)) // it does not fail
}

// ShownCheckValue is a check value as the service shows it: 3 bytes, or 4 of a
// public key.
func ShownCheckValue(v kcv.Value) string {
	if v.Method() == kcv.SHA1 {
		return v.Short(4)
	}
	return v.Short(3)
}

// CommitNewKey stores a new key and its replicas with the counters raised, in one commit with the
// records that must be unchanged. Until it succeeds none of them exists. Before a quota is reported as
// used up, what is due is settled.
func (c *Call) CommitNewKey(ctx context.Context, k *Key, plan *ReplicaPlan, requires []keystore.Change) error {
	if err := c.CheckTagCount(len(k.Tags)); err != nil {
		return err
	}
	b := &c.use().fresh
	changes := append(b.changes[:0], requires...)
	if plan.list != nil {
		changes = append(changes, keystore.Change{Require: plan.list})
	}
	c.Replicate(k, plan.Regions)
	changes = c.appendNewKey(changes, &b.stored, k)
	changes = c.AppendReplicas(changes, k, plan.Regions)
	err := c.CommitRegions(ctx, k.Partition(), plan.Regions, changes...)
	if err != nil {
		return plan.conflict(ctx, c, err)
	}
	c.uses(k)
	c.Cloud.Replicated(k, plan.Regions, c.Now)
	return nil
}

// Attempts is a loop that makes a new key and commits it. If the commit fails because another
// caller changed a record meanwhile, or has a key with the same id, the whole attempt is made
// again, at most maxAttempts times. Err is the result of the last one.
//
//	a := c.Attempts()
//	for a.Next() {
//		a.Err = ... // make the key with a.ID and commit it
//	}
type Attempts struct {
	C   *Call
	n   int
	ID  string // of the key, drawn by Next where it is ""; another one where it is taken
	Err error  // of the last attempt
}

// Attempts begins with an id for the new key.
func (c *Call) Attempts() Attempts { return Attempts{C: c} }

// Next reports whether there is an attempt to make, and sets the id for it.
func (a *Attempts) Next() bool {
	switch taken := errors.Is(a.Err, keystore.ErrExists); {
	case a.n > 0 && !raced(a.Err):
		return false
	case a.n == maxAttempts && taken && a.C.Cloud.keyIDs != nil:
		a.Err = idError(problemIDTaken, a.ID, "an id that no key has")
		return false
	case a.n == maxAttempts:
		return false
	case a.ID == "" || taken:
		if a.ID, a.Err = a.C.Cloud.keyID(taken); a.Err != nil {
			return false
		}
	}
	a.n++
	return true
}

// keyID returns an id for a new key: that of Options.IDs, or one that is drawn. In place of one that is
// taken it is not seeded: an earlier run on the store had the whole stream.
func (cloud *Cloud) keyID(again bool) (string, error) {
	switch {
	case cloud.keyIDs != nil:
		id := cloud.keyIDs()
		if !KeyIDText.Fits(id) {
			return "", idError(problemID, wording.Foreign(id), "16 to 64 letters and digits")
		}
		return id, nil
	case again:
		return cloud.commits.ID(), nil
	}
	return cloud.ids.ID(), nil
}

// KeyIDText is what the id of a key is, the end of its ARN.
var KeyIDText = shape.Text{Min: 16, Max: 64, Pattern: `[0-9a-zA-Z]+`}

// idError is a failure of Options.IDs.
func idError(problem, found, wanted string) *apc.Error {
	return &apc.Error{
		Code:    apc.ErrInternalServer,
		Message: "Internal server error.",
		Reasons: []apc.Reason{Because(apc.RuleInternal, "", problem, found, wanted)},
	}
}

// freshKey is the commit of a new key. It is reused with the call: a store does not keep the changes of a
// commit. It is not cleared, which would cost more than to keep one record for as long as the pool of calls does.
type freshKey struct {
	stored   stored
	replicas []stored
	changes  [8]keystore.Change
}

// stored is how one new key is stored and counted.
type stored struct {
	put keystore.Put
	add keystore.Add
}

func (c *Call) appendNewKey(changes []keystore.Change, s *stored, k *Key) []keystore.Change {
	s.put.Record = k.Record(k.Due(&c.Cloud.Limits))
	s.add = keystore.Add{Ref: Counter(k.Partition(), countKeys), Delta: 1, Ceiling: int64(c.Cloud.Limits.Keys)}
	return append(changes, keystore.Change{Put: &s.put}, keystore.Change{Add: &s.add})
}

// CommitCounted is a commit that raises a counter. Before it is refused, what is due is settled.
func (c *Call) CommitCounted(ctx context.Context, what string, ceiling int, changes ...keystore.Change) error {
	for {
		err := c.Cloud.Commit(ctx, changes...)
		if !errors.Is(err, keystore.ErrCeiling) {
			return err
		}
		n, _, err := c.Cloud.SettleDue(ctx, c.Home(), c.Now)
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
		Reasons: []apc.Reason{
			Because(apc.RuleQuota, "", problemQuota, fmt.Sprintf("%d %s", ceiling, what), fmt.Sprintf("at most %d", ceiling)),
		},
	}
}
