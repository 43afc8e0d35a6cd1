package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Permissions (user guide, resource-based policies; IAM user guide, policy evaluation logic), for a family of
// documents: statements of an Effect, one Principal (an account, its root, a user, everybody), one Action and one
// Resource with wildcards, without conditions.

type document struct {
	Statement []statement
}

type statement struct {
	Effect    string
	Principal json.RawMessage
	Action    string
	Resource  string
}

// read reads a document of the family. It panics on any other text.
func read(text string) *document {
	d := &document{}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		panic(fmt.Sprintf("model: a policy out of the family: %v", err))
	}
	return d
}

// principal is the one that a statement of a resource policy names.
func (s *statement) principal() string {
	var all string
	if json.Unmarshal(s.Principal, &all) == nil {
		return all
	}
	var aws struct{ AWS string }
	if err := json.Unmarshal(s.Principal, &aws); err != nil {
		panic(fmt.Sprintf("model: a principal out of the family: %s", s.Principal))
	}
	return aws.AWS
}

// names reports whether a principal is the caller, and whether it is named for itself and not by its account.
func names(principal string, who apc.Identity) (is, itself bool) {
	root := "arn:aws:iam::" + who.Account + ":root"
	switch principal {
	case "*", who.ARN:
		return true, true
	case who.Account, root:
		return true, who.ARN == root
	}
	return false, false
}

// decision is what documents say of a call.
type decision struct{ denied, allowed, itself bool }

// decide is what the statements say of an action on a resource; those of a resource policy of a caller.
func (d *document) decide(op, resource string, who *apc.Identity) (out decision) {
	for i := range d.Statement {
		s := &d.Statement[i]
		is, itself := true, true
		if who != nil {
			is, itself = names(s.principal(), *who)
		}
		if !is || !like(strings.ToLower(s.Action), strings.ToLower("payment-cryptography:"+op)) || !like(s.Resource, resource) {
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

// like compares a text with a pattern in which * means any text.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	last := len(parts) - 1
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, parts[last])
}

// identity is what the caller's own policies say. Without any it may do everything.
func (q *request) identity(op, resource string) (out decision) {
	if len(q.who.Policies) == 0 {
		return decision{allowed: true}
	}
	for _, text := range q.who.Policies {
		d := read(text).decide(op, resource, nil)
		out.denied, out.allowed = out.denied || d.denied, out.allowed || d.allowed
	}
	return out
}

// ownersAlone are the operations that the policy of a key says nothing about.
var ownersAlone = []string{"PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"}

// ofKey is what the policy of a key says.
func (q *request) ofKey(op string, k *Key) decision {
	if k == nil || k.policy == "" || slices.Contains(ownersAlone, op) {
		return decision{}
	}
	return read(k.policy).decide(op, k.ARN, &q.who)
}

func denied(rule apc.Rule) Refusal { return Refusal{apc.ErrAccessDenied, rule} }

// may is the refusal of an operation in the caller's own account, on a resource and, if it has one, a key.
func (q *request) may(op, resource string, k *Key) Refusal {
	identity, key := q.identity(op, resource), q.ofKey(op, k)
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
func (q *request) permitted(k *Key, foreign bool) Refusal {
	if !foreign {
		if q.op == "LoadKey" || q.op == "" {
			return Refusal{}
		}
		return q.may(q.op, k.ARN, k)
	}
	if k == nil || slices.Contains(ownAccountOnly, q.op) {
		return denied(apc.RuleAccount)
	}
	identity, key := q.identity(q.op, k.ARN), q.ofKey(q.op, k)
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
		return q.may(q.op, "*", nil)
	}
	return Refusal{}
}

// mayMake is the refusal of an operation on new keys of an account in Regions.
func (q *request) mayMake(op, account string, regions ...string) Refusal {
	for _, region := range regions {
		if r := q.may(op, "arn:aws:payment-cryptography:"+region+":"+account+":key/*", nil); r.refused() {
			return r
		}
	}
	return Refusal{}
}

// mayAlias is the refusal of an operation on an alias of the caller's, which the policy of its key governs as well.
func (q *request) mayAlias(name string, k *Key) Refusal {
	return q.may(q.op, "arn:aws:payment-cryptography:"+q.who.Region+":"+q.who.Account+":"+name, k)
}
