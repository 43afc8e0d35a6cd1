package engine

import "context"

// DeleteKey schedules the deletion of a key. Until the waiting period is over
// RestoreKey calls it off.
func (c *Caller) DeleteKey(ctx context.Context, in *DeleteKeyInput) (*DeleteKeyOutput, error) {
	return run(ctx, c.caller, "DeleteKey", in, (*call).deleteKey)
}

func (c *call) deleteKey(ctx context.Context, in *DeleteKeyInput) (*DeleteKeyOutput, error) {
	days := c.cloud.limits.DefaultDeleteDays
	if in.DeleteKeyInDays != nil {
		days = *in.DeleteKeyInDays
	}
	changed, err := c.changeKey(ctx, "KeyIdentifier", in.KeyIdentifier, func(old key) (key, error) { return old.deleting(c.now, days) })
	if err != nil {
		return nil, err
	}
	out := &DeleteKeyOutput{}
	describeKey(&changed, &out.Key)
	return out, nil
}
