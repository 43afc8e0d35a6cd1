package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// noPolicy is the text returned where a key has no policy (recorded from the service).
const noPolicy = "{}" // LIVE L-policy-none

// GetResourcePolicy returns the resource policy of a key, as it was put.
func (c *Caller) GetResourcePolicy(ctx context.Context, in *GetResourcePolicyInput) (*GetResourcePolicyOutput, error) {
	return core.Run(ctx, c.caller, "GetResourcePolicy", in, getResourcePolicy)
}

func getResourcePolicy(ctx context.Context, c *core.Call, in *GetResourcePolicyInput) (*GetResourcePolicyOutput, error) {
	var found core.Key
	if err := c.Key(ctx, core.Need{Field: "ResourceArn", Identifier: in.ResourceArn}, &found); err != nil {
		return nil, err
	}
	if err := core.CheckPolicyHolder(found); err != nil {
		return nil, err
	}
	out := &GetResourcePolicyOutput{ResourceArn: found.ARN.String(), Policy: noPolicy}
	if found.Policy != nil {
		out.Policy = string(found.Policy)
	}
	return out, nil
}
