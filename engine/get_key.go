package engine

import "context"

// GetKey tells what is known of a key, in whatever state it is.
func (c *Caller) GetKey(ctx context.Context, in *GetKeyInput) (*GetKeyOutput, error) {
	return run(ctx, c.caller, "GetKey", in, (*call).getKey)
}

func (c *call) getKey(ctx context.Context, in *GetKeyInput) (*GetKeyOutput, error) {
	var found key
	if err := c.key(ctx, need{field: "KeyIdentifier", identifier: in.KeyIdentifier}, &found); err != nil {
		return nil, err
	}
	out := &GetKeyOutput{}
	describeKey(&found, &out.Key)
	return out, nil
}
