package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Expect is how a request must be refused now, or the zero value where it must be accepted. The
// request's members have the forms that the service asks for; certificates, key blocks and tokens
// are taken to be valid; only their issuer is checked. It panics on a request of another operation
// than the package's documentation lists.
func (w *World) Expect(now time.Time, who apc.Identity, in any) Refusal {
	q := w.request(now, who, operationOf(in))
	q.in = in
	if r := q.shape(in); r.refused() {
		return r
	}
	if r := q.admitted(); r.refused() {
		return r
	}
	for _, expect := range []func(*request, any) (Refusal, bool){
		(*request).expectKeys, (*request).expectNames, (*request).expectExchange, (*request).expectRegions,
		(*request).expectPolicies, (*request).expectApproval, (*request).expectData,
	} {
		if r, known := expect(q, in); known {
			return r
		}
	}
	panic(fmt.Sprintf("model: a request of type %T", in))
}

// shape is the refusal of a member that has another form: an alias where only a key ARN is taken. No other wrong form is
// drawn.
func (q *request) shape(in any) Refusal {
	var arn string
	switch in := in.(type) {
	case *engine.TagResourceInput:
		arn = in.ResourceArn
	case *engine.UntagResourceInput:
		arn = in.ResourceArn
	case *engine.PutResourcePolicyInput:
		arn = in.ResourceArn
	case *engine.GetResourcePolicyInput:
		arn = in.ResourceArn
	case *engine.DeleteResourcePolicyInput:
		arn = in.ResourceArn
	default:
		return Refusal{}
	}
	return invalid(unless(len(arn) >= 70, apc.RuleLength)) // a drawn alias has a short name
}

// expectKeys expects the operations on the life of keys.
func (q *request) expectKeys(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *engine.CreateKeyInput:
		return q.createKey(in), true
	case *engine.LoadKeyInput:
		return first(tagKeys(in.Tags), invalid(attributes(in.KeyAttributes)), q.w.newTags(in.Tags),
			q.w.quota(q.who.Account, q.who.Region)), true
	case *engine.DeleteKeyInput:
		return q.moves(in.KeyIdentifier, apc.KeyStateCreateComplete), true
	case *engine.RestoreKeyInput:
		return q.moves(in.KeyIdentifier, apc.KeyStateDeletePending), true
	case *engine.StartKeyUsageInput:
		return q.moves(in.KeyIdentifier, apc.KeyStateCreateComplete), true
	case *engine.StopKeyUsageInput:
		return q.moves(in.KeyIdentifier, apc.KeyStateCreateComplete), true
	case *engine.GetKeyInput:
		_, r := q.key(in.KeyIdentifier)
		return r, true
	case *engine.GetPublicKeyCertificateInput:
		return q.pair(in.KeyIdentifier), true
	case *engine.GetCertificateSigningRequestInput:
		return q.pair(in.KeyIdentifier), true
	}
	return Refusal{}, false
}

func (q *request) createKey(in *engine.CreateKeyInput) Refusal {
	if r := first(tagKeys(in.Tags), q.regions(q.who.Region, in.ReplicationRegions),
		q.mayTagAndReplicate(in.Tags, in.ReplicationRegions)); r.refused() {
		return r
	}
	a := in.KeyAttributes
	isPair := a.KeyUsage == apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement
	if rule := firstRule(
		attributes(a),
		unless(in.DeriveKeyUsage == nil || isPair, apc.RuleDeriveKeyUsage),
		unless(in.KeyCheckValueAlgorithm == nil || slices.Contains(checkAlgorithms(a.KeyAlgorithm), *in.KeyCheckValueAlgorithm),
			apc.RuleKeyCheckValueAlgorithm),
	); rule != "" {
		return invalid(rule)
	}
	return q.newKey(in.Tags, in.ReplicationRegions, *in.Exportable)
}

