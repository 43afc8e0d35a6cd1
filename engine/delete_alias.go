package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// DeleteAliasInput is the request of DeleteAlias.
type DeleteAliasInput struct {
	AliasName string
}

// DeleteAliasOutput is the answer of DeleteAlias.
type DeleteAliasOutput struct {
}

func (in *DeleteAliasInput) shape(s *shape) {
	s.text("AliasName", in.AliasName, &textAliasName)
}

// DeleteAlias removes an alias; its key stays.
func (c *Caller) DeleteAlias(ctx context.Context, in *DeleteAliasInput) (*DeleteAliasOutput, error) {
	return run(ctx, c, "DeleteAlias", in, (*call).deleteAlias)
}

func (k *call) deleteAlias(ctx context.Context, in *DeleteAliasInput) (*DeleteAliasOutput, error) {
	if err := k.settle(ctx); err != nil {
		return nil, err
	}
	err := retry(func() error {
		old, err := k.loadAlias(ctx, in.AliasName)
		if err != nil {
			return err
		}
		return k.engine.commit(ctx, keystore.Erase(old.record()),
			keystore.Count(counter(k.home(), countAlias), -1, int64(k.engine.limits.Aliases)))
	})
	if err != nil {
		return nil, err
	}
	return &DeleteAliasOutput{}, nil
}
