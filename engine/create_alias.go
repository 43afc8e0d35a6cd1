package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// CreateAlias creates an alias, with or without a key.
func (c *Caller) CreateAlias(ctx context.Context, in *CreateAliasInput) (*CreateAliasOutput, error) {
	return core.Run(ctx, c.caller, "CreateAlias", in, createAlias)
}

func createAlias(ctx context.Context, c *core.Call, in *CreateAliasInput) (*CreateAliasOutput, error) {
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	if err := c.PermitAlias(ctx, in.AliasName, nil); err != nil {
		return nil, err
	}
	out := core.Alias{Partition: c.Home(), Name: in.AliasName}
	err := core.Retry(func() error {
		changes, err := pointAlias(ctx, c, &out, in.KeyArn)
		if err != nil {
			return err
		}
		changes = append(changes, keystore.Create(out.Record()),
			keystore.Count(core.Counter(c.Home(), core.CountAlias), 1, int64(c.Cloud.Limits.Aliases)))
		return commitAlias(ctx, c, in.AliasName, changes)
	})
	if err != nil {
		return nil, err
	}
	return &CreateAliasOutput{Alias: describeAlias(&out)}, nil
}

// commitAlias makes the commit. A name that is taken is a refusal; the attempt is not repeated.
func commitAlias(ctx context.Context, c *core.Call, name string, changes []keystore.Change) error {
	err := c.CommitCounted(ctx, "aliases", c.Cloud.Limits.Aliases, changes...)
	if errors.Is(err, keystore.ErrExists) {
		return &apc.Error{
			Code: apc.ErrConflict, Resource: name, Message: "Alias " + name + " already exists.", // LIVE L-alias-exists
			Reasons: []apc.Reason{core.Because(apc.RuleAliasExists, "AliasName", core.ProblemAliasExists, name, "another name, or UpdateAlias")},
		}
	}
	return err
}

// pointAlias points an alias to the key asked for, or to none, and returns
// what the commit requires: that the key has not changed since it was checked.
func pointAlias(ctx context.Context, c *core.Call, a *core.Alias, keyARN *string) ([]keystore.Change, error) {
	a.Key = ""
	if keyARN == nil {
		return nil, nil
	}
	c.Resources = c.Resources[:0]
	var target core.Key // one that does not exist is ResourceNotFoundException: GUESS G-alias-unknown-key
	if err := c.Key(ctx, core.Need{Field: "KeyArn", Identifier: *keyARN}, &target); err != nil {
		return nil, err
	}
	if target.State == apc.KeyStateDeleteComplete { // GUESS G-alias-to-deleted; one that waits for its deletion or has failed is taken
		return nil, core.StateError(target, "a usable")
	}
	a.Key = target.ARN.Key
	return []keystore.Change{target.Unchanged()}, nil
}