// mayTag is the refusal of tags on a new key by the caller's policies.
func (q *request) mayTag(tags []apc.Tag) Refusal {
	if len(tags) == 0 {
		return Refusal{}
	}
	return q.mayMake("TagResource", q.who.Account, q.who.Region)
}

// newKey is the refusal of a new key for its replicas, its tags, or the quotas.
func (q *request) newKey(tags []apc.Tag, asked []string, exportable bool) Refusal {
	regions := q.replicatedTo(asked, exportable)
	if len(regions) > 0 && !exportable {
		return invalid(apc.RuleExportable)
	}
	return first(q.w.quota(q.who.Account, q.who.Region), q.w.replicaQuota(q.who.Account, regions), q.w.newTags(tags))
}

// moves is the refusal of a change of a key's state: a replica only follows, and the state must be the one.
func (q *request) moves(id string, from apc.KeyState) Refusal {
	k, r := q.key(id)
	if r.refused() {
		return r
	}
	return invalid(firstRule(unless(k.primary == nil, apc.RuleReplica), unless(k.State == from, apc.RuleKeyState)))
}

func (q *request) pair(id string) Refusal {
	k, r := q.key(id)
	if r.refused() {
		return r
	}
	return invalid(firstRule(
		unless(k.State == apc.KeyStateCreateComplete, apc.RuleKeyState),
		unless(k.Attributes.KeyClass == apc.KeyClassAsymmetricKeyPair, apc.RuleKeyClass),
	))
}

// expectNames expects the operations on aliases and tags.
func (q *request) expectNames(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *engine.CreateAliasInput:
		return q.createAlias(in), true
	case *engine.UpdateAliasInput:
		return first(q.alias(in.AliasName), q.target(in.KeyArn)), true
	case *engine.DeleteAliasInput:
		return q.alias(in.AliasName), true
	case *engine.GetAliasInput:
		return q.alias(in.AliasName), true
	case *engine.TagResourceInput:
		return q.tag(in), true
	case *engine.UntagResourceInput:
		_, r := q.taggable(in.ResourceArn)
		return r, true
	}
	return Refusal{}, false
}

func (q *request) alias(name string) Refusal {
	arn, ok := q.p.aliases[name]
	if !ok {
		return notFound(apc.RuleAlias)
	}
	return q.mayAlias(name, q.p.keys[arn])
}

// target is the refusal of what an alias is pointed to.
func (q *request) target(arn *string) Refusal {
	if arn == nil {
		return Refusal{}
	}
	k, r := q.key(*arn)
	if r.refused() {
		return r
	}
	return invalid(unless(k.State != apc.KeyStateDeleteComplete, apc.RuleKeyState))
}

func (q *request) createAlias(in *engine.CreateAliasInput) Refusal {
	if r := first(q.mayAlias(in.AliasName, nil), q.target(in.KeyArn)); r.refused() {
		return r
	}
	if _, taken := q.p.aliases[in.AliasName]; taken {
		return conflict(apc.RuleAliasExists)
	}
	if len(q.p.aliases) >= q.w.limits.Aliases {
		return overQuota
	}
	return Refusal{}
}

// taggable: keys that are not deleted, about to be, or never came to be.
func (q *request) taggable(id string) (*Key, Refusal) {
	k, r := q.key(id)
	if r.refused() {
		return nil, r
	}
	bad := k.State == apc.KeyStateDeletePending || k.State == apc.KeyStateDeleteComplete || k.State == apc.KeyStateCreateFailed
	return k, invalid(unless(!bad, apc.RuleKeyState))
}

func (q *request) tag(in *engine.TagResourceInput) Refusal {
	if r := tagKeys(in.Tags); r.refused() {
		return r
	}
	k, r := q.taggable(in.ResourceArn)
	if r.refused() {
		return r
	}
	n := len(k.tags)
	for _, t := range in.Tags {
		if _, there := k.tags[t.Key]; !there {
			n++
		}
	}
	if n > q.w.limits.Tags {
		return overQuota
	}
	return Refusal{}
}
