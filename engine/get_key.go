package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GetKey returns the description of a key, in any state.
func (c *Caller) GetKey(ctx context.Context, in *GetKeyInput) (*GetKeyOutput, error) {
	return core.Run(ctx, c.caller, "GetKey", in, getKey)
}

func getKey(ctx context.Context, c *core.Call, in *GetKeyInput) (*GetKeyOutput, error) {
	var found core.Key
	if err := c.Key(ctx, core.Need{Field: "KeyIdentifier", Identifier: in.KeyIdentifier}, &found); err != nil {
		return nil, err
	}
	out := new(GetKeyOutput)
	describeKey(&out.Key, &found)
	return out, nil
}
