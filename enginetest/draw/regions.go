package draw

import (
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
		Decision: rapid.SampledFrom(apc.Decision("").Values()).Draw(t, "decision")}
}
