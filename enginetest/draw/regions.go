package draw

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// regions draws a list of Regions: mostly of those that the world has.
func (r *Requests) regions(t *rapid.T) []string {
	all, list := append(r.World.Regions(), model.OtherRegions()...), []string{}
	for range max(0, rapid.IntRange(-1, 2).Draw(t, "Regions")) {
		list = append(list, rapid.SampledFrom(all).Draw(t, "Region"))
	}
	return list
}

// otherRegions draws a list of another Region of the world, or any list.
func (r *Requests) otherRegions(t *rapid.T, p model.Place) []string {
	if rapid.IntRange(0, 3).Draw(t, "any Regions") == 3 {
		return r.regions(t)
	}
	return []string{rapid.SampledFrom(others(r.World.Regions(), p.Region)).Draw(t, "Region")}
}

func others(all []string, but string) (out []string) {
	for _, s := range all {
		if s != but {
			out = append(out, s)
		}
	}
	return out
}

// newRegions draws the Regions of a new key: mostly none are asked for.
func (r *Requests) newRegions(t *rapid.T) []string {
	if rapid.IntRange(0, 4).Draw(t, "replicated") < 4 {
		return nil
	}
	return r.regions(t)
}

func canReplicate(k *model.Key) bool {
	return k.State == apc.KeyStateCreateComplete && k.Exportable && !k.Replica() && !k.Replicated()
}

func (r *Requests) addRegions(t *rapid.T, p model.Place) any {
	return &engine.AddKeyReplicationRegionsInput{KeyIdentifier: r.key(t, p, canReplicate), ReplicationRegions: r.otherRegions(t, p)}
}

func (r *Requests) removeRegions(t *rapid.T, p model.Place) any {
	return &engine.RemoveKeyReplicationRegionsInput{
		KeyIdentifier:      r.key(t, p, (*model.Key).Replicated),
		ReplicationRegions: r.otherRegions(t, p),
	}
}

func (r *Requests) enableDefaults(t *rapid.T, p model.Place) any {
	return &engine.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: r.otherRegions(t, p)}
}

func (r *Requests) disableDefaults(t *rapid.T, p model.Place) any {
	return &engine.DisableDefaultKeyReplicationRegionsInput{ReplicationRegions: r.otherRegions(t, p)}
}

// Policies. The statements are those that package model evaluates.

var effects = []string{"Allow", "Allow", "Deny"}

// actions are operations with wildcards, the widest first.
var actions = []string{"payment-cryptography:*", "*", "payment-cryptography:Get*", "payment-cryptography:*Key",
	"payment-cryptography:*Data", "payment-cryptography:GetKey", "payment-cryptography:DeleteKey", "payment-cryptography:ImportKey",
	"payment-cryptography:TagResource", "payment-cryptography:createkey", "payment-cryptography:*ReplicationRegions",
	"payment-cryptography:Generate*"}

// principals are accounts, their root and their user, and everybody.
func (r *Requests) principals() (all []string) {
	for _, p := range r.World.Places() {
		prefix := "arn:aws:iam::" + p.Account
		all = append(all, p.Account, prefix+":root", prefix+":user/alice")
	}
	return append(all, "*")
}

// resourcePolicy draws the policy of a key.
func (r *Requests) resourcePolicy(t *rapid.T, arn string) string {
	var all []string
	for range rapid.IntRange(1, 2).Draw(t, "statements") {
		all = append(all, fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":%q},"Action":%q,"Resource":%q}`,
			rapid.SampledFrom(effects).Draw(t, "effect"), even(r.principals()).Draw(t, "principal"),
			rapid.SampledFrom(actions).Draw(t, "action"),
			rapid.SampledFrom([]string{"*", "*", "*", arn, arn[:len(arn)-1]}).Draw(t, "resource")))
	}
	return document(all)
}

func document(statements []string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// identityPolicy draws a policy of a caller of an operation, which it often names.
func identityPolicy(t *rapid.T, op string) string {
	var all []string
	actions := append([]string{"payment-cryptography:" + op, "payment-cryptography:" + op, "payment-cryptography:" + op}, actions...)
	for range rapid.IntRange(1, 2).Draw(t, "statements") {
		all = append(all, fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q}`, rapid.SampledFrom(effects).Draw(t, "effect"),
			even(actions).Draw(t, "action"), rapid.SampledFrom([]string{"*", "arn:aws:payment-cryptography:us-east-1:*:key/*",
				"arn:aws:payment-cryptography:*:111122223333:*", "arn:aws:payment-cryptography:*:*:alias/*"}).Draw(t, "resource")))
	}
	return document(all)
}

// caller draws who makes a call of an operation in a place: the root user, or a user with or without policies.
func caller(t *rapid.T, at model.Place, op string) apc.Identity {
	who := apc.Identity{Account: at.Account, Region: at.Region, ARN: "arn:aws:iam::" + at.Account + ":root"}
	n := even([]int{0, 1, 2, 3, 4, 5, 0, 0}).Draw(t, "caller")
	if n > 3 {
		who.ARN = "arn:aws:iam::" + at.Account + ":user/alice"
	}
	if n == 5 {
		who.Policies = []string{identityPolicy(t, op)}
	}
	return who
}

func keepsPolicies(k *model.Key) bool { return !k.Replica() && k.State != apc.KeyStateDeleteComplete }

func (r *Requests) putPolicy(t *rapid.T, p model.Place) any {
	id := r.key(t, p, keepsPolicies)
	return &engine.PutResourcePolicyInput{ResourceArn: id, Policy: r.resourcePolicy(t, id)}
}

func (r *Requests) getPolicy(t *rapid.T, p model.Place) any {
	return &engine.GetResourcePolicyInput{ResourceArn: r.key(t, p, keepsPolicies)}
}

func (r *Requests) deletePolicy(t *rapid.T, p model.Place) any {
	return &engine.DeleteResourcePolicyInput{ResourceArn: r.key(t, p, keepsPolicies)}
}

// Approval.

const guarded = apc.MpaOperationImportRootPublicKeyCertificate

func teamOf(p model.Place, name string) string {
	return "arn:aws:mpa:us-east-1:" + p.Account + ":approval-team/" + name
}

func (r *Requests) associateTeam(t *rapid.T, p model.Place) any {
	return &engine.AssociateMpaTeamInput{Action: guarded, MpaTeamArn: teamOf(p, even([]string{"first", "second"}).Draw(t, "team"))}
}

func (r *Requests) disassociateTeam(t *rapid.T, _ model.Place) any {
	in := &engine.DisassociateMpaTeamInput{Action: guarded}
	if rapid.Bool().Draw(t, "comment") {
		in.RequesterComment = new("no more")
	}
	return in
}

// decide draws a decision: mostly in a session that is pending.
func (r *Requests) decide(t *rapid.T, p model.Place) any {
	sessions := []string{"arn:aws:mpa:us-east-1:" + p.Account + ":session/first/never"}
	var pending []string
	for _, s := range r.World.Sessions() {
		if sessions = append(sessions, s); r.World.Pending(s) {
			pending = append(pending, s)
		}
	}
	if len(pending) > 0 && rapid.IntRange(0, 3).Draw(t, "pending") < 3 {
		sessions = pending
	}
	return &model.DecideApprovalInput{Session: even(sessions).Draw(t, "session"),
		Decision: rapid.SampledFrom([]apc.Decision{apc.Approve, apc.Deny}).Draw(t, "decision")}
}
