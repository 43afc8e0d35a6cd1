package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// RestoreKey cancels a scheduled deletion.
func (c *Caller) RestoreKey(ctx context.Context, in *RestoreKeyInput) (*RestoreKeyOutput, error) {
	return core.Run(ctx, c.caller, "RestoreKey", in, restoreKey)
}

func restoreKey(ctx context.Context, c *core.Call, in *RestoreKeyInput) (*RestoreKeyOutput, error) {
	changed, err := c.ChangeKey(ctx, "KeyIdentifier", in.KeyIdentifier, core.Key.Restored)
	if err != nil {
		return nil, err
	}
	out := new(RestoreKeyOutput)
	describeKey(&out.Key, &changed)
	return out, nil
}
