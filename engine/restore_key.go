package engine

import "context"

// RestoreKey calls off a scheduled deletion.
func (c *Caller) RestoreKey(ctx context.Context, in *RestoreKeyInput) (*RestoreKeyOutput, error) {
	return run(ctx, c.caller, "RestoreKey", in, (*call).restoreKey)
}

func (c *call) restoreKey(ctx context.Context, in *RestoreKeyInput) (*RestoreKeyOutput, error) {
	changed, err := c.changeKey(ctx, "KeyIdentifier", in.KeyIdentifier, key.restored)
	if err != nil {
		return nil, err
	}
	out := &RestoreKeyOutput{}
	describeKey(&changed, &out.Key)
	return out, nil
}
