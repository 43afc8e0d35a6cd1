package engine

import (
	"context"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// showInProgress shows Regions as the answer does that asked for them: what the service does there has
// just begun.
func showInProgress(out *Key, regions []string, state apc.KeyReplicationState) {
	if len(regions) == 0 {
		return
	}
	if out.ReplicationStatus == nil {
		out.ReplicationStatus = map[string]ReplicationStatusType{}
	}
	for _, r := range regions {
		out.ReplicationStatus[r] = ReplicationStatusType{Status: state}
	}
	out.MultiRegionKeyType = new(apc.MultiRegionKeyTypePrimary)
}

// AddKeyReplicationRegions replicates a key to more Regions.
func (c *Caller) AddKeyReplicationRegions(
	ctx context.Context,
	in *AddKeyReplicationRegionsInput,
) (*AddKeyReplicationRegionsOutput, error) {
	return core.Run(ctx, c.caller, "AddKeyReplicationRegions", in, addKeyReplicationRegions)
}

func addKeyReplicationRegions(
	ctx context.Context,
	c *core.Call,
	in *AddKeyReplicationRegionsInput,
) (*AddKeyReplicationRegionsOutput, error) {
	var primary core.Key
	err := core.Retry(func() error {
		var err error
		if primary, err = loadPrimary(ctx, c, in.KeyIdentifier); err != nil {
			return err
		}
		if err := c.PermitRegions(ctx, primary.ARN.Account, in.ReplicationRegions); err != nil {
			return err
		}
		if primary.State != apc.KeyStateCreateComplete { // a stopped key may be replicated: GUESS G-stopped-replicates
			return core.StateError(primary, string(apc.KeyStateCreateComplete))
		}
		if err := core.CheckReplicable(&primary); err != nil {
			return err
		}
		if err := c.CheckRegions(primary.ARN.Region, in.ReplicationRegions); err != nil {
			return err
		}
		for _, region := range in.ReplicationRegions {
			if i := primary.InRegion(region); i >= 0 && primary.Replicas[i].Status != apc.KeyReplicationStateFailed {
				return core.Invalid( // GUESS G-replicated-region
					"The replication Regions are not valid.",
					core.Because(apc.RuleRegion, "ReplicationRegions", core.ProblemReplicated, region, "other Regions"),
				)
			}
		}
		primary.OwnRegions = core.No // GUESS G-own-list
		c.Replicate(&primary, in.ReplicationRegions)
		changes := c.AppendReplicas(nil, &primary, in.ReplicationRegions)
		changes = append(changes, keystore.Replace(primary.Record(primary.Due(&c.Cloud.Limits))))
		return c.CommitRegions(ctx, primary.Partition(), in.ReplicationRegions, changes...)
	})
	if err != nil {
		return nil, err
	}
	c.Cloud.Replicated(&primary, in.ReplicationRegions, c.Now)
	out := new(AddKeyReplicationRegionsOutput)
	describeKey(&out.Key, &primary)
	showInProgress(&out.Key, in.ReplicationRegions, apc.KeyReplicationStateInProgress)
	return out, nil
}

// loadPrimary reads the key whose list is changed, in its Region as it is now.
func loadPrimary(ctx context.Context, c *core.Call, identifier string) (core.Key, error) {
	c.Resources = c.Resources[:0]
	var primary core.Key
	err := c.Key(ctx, core.Need{Field: "KeyIdentifier", Identifier: identifier}, &primary)
	return primary, err
}

// RemoveKeyReplicationRegions deletes replicas of a key. That cannot be undone.
func (c *Caller) RemoveKeyReplicationRegions(
	ctx context.Context,
	in *RemoveKeyReplicationRegionsInput,
) (*RemoveKeyReplicationRegionsOutput, error) {
	return core.Run(ctx, c.caller, "RemoveKeyReplicationRegions", in, removeKeyReplicationRegions)
}

func removeKeyReplicationRegions(
	ctx context.Context,
	c *core.Call,
	in *RemoveKeyReplicationRegionsInput,
) (*RemoveKeyReplicationRegionsOutput, error) {
	var primary core.Key
	err := core.Retry(func() error {
		var err error
		if primary, err = loadPrimary(ctx, c, in.KeyIdentifier); err != nil {
			return err
		}
		if err := core.CheckReplicable(&primary); err != nil {
			return err
		}
		if err := c.CheckRegions(primary.ARN.Region, in.ReplicationRegions); err != nil {
			return err
		}
		for _, region := range in.ReplicationRegions {
			if i := primary.InRegion(region); i < 0 || primary.Replicas[i].Status == apc.KeyReplicationStateDeleteInProgress {
				return core.Invalid( // GUESS G-replicated-region
					"The replication Regions are not valid.",
					core.Because(apc.RuleRegion, "ReplicationRegions", core.ProblemNotReplicated, region, "Regions with a replica"),
				)
			}
		}
		changes, err := c.Removals(ctx, &primary, in.ReplicationRegions)
		if err != nil {
			return err
		}
		primary.OwnRegions = core.No // GUESS G-own-list
		c.Unreplicate(&primary, in.ReplicationRegions)
		return c.Cloud.Commit(ctx, append(changes, keystore.Replace(primary.Record(primary.Due(&c.Cloud.Limits))))...)
	})
	if err != nil {
		return nil, err
	}
	out := new(RemoveKeyReplicationRegionsOutput)
	describeKey(&out.Key, &primary)
	showInProgress(&out.Key, in.ReplicationRegions, apc.KeyReplicationStateDeleteInProgress)
	return out, nil
}

// EnableDefaultKeyReplicationRegions adds Regions to the account's default list: new exportable keys get
// replicas there unless their request says otherwise. A Region that is listed stays (GUESS G-default-region-listed).
func (c *Caller) EnableDefaultKeyReplicationRegions(
	ctx context.Context,
	in *EnableDefaultKeyReplicationRegionsInput,
) (*EnableDefaultKeyReplicationRegionsOutput, error) {
	return core.Run(ctx, c.caller, "EnableDefaultKeyReplicationRegions", in, enableDefaultKeyReplicationRegions)
}

func enableDefaultKeyReplicationRegions(
	ctx context.Context,
	c *core.Call,
	in *EnableDefaultKeyReplicationRegionsInput,
) (*EnableDefaultKeyReplicationRegionsOutput, error) {
	if err := c.CheckRegions(c.Identity.Region, in.ReplicationRegions); err != nil {
		return nil, err
	}
	list, err := changeDefaults(ctx, c, func(old []string) []string {
		for _, r := range in.ReplicationRegions {
			if !slices.Contains(old, r) {
				old = append(old, r)
			}
		}
		return old
	})
	if err != nil {
		return nil, err
	}
	return &EnableDefaultKeyReplicationRegionsOutput{EnabledReplicationRegions: list}, nil
}

// DisableDefaultKeyReplicationRegions removes Regions from the account's default list. One that is
// not listed is ignored (GUESS G-default-region-absent). Keys stay as they are.
func (c *Caller) DisableDefaultKeyReplicationRegions(
	ctx context.Context,
	in *DisableDefaultKeyReplicationRegionsInput,
) (*DisableDefaultKeyReplicationRegionsOutput, error) {
	return core.Run(ctx, c.caller, "DisableDefaultKeyReplicationRegions", in, disableDefaultKeyReplicationRegions)
}

func disableDefaultKeyReplicationRegions(
	ctx context.Context,
	c *core.Call,
	in *DisableDefaultKeyReplicationRegionsInput,
) (*DisableDefaultKeyReplicationRegionsOutput, error) {
	if err := c.CheckRegions(c.Identity.Region, in.ReplicationRegions); err != nil {
		return nil, err
	}
	list, err := changeDefaults(ctx, c, func(old []string) []string {
		return slices.DeleteFunc(old, func(r string) bool { return slices.Contains(in.ReplicationRegions, r) })
	})
	if err != nil {
		return nil, err
	}
	return &DisableDefaultKeyReplicationRegionsOutput{EnabledReplicationRegions: list}, nil
}

// changeDefaults changes the account's default list and returns it, which is never nil.
func changeDefaults(ctx context.Context, c *core.Call, change func([]string) []string) ([]string, error) {
	out := []string{}
	err := core.Retry(func() error {
		list, err := c.DefaultRegions(ctx)
		if err != nil {
			return err
		}
		list.Regions = change(list.Regions)
		out = append([]string{}, list.Regions...)
		return c.Cloud.Commit(ctx, list.Put())
	})
	return out, err
}

// GetDefaultKeyReplicationRegions returns the account's default list in the caller's Region.
func (c *Caller) GetDefaultKeyReplicationRegions(
	ctx context.Context,
	in *GetDefaultKeyReplicationRegionsInput,
) (*GetDefaultKeyReplicationRegionsOutput, error) {
	return core.Run(ctx, c.caller, "GetDefaultKeyReplicationRegions", in, getDefaultKeyReplicationRegions)
}

func getDefaultKeyReplicationRegions(
	ctx context.Context,
	c *core.Call,
	_ *GetDefaultKeyReplicationRegionsInput,
) (*GetDefaultKeyReplicationRegionsOutput, error) {
	list, err := c.DefaultRegions(ctx)
	if err != nil {
		return nil, err
	}
	return &GetDefaultKeyReplicationRegionsOutput{EnabledReplicationRegions: append([]string{}, list.Regions...)}, nil
}
