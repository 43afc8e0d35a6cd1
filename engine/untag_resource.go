package engine

import (
	"context"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// UntagResource removes tags from a key. A tag key that the key does not have is ignored.
func (c *Caller) UntagResource(ctx context.Context, in *UntagResourceInput) (*UntagResourceOutput, error) {
	return core.Run(ctx, c.caller, "UntagResource", in, untagResource)
}

func untagResource(ctx context.Context, c *core.Call, in *UntagResourceInput) (*UntagResourceOutput, error) {
	_, err := c.ChangeKey(ctx, "ResourceArn", in.ResourceArn, func(old core.Key) (core.Key, error) {
		if err := core.CheckTaggable(old); err != nil {
			return core.Key{}, err
		}
		old.Tags = slices.DeleteFunc(slices.Clone(old.Tags), func(t apc.Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
		return old, nil
	})
	if err != nil {
		return nil, err
	}
	return &UntagResourceOutput{}, nil
}
