package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// DeleteAlias deletes an alias. Its key is not changed.
func (c *Caller) DeleteAlias(ctx context.Context, in *DeleteAliasInput) (*DeleteAliasOutput, error) {
	return core.Run(ctx, c.caller, "DeleteAlias", in, deleteAlias)
}

func deleteAlias(ctx context.Context, c *core.Call, in *DeleteAliasInput) (*DeleteAliasOutput, error) {
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	err := core.Retry(func() error {
		old, err := c.LoadAlias(ctx, in.AliasName)
		if err != nil {
			return err
		}
		return c.Cloud.Commit(ctx, keystore.Erase(old.Record()),
			keystore.Count(core.Counter(c.Home(), core.CountAlias), -1, int64(c.Cloud.Limits.Aliases)))
	})
	if err != nil {
		return nil, err
	}
	return &DeleteAliasOutput{}, nil
}
