package engine

import "context"

// GetAlias tells which key an alias points to, if any.
func (c *Caller) GetAlias(ctx context.Context, in *GetAliasInput) (*GetAliasOutput, error) {
	return run(ctx, c.caller, "GetAlias", in, (*call).getAlias)
}

func (c *call) getAlias(ctx context.Context, in *GetAliasInput) (*GetAliasOutput, error) {
	found, err := c.loadAlias(ctx, in.AliasName)
	if err != nil {
		return nil, err
	}
	return &GetAliasOutput{Alias: describeAlias(&found)}, nil
}
