package model

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// expectRegions expects the operations of replication.
func (q *request) expectRegions(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *engine.AddKeyReplicationRegionsInput:
		return q.addRegions(in), true
	case *engine.RemoveKeyReplicationRegionsInput:
		return q.removeRegions(in), true
	case *engine.EnableDefaultKeyReplicationRegionsInput:
		return q.regions(q.who.Region, in.ReplicationRegions), true
	case *engine.DisableDefaultKeyReplicationRegionsInput:
		return q.regions(q.who.Region, in.ReplicationRegions), true
	case *engine.GetDefaultKeyReplicationRegionsInput:
		return Refusal{}, true
	}
	return Refusal{}, false
}

// OtherRegions returns Regions that a request may name besides those of the world: one to which no
// replication succeeds, and one that does not have the service.
func OtherRegions() []string { return []string{failingRegion, withoutService} }

const (
	failingRegion  = "eu-west-3"
	withoutService = "xx-nowhere-1"
)

// regions is the refusal of a list of Regions: one without the service, their own, one listed twice.
func (q *request) regions(home string, list []string) Refusal {
	for i, region := range list {
		if region == withoutService || region == home || slices.Contains(list[:i], region) {
			return invalid(apc.RuleRegion)
		}
	}
	return Refusal{}
}

// mayTagAndReplicate is the refusal by the caller's policies of tags on a new key and of its replicas.
func (q *request) mayTagAndReplicate(tags []apc.Tag, regions []string) Refusal {
	return first(q.mayTag(tags), q.mayMake("CreateKey", q.who.Account, regions...))
}

// replicatedTo are the Regions of a new key's replicas: those asked for, even none, or the account's default list, which
// holds for exportable keys.
func (q *request) replicatedTo(asked []string, exportable bool) []string {
	switch {
	case asked != nil:
		return asked
	case exportable:
		return q.p.defaults
	}
	return nil
}

// replicaQuota is the refusal of one key more in Regions, but where it will not be made.
func (w *World) replicaQuota(account string, regions []string) Refusal {
	return w.quota(account, slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return r == failingRegion })...)
}

func replicable(k *Key) apc.Rule {
	return firstRule(unless(k.primary == nil, apc.RuleReplica), unless(k.Exportable, apc.RuleExportable))
}

func (q *request) addRegions(in *engine.AddKeyReplicationRegionsInput) Refusal {
	k, r := q.key(in.KeyIdentifier)
	if r.refused() {
		return r
	}
	if r := first(
		q.mayMake("CreateKey", k.account(), in.ReplicationRegions...),
		invalid(unless(k.State == apc.KeyStateCreateComplete, apc.RuleKeyState)),
		invalid(replicable(k)),
		q.regions(k.region(), in.ReplicationRegions),
	); r.refused() {
		return r
	}
	for _, region := range in.ReplicationRegions {
		if old := k.replicas[region]; old != nil && old.status != apc.KeyReplicationStateFailed {
			return invalid(apc.RuleRegion)
		}
	}
	return q.w.replicaQuota(k.account(), in.ReplicationRegions)
}

func (q *request) removeRegions(in *engine.RemoveKeyReplicationRegionsInput) Refusal {
	k, r := q.key(in.KeyIdentifier)
	if r.refused() {
		return r
	}
	if r := first(invalid(replicable(k)), q.regions(k.region(), in.ReplicationRegions)); r.refused() {
		return r
	}
	for _, region := range in.ReplicationRegions {
		if old := k.replicas[region]; old == nil || old.status == apc.KeyReplicationStateDeleteInProgress {
			return invalid(apc.RuleRegion)
		}
	}
	return Refusal{}
}

// finish ends a replication that is in progress.
func (r *replication) finish() {
	r.status = apc.KeyReplicationStateSynchronized
	if r.fails != "" {
		r.status = apc.KeyReplicationStateFailed
	}
}

// replicate lists Regions in a primary and makes the replicas.
func (q *request) replicate(k *Key, regions []string) {
	wait := q.w.limits.ReplicationTime
	for _, region := range regions {
		r := &replication{status: apc.KeyReplicationStateInProgress, due: q.now.Add(wait), fails: q.w.ReplicationFails("", region)}
		if wait == 0 {
			r.finish()
		}
		if k.replicas == nil {
			k.replicas = map[string]*replication{}
		}
		k.replicas[region] = r
		if r.fails != "" {
			continue
		}
		arn := "arn:aws:payment-cryptography:" + region + ":" + k.account() + ":key/" + k.id()
		q.w.places[Place{k.account(), region}].keys[arn] = &Key{
			life: k.life, ARN: arn, Attributes: k.Attributes, CheckValue: k.CheckValue, checkAlgorithm: k.checkAlgorithm,
			Exportable: k.Exportable, created: q.now.Add(wait), tags: map[string]string{}, Agrees: k.Agrees, root: k.root, primary: k,
		}
	}
}

// forget removes the replica of a primary.
func (p *place) forget(primary *Key) {
	for arn, k := range p.keys {
		if k.primary == primary {
			p.detach(k)
			delete(p.keys, arn)
		}
	}
}

// unreplicate removes replicas of a primary.
func (q *request) unreplicate(k *Key, regions []string) {
	for _, region := range regions {
		if p := q.w.places[Place{k.account(), region}]; p != nil { // else the replication has failed
			p.forget(k)
		}
		if wait := q.w.limits.ReplicationTime; wait > 0 {
			k.replicas[region] = &replication{status: apc.KeyReplicationStateDeleteInProgress, due: q.now.Add(wait)}
		} else {
			delete(k.replicas, region)
		}
	}
}

// didRegions takes over the effect of an operation of replication.
func (q *request) didRegions(in, out any) error {
	switch in := in.(type) {
	case *engine.AddKeyReplicationRegionsInput:
		k, _ := q.key(in.KeyIdentifier)
		q.replicate(k, in.ReplicationRegions)
		k.defaults = new(false)
		return k.compare(&out.(*engine.AddKeyReplicationRegionsOutput).Key, in.ReplicationRegions, apc.KeyReplicationStateInProgress)
	case *engine.RemoveKeyReplicationRegionsInput:
		k, _ := q.key(in.KeyIdentifier)
		q.unreplicate(k, in.ReplicationRegions)
		k.defaults = new(false)
		return k.compare(&out.(*engine.RemoveKeyReplicationRegionsOutput).Key, in.ReplicationRegions,
			apc.KeyReplicationStateDeleteInProgress)
	case *engine.EnableDefaultKeyReplicationRegionsInput:
		for _, region := range in.ReplicationRegions {
			if !slices.Contains(q.p.defaults, region) {
				q.p.defaults = append(q.p.defaults, region)
			}
		}
		return same("the default list", out.(*engine.EnableDefaultKeyReplicationRegionsOutput).EnabledReplicationRegions, q.p.defaults)
	case *engine.DisableDefaultKeyReplicationRegionsInput:
		q.p.defaults = slices.DeleteFunc(q.p.defaults, func(r string) bool { return slices.Contains(in.ReplicationRegions, r) })
		return same("the default list", out.(*engine.DisableDefaultKeyReplicationRegionsOutput).EnabledReplicationRegions, q.p.defaults)
	case *engine.GetDefaultKeyReplicationRegionsInput:
		return same("the default list", out.(*engine.GetDefaultKeyReplicationRegionsOutput).EnabledReplicationRegions, q.p.defaults)
	}
	return nil
}
