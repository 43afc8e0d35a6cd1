package engine

import (
	"context"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
)

// UntagResource removes tags from a key. A tag key that is not there is
// ignored.
func (c *Caller) UntagResource(ctx context.Context, in *UntagResourceInput) (*UntagResourceOutput, error) {
	return run(ctx, c.caller, "UntagResource", in, (*call).untagResource)
}

func (c *call) untagResource(ctx context.Context, in *UntagResourceInput) (*UntagResourceOutput, error) {
	_, err := c.changeKey(ctx, "ResourceArn", in.ResourceArn, func(old key) (key, error) {
		if err := checkTaggable(old); err != nil {
			return key{}, err
		}
		old.tags = slices.DeleteFunc(slices.Clone(old.tags), func(t apc.Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
		return old, nil
	})
	if err != nil {
		return nil, err
	}
	return &UntagResourceOutput{}, nil
}
