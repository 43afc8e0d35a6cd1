package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// A multi-Region key is a primary and its replicas: one record in each Region, with one id, one seal, and the
// state of the primary. Whatever changes the state of the primary writes the replicas in the same commit.
// Aliases and tags belong to each record.

// isReplica reports whether the key only follows a primary.
func (k *Key) isReplica() bool { return k.MultiRegion == apc.MultiRegionKeyTypeReplica }

// Hidden reports of a replica that its replication is still in progress: until then it does not exist for
// any caller.
func (k *Key) Hidden() bool { return k.isReplica() && len(k.Replicas) > 0 }

// settleReplicas makes the replication what it is at a time.
func (k *Key) settleReplicas(now time.Time) {
	due := func(r Replica) bool { return !r.Due.IsZero() && !r.Due.After(now) }
	if !slices.ContainsFunc(k.Replicas, due) {
		return
	}
	all := slices.Clone(k.Replicas) // a copy of the key may be shared with other readers
	for i := range all {
		if due(all[i]) && all[i].Status == apc.KeyReplicationStateInProgress {
			all[i].Status, all[i].Due = all[i].outcome(), time.Time{}
		}
	}
	all = slices.DeleteFunc(all, func(r Replica) bool { return due(r) || k.isReplica() && r.Due.IsZero() })
	k.setReplicas(all)
}

// outcome is the status at the end of a replication.
func (r *Replica) outcome() apc.KeyReplicationState {
	if r.Message != "" {
		return apc.KeyReplicationStateFailed
	}
	return apc.KeyReplicationStateSynchronized
}

// setReplicas sets the list of a key. A primary without any is a single-Region key again (GUESS G-last-replica).
func (k *Key) setReplicas(all []Replica) {
	if len(all) == 0 {
		all = nil
	}
	k.Replicas = all
	switch {
	case k.isReplica():
	case all == nil:
		k.MultiRegion = ""
	default:
		k.MultiRegion = apc.MultiRegionKeyTypePrimary
	}
}

