package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GetAlias returns an alias and the ARN of its key, if it has one.
func (c *Caller) GetAlias(ctx context.Context, in *GetAliasInput) (*GetAliasOutput, error) {
	return core.Run(ctx, c.caller, "GetAlias", in, getAlias)
}

func getAlias(ctx context.Context, c *core.Call, in *GetAliasInput) (*GetAliasOutput, error) {
	found, err := c.LoadAlias(ctx, in.AliasName)
	if err != nil {
		return nil, err
	}
	return &GetAliasOutput{Alias: describeAlias(&found)}, nil
}
