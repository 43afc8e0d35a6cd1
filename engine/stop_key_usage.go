package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// StopKeyUsage disables a key: it takes part in no cryptography until
// StartKeyUsage.
func (c *Caller) StopKeyUsage(ctx context.Context, in *StopKeyUsageInput) (*StopKeyUsageOutput, error) {
	return core.Run(ctx, c.caller, "StopKeyUsage", in, stopKeyUsage)
}

func stopKeyUsage(ctx context.Context, c *core.Call, in *StopKeyUsageInput) (*StopKeyUsageOutput, error) {
	changed, err := c.ChangeKey(ctx, "KeyIdentifier", in.KeyIdentifier, func(old core.Key) (core.Key, error) { return old.Stopped(c.Now) })
	if err != nil {
		return nil, err
	}
	out := new(StopKeyUsageOutput)
	describeKey(&out.Key, &changed)
	return out, nil
}
