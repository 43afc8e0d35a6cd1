package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// DeleteResourcePolicy removes the resource policy of a key. A key that has none stays as it is
// (GUESS G-policy-none-delete).
func (c *Caller) DeleteResourcePolicy(ctx context.Context, in *DeleteResourcePolicyInput) (*DeleteResourcePolicyOutput, error) {
	return core.Run(ctx, c.caller, "DeleteResourcePolicy", in, deleteResourcePolicy)
}

func deleteResourcePolicy(ctx context.Context, c *core.Call, in *DeleteResourcePolicyInput) (*DeleteResourcePolicyOutput, error) {
	_, err := c.ChangeKey(ctx, "ResourceArn", in.ResourceArn, func(old core.Key) (core.Key, error) {
		old.Policy = nil
		return old, core.CheckPolicyHolder(old)
	})
	if err != nil {
		return nil, err
	}
	return &DeleteResourcePolicyOutput{}, nil
}
