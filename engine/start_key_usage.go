package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// StartKeyUsage enables a key.
func (c *Caller) StartKeyUsage(ctx context.Context, in *StartKeyUsageInput) (*StartKeyUsageOutput, error) {
	return core.Run(ctx, c.caller, "StartKeyUsage", in, startKeyUsage)
}

func startKeyUsage(ctx context.Context, c *core.Call, in *StartKeyUsageInput) (*StartKeyUsageOutput, error) {
	changed, err := c.ChangeKey(ctx, "KeyIdentifier", in.KeyIdentifier, func(old core.Key) (core.Key, error) { return old.Started(c.Now) })
	if err != nil {
		return nil, err
	}
	out := new(StartKeyUsageOutput)
	describeKey(&out.Key, &changed)
	return out, nil
}