// replicasDue is when the next replication ends; zero: none is in progress.
func (k *Key) replicasDue() (next time.Time) {
	for i := range k.Replicas {
		if at := k.Replicas[i].Due; !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// InRegion is where the status of a Region is in the list, or -1.
func (k *Key) InRegion(region string) int {
	return slices.IndexFunc(k.Replicas, func(r Replica) bool { return r.Region == region })
}

// CheckRegions refuses a list of Regions for the replicas of resources in a Region: one without the
// service, that Region itself, one listed twice (GUESS G-region-refusal: the exceptions).
func (c *Call) CheckRegions(home string, regions []string) error {
	refuse := func(problem, found, wanted string) error {
		return Invalid("The replication Regions are not valid.", Because(apc.RuleRegion, "ReplicationRegions", problem, found, wanted))
	}
	for i, r := range regions {
		switch {
		case !slices.Contains(c.Cloud.regions, r):
			return refuse(problemNoService, wording.Foreign(r), wording.Or(c.Cloud.regions))
		case r == home:
			return refuse(problemOwnRegion, r, "other Regions")
		case slices.Contains(regions[:i], r):
			return refuse(problemRegionTwice, r, "each Region once")
		}
	}
	return nil
}

// PermitRegions: the caller that replicates a key needs the permission to create keys in each of
// the Regions.
func (c *Call) PermitRegions(ctx context.Context, account string, regions []string) error {
	for _, r := range regions {
		if err := c.permitNew(ctx, "CreateKey", keystore.Partition{Account: account, Region: r}); err != nil {
			return err
		}
	}
	return nil
}

// CheckReplicable refuses a key that cannot have replicas.
func CheckReplicable(k *Key) error {
	switch {
	case k.isReplica():
		return replicaError(*k)
	case !k.Exportable:
		return Invalid(
			"Key "+k.ARN.String()+" is not exportable.",
			Because(apc.RuleExportable, "", problemReplicable, "Exportable false", "Exportable true"),
		)
	}
	return nil
}

// Replicate lists Regions in a primary, as the replication leaves them: at once, or in progress.
func (c *Call) Replicate(k *Key, regions []string) {
	if len(regions) == 0 {
		return
	}
	all := append(make([]Replica, 0, len(k.Replicas)+len(regions)), k.Replicas...)
	for _, region := range regions {
		r := Replica{Region: region}
		if c.Cloud.replicationFails != nil {
			r.Message = c.Cloud.replicationFails(k.ARN.String(), region)
		}
		if wait := c.Cloud.Limits.ReplicationTime; wait > 0 {
			r.Status, r.Due = apc.KeyReplicationStateInProgress, c.Now.Add(wait)
		} else {
			r.Status = r.outcome()
		}
		if i := slices.IndexFunc(all, func(old Replica) bool { return old.Region == region }); i >= 0 { // one that failed
			all[i] = r
		} else {
			all = append(all, r)
		}
	}
	k.setReplicas(all)
}

// replicate makes *out the replica of k in another Region. A replica has tags of its own, and only the primary
// has a list of Regions (GUESS G-replica-answer).
func (k *Key) replicate(out *Key, r *Replica, now time.Time) {
	*out = *k
	out.ARN = ARN{Partition: keystore.Partition{Account: k.ARN.Account, Region: r.Region}, Key: k.ARN.Key}
	out.Rev, out.Tags, out.Policy, out.OwnRegions, out.Approval = keystore.CommitID{}, nil, nil, 0, Approval{}
	out.MultiRegion, out.PrimaryRegion, out.Replicas = apc.MultiRegionKeyTypeReplica, k.ARN.Region, nil
	if out.Created = now; !r.Due.IsZero() {
		out.Created = r.Due
		out.Replicas = []Replica{{Region: r.Region, Status: r.Status, Due: r.Due}}
	}
	if k.Attributes.Class == apc.KeyClassAsymmetricKeyPair {
		out.Certificate, out.Certified = "", time.Time{} // each Region's authority issues one
	}
}

// AppendReplicas appends the changes that store the replicas of a primary in Regions, with the counters of
// their partitions raised. A replication that fails makes none.
func (c *Call) AppendReplicas(changes []keystore.Change, k *Key, regions []string) []keystore.Change {
	b := &c.use().fresh
	if cap(b.replicas) < len(regions) {
		b.replicas = make([]stored, len(regions))
	}
	all := b.replicas[:len(regions)]
	var made Key
	for i, region := range regions {
		r := &k.Replicas[k.InRegion(region)]
		if r.Message != "" {
			continue
		}
		k.replicate(&made, r, c.Now)
		changes = c.appendNewKey(changes, &all[i], &made)
	}
	return changes
}

// Removals are the changes that erase the replicas of a primary in Regions, detach their aliases and
// lower the counters.
func (c *Call) Removals(ctx context.Context, k *Key, regions []string) (out []keystore.Change, err error) {
	replicas, err := c.replicas(ctx, k, regions)
	if err != nil {
		return nil, err
	}
	for i := range replicas {
		r := &replicas[i]
		detached, err := c.Cloud.detach(ctx, *r)
		if err != nil {
			return nil, StoreError(err)
		}
		out = append(append(out, detached...), keystore.Change{Remove: &keystore.Remove{Ref: r.ARN.KeyRef(), Expect: r.Rev}},
			keystore.Count(Counter(r.Partition(), countKeys), -1, int64(c.Cloud.Limits.Keys)))
	}
	return out, nil
}

// replicas reads those of a primary in Regions that are there.
func (c *Call) replicas(ctx context.Context, k *Key, regions []string) ([]Key, error) {
	if len(regions) == 0 {
		return nil, nil
	}
	refs := make([]keystore.Ref, len(regions))
	for i, region := range regions {
		refs[i] = keystore.Ref{Partition: keystore.Partition{Account: k.ARN.Account, Region: region}, Kind: KindKey, ID: k.ARN.Key}
	}
	found, err := c.Cloud.Read(ctx, refs...)
	if err != nil {
		return nil, StoreError(err)
	}
	var out []Key
	for i := range found {
		if !found[i].Record.Exists() {
			continue
		}
		var r Key
		if err := c.View(&found[i].Record, &r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// follow are the changes of the replicas that a change of their primary brings with it: its state, or, once
// it waits for its deletion, their end.
func (c *Call) follow(ctx context.Context, old, changed *Key) ([]keystore.Change, error) {
	if changed.MultiRegion != apc.MultiRegionKeyTypePrimary || len(old.Replicas) == 0 {
		return nil, nil
	}
	if changed.State == apc.KeyStateDeletePending {
		out, err := c.Removals(ctx, changed, regionsOf(changed.Replicas))
		changed.setReplicas(nil)
		return out, err
	}
	if old.State == changed.State && old.Enabled == changed.Enabled && old.UsageStart.Equal(changed.UsageStart) &&
		old.UsageStop.Equal(changed.UsageStop) {
		return nil, nil
	}
	replicas, err := c.replicas(ctx, changed, regionsOf(changed.Replicas))
	if err != nil {
		return nil, err
	}
	var out []keystore.Change
	for i := range replicas {
		r := &replicas[i]
		r.State, r.Enabled, r.UsageStart, r.UsageStop = changed.State, changed.Enabled, changed.UsageStart, changed.UsageStop
		out = append(out, keystore.Replace(r.Record(r.Due(&c.Cloud.Limits))))
	}
	return out, nil
}

func regionsOf(replicas []Replica) []string {
	out := make([]string, len(replicas))
	for i := range replicas {
		out[i] = replicas[i].Region
	}
	return out
}

// CommitRegions is a commit that raises the counters of keys in a primary's Region and those of its
// replicas. Before a quota is reported as used up, what is due there is settled.
func (c *Call) CommitRegions(ctx context.Context, home keystore.Partition, regions []string, changes ...keystore.Change) error {
	for {
		err := c.Cloud.Commit(ctx, changes...)
		if !errors.Is(err, keystore.ErrCeiling) {
			return err
		}
		settled, _, err := c.Cloud.SettleDue(ctx, home, c.Now)
		for i := 0; err == nil && i < len(regions); i++ {
			var n int
			n, _, err = c.Cloud.SettleDue(ctx, keystore.Partition{Account: home.Account, Region: regions[i]}, c.Now)
			settled += n
		}
		if err != nil {
			return err
		}
		if settled == 0 {
			return quotaError("keys", c.Cloud.Limits.Keys)
		}
	}
}

// Replicated reports ended replications to the observer: in the primary's Region and in the
// replica's, as CloudTrail has it.
func (cloud *Cloud) Replicated(k *Key, regions []string, now time.Time) {
	if cloud.observe == nil {
		return
	}
	report := func(region, name, kind string) {
		at := ARN{Partition: keystore.Partition{Account: k.ARN.Account, Region: region}, Key: k.ARN.Key}
		ev := serviceEvent(at.Partition, name, now)
		ev.Resources = []string{at.String()}
		if kind != "" {
			ev.ServiceEventDetails = map[string]string{"replicationType": kind}
		}
		cloud.observe(ev)
	}
	for _, region := range regions {
		if i := k.InRegion(region); i < 0 || k.Replicas[i].Status != apc.KeyReplicationStateSynchronized {
			continue
		}
		report(k.ARN.Region, apc.EventSynchronizeMultiRegionKey, "ExportKeyReplica")
		report(k.ARN.Region, apc.EventSynchronizeMultiRegionKey, "ImportKeyReplica")
		report(region, apc.EventSynchronizeMultiRegionKey, "ImportKeyReplica")
		report(region, "CreateKey", "")
	}
}

// Unreplicate takes Regions off the list of a primary, at once or in progress. The replicas are deleted
// either way.
func (c *Call) Unreplicate(k *Key, regions []string) {
	all := slices.Clone(k.Replicas)
	if wait := c.Cloud.Limits.ReplicationTime; wait > 0 {
		for i := range all {
			if slices.Contains(regions, all[i].Region) {
				all[i] = Replica{Region: all[i].Region, Status: apc.KeyReplicationStateDeleteInProgress, Due: c.Now.Add(wait)}
			}
		}
	} else {
		all = slices.DeleteFunc(all, func(r Replica) bool { return slices.Contains(regions, r.Region) })
	}
	k.setReplicas(all)
}
