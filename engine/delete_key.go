package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// DeleteKey schedules the deletion of a key. Until the waiting period is over, RestoreKey cancels
// it.
func (c *Caller) DeleteKey(ctx context.Context, in *DeleteKeyInput) (*DeleteKeyOutput, error) {
	return core.Run(ctx, c.caller, "DeleteKey", in, deleteKey)
}

func deleteKey(ctx context.Context, c *core.Call, in *DeleteKeyInput) (*DeleteKeyOutput, error) {
	days := c.Cloud.Limits.DefaultDeleteDays
	if in.DeleteKeyInDays != nil {
		days = *in.DeleteKeyInDays
	}
	changed, err := c.ChangeKey(
		ctx,
		"KeyIdentifier",
		in.KeyIdentifier,
		func(old core.Key) (core.Key, error) { return old.Deleting(c.Now, days) },
	)
	if err != nil {
		return nil, err
	}
	out := new(DeleteKeyOutput)
	describeKey(&out.Key, &changed)
	return out, nil
}
