package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// TagResource adds tags to a key or replaces their values.
func (c *Caller) TagResource(ctx context.Context, in *TagResourceInput) (*TagResourceOutput, error) {
	return core.Run(ctx, c.caller, "TagResource", in, tagResource)
}

func tagResource(ctx context.Context, c *core.Call, in *TagResourceInput) (*TagResourceOutput, error) {
	tags, err := core.NewTags(in.Tags)
	if err != nil {
		return nil, err
	}
	_, err = c.ChangeKey(ctx, "ResourceArn", in.ResourceArn, func(old core.Key) (core.Key, error) {
		if err := core.CheckTaggable(old); err != nil {
			return core.Key{}, err
		}
		old.Tags = core.MergeTags(old.Tags, tags)
		return old, c.CheckTagCount(len(old.Tags))
	})
	if err != nil {
		return nil, err
	}
	return &TagResourceOutput{}, nil
}
