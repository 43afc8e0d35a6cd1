package engine

import "context"

// GetAliasInput is the request of GetAlias.
type GetAliasInput struct {
	AliasName string
}

// GetAliasOutput is the answer of GetAlias.
type GetAliasOutput struct {
	Alias Alias
}

func (in *GetAliasInput) shape(s *shape) {
	s.text("AliasName", in.AliasName, &textAliasName)
}

// GetAlias tells which key an alias points to, if any.
func (c *Caller) GetAlias(ctx context.Context, in *GetAliasInput) (*GetAliasOutput, error) {
	return run(ctx, c.caller, "GetAlias", in, (*call).getAlias)
}

func (c *call) getAlias(ctx context.Context, in *GetAliasInput) (*GetAliasOutput, error) {
	found, err := c.loadAlias(ctx, in.AliasName)
	if err != nil {
		return nil, err
	}
	return &GetAliasOutput{Alias: found.describe()}, nil
}
