package model

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Compare reads the whole state as callers of each place, in pages of two, and returns the first thing that
// is not as it must be. The lists of keys in one state are read in turn, one each time.
func (w *World) Compare(ctx context.Context, now time.Time, as func(apc.Identity) *engine.Caller) error {
	w.turn++
	state := []apc.KeyState{apc.KeyStateDeleteComplete, apc.KeyStateDeletePending, apc.KeyStateCreateInProgress}[w.turn%3]
	for _, at := range w.order {
		who := apc.Identity{Account: at.Account, Region: at.Region}
		c, q := as(who), w.request(now, who, "GetKey")
		for _, s := range []apc.KeyState{"", state} {
			if err := q.compareKeys(ctx, c, s); err != nil {
				return err
			}
		}
		if err := q.comparePlace(ctx, c); err != nil {
			return err
		}
		for _, arn := range slices.Sorted(maps.Keys(q.p.keys)) {
			if k := q.p.keys[arn]; !k.hidden(q.now) {
				if err := q.compareKey(ctx, c, k); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (q *request) compareKeys(ctx context.Context, c *engine.Caller, state apc.KeyState) error {
	in := &engine.ListKeysInput{MaxResults: new(2)}
	if state != "" {
		in.KeyState = &state
	}
	var got, want []string
	for {
		page, err := c.ListKeys(ctx, in)
		if err != nil {
			return err
		}
		for i := range page.Keys {
			k := &page.Keys[i]
			got = append(got, fmt.Sprint(k.KeyArn, " ", k.KeyState, " ", text(k.MultiRegionKeyType), " ", text(k.PrimaryRegion)))
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	for arn, k := range q.p.keys {
		if !k.hidden(q.now) && (state == "" || k.State == state) {
			kind, primary := k.multiRegion()
			want = append(want, fmt.Sprint(arn, " ", k.State, " ", kind, " ", primary))
		}
	}
	slices.Sort(want)
	return same(fmt.Sprintf("ListKeys of state %q in %s", state, q.p.Region), got, want)
}

// comparePlace compares what a place has beside keys: aliases, the default list of Regions, the approval team.
func (q *request) comparePlace(ctx context.Context, c *engine.Caller) error {
	got := map[string]string{}
	for in := (&engine.ListAliasesInput{MaxResults: new(2)}); ; {
		out, err := c.ListAliases(ctx, in)
		if err != nil {
			return err
		}
		for _, a := range out.Aliases {
			got[a.AliasName] = text(a.KeyArn)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !maps.Equal(got, q.p.aliases) {
		return fmt.Errorf("ListAliases: got %v, want %v", got, q.p.aliases)
	}
	list, err := c.GetDefaultKeyReplicationRegions(ctx, &engine.GetDefaultKeyReplicationRegionsInput{})
	if err != nil {
		return err
	}
	if err := same("the default list", list.EnabledReplicationRegions, q.p.defaults); err != nil {
		return err
	}
	team, err := c.GetMpaTeamAssociation(ctx,
		&engine.GetMpaTeamAssociationInput{Action: apc.MpaOperationImportRootPublicKeyCertificate})
	switch {
	case q.p.team == nil:
		return notFound(apc.RuleTeam).is(err)
	case err != nil:
		return err
	}
	return q.p.team.compare(&team.MpaTeamAssociation)
}

// compareKey compares a key, its tags and its policy, as far as the policy lets its owner read them.
func (q *request) compareKey(ctx context.Context, c *engine.Caller, k *Key) error {
	out, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.ARN})
	if r := (&asked{q, "GetKey", k.ARN, k, ""}).may(); r.refused() {
		if err := r.is(err); err != nil {
			return err
		}
	} else if err != nil {
		return err
	} else if err := k.compare(&out.Key, nil, ""); err != nil {
		return err
	}
	if err := q.compareTags(ctx, c, k); err != nil || k.primary != nil || k.State == apc.KeyStateDeleteComplete {
		return err
	}
	policy, err := c.GetResourcePolicy(ctx, &engine.GetResourcePolicyInput{ResourceArn: k.ARN})
	if err != nil {
		return err
	}
	return k.hasPolicy(policy.ResourceArn, policy.Policy)
}

func (q *request) compareTags(ctx context.Context, c *engine.Caller, k *Key) error {
	tags, err := c.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: k.ARN})
	if r := (&asked{q, "ListTagsForResource", k.ARN, k, ""}).may(); r.refused() {
		return r.is(err)
	}
	if err != nil {
		return err
	}
	got := map[string]string{}
	for _, t := range tags.Tags {
		got[t.Key] = t.Value
	}
	if !maps.Equal(got, k.tags) {
		return fmt.Errorf("tags of %s: got %v, want %v", k.ARN, got, k.tags)
	}
	return nil
}

// multiRegion is what an answer says of the key's kind, and of a replica where its primary is.
func (k *Key) multiRegion() (kind apc.MultiRegionKeyType, primary string) {
	switch {
	case k.primary != nil:
		return apc.MultiRegionKeyTypeReplica, k.primary.region()
	case len(k.replicas) > 0:
		return apc.MultiRegionKeyTypePrimary, ""
	}
	return "", ""
}

// compare compares the key with its description, in an answer to a change that shows Regions in a state that they have
// just entered.
func (k *Key) compare(got *engine.Key, shown []string, state apc.KeyReplicationState) error {
	moments := []struct {
		name string
		got  *time.Time
		want time.Time
	}{
		{"UsageStart", got.UsageStartTimestamp, k.start}, {"UsageStop", got.UsageStopTimestamp, k.stop},
		{"DeletePending", got.DeletePendingTimestamp, when(k.State == apc.KeyStateDeletePending, k.deleteAt)},
		{"Delete", got.DeleteTimestamp, when(k.State == apc.KeyStateDeleteComplete, k.deleteAt)},
		{"Create", &got.CreateTimestamp, k.created},
	}
	for _, x := range moments {
		if (x.got == nil) != x.want.IsZero() || x.got != nil && !x.got.Equal(x.want) {
			return fmt.Errorf("%s: %sTimestamp: got %v, want %v", k.ARN, x.name, x.got, x.want)
		}
	}
	if k.checkAlgorithm == "" {
		k.checkAlgorithm = got.KeyCheckValueAlgorithm
	}
	is := fmt.Sprintln(got.KeyArn, got.KeyAttributes, got.KeyCheckValue, got.KeyCheckValueAlgorithm, got.Enabled, got.Exportable, got.KeyState,
		text(got.DeriveKeyUsage))
	want := fmt.Sprintln(k.ARN, k.Attributes, k.CheckValue, k.checkAlgorithm, k.Enabled, k.Exportable, k.State, text(k.Agrees))
	if is != want {
		return fmt.Errorf("got  %swant %s", is, want)
	}
	if err := k.compareReplication(got, shown, state); err != nil {
		return err
	}
	return k.session.compare(got.MpaStatus)
}

func (k *Key) compareReplication(got *engine.Key, shown []string, state apc.KeyReplicationState) error {
	kind, primary := k.multiRegion()
	status := map[string]engine.ReplicationStatusType{}
	for region, r := range k.replicas {
		status[region] = engine.ReplicationStatusType{Status: r.status}
		if r.status == apc.KeyReplicationStateFailed {
			status[region] = engine.ReplicationStatusType{Status: r.status, StatusMessage: &r.fails}
		}
	}
	for _, region := range shown {
		kind, status[region] = apc.MultiRegionKeyTypePrimary, engine.ReplicationStatusType{Status: state}
	}
	is := fmt.Sprintln(text(got.MultiRegionKeyType), text(got.PrimaryRegion), optional(got.UsingDefaultReplicationRegions))
	if want := fmt.Sprintln(kind, primary, optional(k.defaults)); is != want {
		return fmt.Errorf("replication of %s: got %s, want %s", k.ARN, is, want)
	}
	if len(got.ReplicationStatus)+len(status) > 0 && !reflect.DeepEqual(got.ReplicationStatus, status) {
		return fmt.Errorf("replication of %s: got %s, want %s", k.ARN, statuses(got.ReplicationStatus), statuses(status))
	}
	return nil
}

// statuses are the states of a replication, in the order of their Regions.
func statuses(all map[string]engine.ReplicationStatusType) (out []string) {
	for _, region := range slices.Sorted(maps.Keys(all)) {
		out = append(out, fmt.Sprint(region, " ", all[region].Status, " ", text(all[region].StatusMessage)))
	}
	return out
}

// same compares two lists.
func same(what string, got, want []string) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func text[T ~string](p *T) T {
	if p == nil {
		return ""
	}
	return *p
}

func optional(p *bool) string {
	if p == nil {
		return "absent"
	}
	return fmt.Sprint(*p)
}

func when(ok bool, t time.Time) time.Time {
	if ok {
		return t
	}
	return time.Time{}
}
