package model

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
)

// decision is what documents say of a call.
type decision struct{ denied, allowed, itself bool }

// decide is what the statements say; those of a resource policy name callers.
func (d *document) decide(a *asked) (out decision) {
	c := callerOf(a.who)
	for i := range d.Statement {
		s := &d.Statement[i]
		is, itself := true, true
		switch {
		case s.Principal != nil:
			is, itself = s.Principal.names(c)
		case s.NotPrincipal != nil:
			is = !s.NotPrincipal.leavesOut(c)
		}
		if !is || !s.applies("payment-cryptography:"+a.action, a.resource) || !a.hold(s) {
			continue
		}
		if s.Effect == "Deny" {
			out.denied = true
			continue
		}
		out.allowed, out.itself = true, out.itself || itself
	}
	return out
}

// identity is what the caller's own policies say. Without any it may do everything.
func (a *asked) identity() (out decision) {
	if len(a.who.Policies) == 0 {
		return decision{allowed: true}
	}
	for _, text := range a.who.Policies {
		d := read(text).decide(a)
		out.denied, out.allowed = out.denied || d.denied, out.allowed || d.allowed
	}
	return out
}

// ownersAlone are the operations that the policy of a key says nothing about.
var ownersAlone = []string{"PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"}

// ofKey is what the policy of a key says.
func (a *asked) ofKey() decision {
	if a.key == nil || a.key.policy == "" || slices.Contains(ownersAlone, a.action) {
		return decision{}
	}
	about := *a
	about.resource = a.key.ARN // also of an alias
	return read(a.key.policy).decide(&about)
}

func denied(rule apc.Rule) Refusal { return Refusal{apc.ErrAccessDenied, rule} }

// may is the refusal of an operation in the caller's own account, on a resource and, if it has one, a key.
func (a *asked) may() Refusal {
	identity, key := a.identity(), a.ofKey()
	switch {
	case identity.denied:
		return denied(apc.RuleIdentityPolicy)
	case key.denied:
		return denied(apc.RuleResourcePolicy)
	case identity.allowed, key.itself:
		return Refusal{}
	}
	return denied(apc.RuleIdentityPolicy)
}

// ownAccountOnly are the operations on keys that cannot cross accounts. CreateAlias and UpdateAlias name a key too.
var ownAccountOnly = append([]string{"CreateAlias", "UpdateAlias", "GetCertificateSigningRequest"}, ownersAlone...)

// permitted is the refusal of a key that has been found, or, nil, not found in another account. To that all refusals
// are one.
func (q *request) permitted(k *Key, foreign bool, alias string) Refusal {
	if !foreign {
		if q.op == "LoadKey" || q.op == "" {
			return Refusal{}
		}
		return (&asked{q, q.op, k.ARN, k, alias}).may()
	}
	if k == nil || slices.Contains(ownAccountOnly, q.op) {
		return denied(apc.RuleAccount)
	}
	a := &asked{q, q.op, k.ARN, k, alias}
	identity, key := a.identity(), a.ofKey()
	if identity.denied || key.denied || !identity.allowed || !key.allowed {
		return denied(apc.RuleAccount)
	}
	return Refusal{}
}

// Operations whose permission is checked before anything is read: on a new key, or on everything.
var (
	onNewKey = []string{"CreateKey", "ImportKey"}
	onAll    = []string{"GetParametersForImport", "GetParametersForExport", "EnableDefaultKeyReplicationRegions",
		"DisableDefaultKeyReplicationRegions", "GetDefaultKeyReplicationRegions", "AssociateMpaTeam", "DisassociateMpaTeam",
		"GetMpaTeamAssociation"}
)

// admitted is the refusal of an operation before anything is read.
func (q *request) admitted() Refusal {
	switch {
	case slices.Contains(onNewKey, q.op):
		return q.mayMake(q.op, q.who.Account, q.who.Region)
	case slices.Contains(onAll, q.op):
		return (&asked{request: q, action: q.op, resource: "*"}).may()
	}
	return Refusal{}
}

// mayMake is the refusal of an operation on new keys of an account in Regions.
func (q *request) mayMake(op, account string, regions ...string) Refusal {
	for _, region := range regions {
		a := &asked{request: q, action: op, resource: "arn:aws:payment-cryptography:" + region + ":" + account + ":key/*"}
		if r := a.may(); r.refused() {
			return r
		}
	}
	return Refusal{}
}

// mayAlias is the refusal of an operation on an alias of the caller's, which the policy of its key governs as well.
func (q *request) mayAlias(name string, k *Key) Refusal {
	return (&asked{q, q.op, "arn:aws:payment-cryptography:" + q.who.Region + ":" + q.who.Account + ":" + name, k, name}).may()
}
