package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// UpdateAlias points an alias to another key or, without KeyArn, to none.
func (c *Caller) UpdateAlias(ctx context.Context, in *UpdateAliasInput) (*UpdateAliasOutput, error) {
	return run(ctx, c.caller, "UpdateAlias", in, (*call).updateAlias)
}

func (c *call) updateAlias(ctx context.Context, in *UpdateAliasInput) (*UpdateAliasOutput, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	var out alias
	err := retry(func() (err error) {
		if out, err = c.loadAlias(ctx, in.AliasName); err != nil {
			return err
		}
		changes, err := c.pointAlias(ctx, &out, in.KeyArn)
		if err != nil {
			return err
		}
		return c.cloud.commit(ctx, append(changes, keystore.Replace(out.record()))...)
	})
	if err != nil {
		return nil, err
	}
	return &UpdateAliasOutput{Alias: describeAlias(&out)}, nil
}
