package engine

import "context"

// StartKeyUsage enables a key.
func (c *Caller) StartKeyUsage(ctx context.Context, in *StartKeyUsageInput) (*StartKeyUsageOutput, error) {
	return run(ctx, c.caller, "StartKeyUsage", in, (*call).startKeyUsage)
}

func (c *call) startKeyUsage(ctx context.Context, in *StartKeyUsageInput) (*StartKeyUsageOutput, error) {
	changed, err := c.changeKey(ctx, "KeyIdentifier", in.KeyIdentifier, func(old key) (key, error) { return old.started(c.now) })
	if err != nil {
		return nil, err
	}
	out := &StartKeyUsageOutput{}
	describeKey(&changed, &out.Key)
	return out, nil
}
