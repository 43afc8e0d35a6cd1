package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// DeleteAlias removes an alias; its key stays.
func (c *Caller) DeleteAlias(ctx context.Context, in *DeleteAliasInput) (*DeleteAliasOutput, error) {
	return run(ctx, c.caller, "DeleteAlias", in, (*call).deleteAlias)
}

func (c *call) deleteAlias(ctx context.Context, in *DeleteAliasInput) (*DeleteAliasOutput, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	err := retry(func() error {
		old, err := c.loadAlias(ctx, in.AliasName)
		if err != nil {
			return err
		}
		return c.cloud.commit(ctx, keystore.Erase(old.record()),
			keystore.Count(counter(c.home(), countAlias), -1, int64(c.cloud.limits.Aliases)))
	})
	if err != nil {
		return nil, err
	}
	return &DeleteAliasOutput{}, nil
}
