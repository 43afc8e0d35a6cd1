package engine

import "context"

// StopKeyUsage disables a key: it takes part in no cryptography until
// StartKeyUsage.
func (c *Caller) StopKeyUsage(ctx context.Context, in *StopKeyUsageInput) (*StopKeyUsageOutput, error) {
	return run(ctx, c.caller, "StopKeyUsage", in, (*call).stopKeyUsage)
}

func (c *call) stopKeyUsage(ctx context.Context, in *StopKeyUsageInput) (*StopKeyUsageOutput, error) {
	changed, err := c.changeKey(ctx, "KeyIdentifier", in.KeyIdentifier, func(old key) (key, error) { return old.stopped(c.now) })
	if err != nil {
		return nil, err
	}
	out := &StopKeyUsageOutput{}
	describeKey(&changed, &out.Key)
	return out, nil
}
