package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// UpdateAlias points an alias to another key or, without KeyArn, to none.
func (c *Caller) UpdateAlias(ctx context.Context, in *UpdateAliasInput) (*UpdateAliasOutput, error) {
	return core.Run(ctx, c.caller, "UpdateAlias", in, updateAlias)
}

func updateAlias(ctx context.Context, c *core.Call, in *UpdateAliasInput) (*UpdateAliasOutput, error) {
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	var out core.Alias
	err := core.Retry(func() (err error) {
		if out, err = c.LoadAlias(ctx, in.AliasName); err != nil {
			return err
		}
		changes, err := pointAlias(ctx, c, &out, in.KeyArn)
		if err != nil {
			return err
		}
		return c.Cloud.Commit(ctx, append(changes, keystore.Replace(out.Record()))...)
	})
	if err != nil {
		return nil, err
	}
	return &UpdateAliasOutput{Alias: describeAlias(&out)}, nil
}
