package engine

import "context"

// TagResource adds tags to a key or replaces their values.
func (c *Caller) TagResource(ctx context.Context, in *TagResourceInput) (*TagResourceOutput, error) {
	return run(ctx, c.caller, "TagResource", in, (*call).tagResource)
}

func (c *call) tagResource(ctx context.Context, in *TagResourceInput) (*TagResourceOutput, error) {
	_, err := c.changeKey(ctx, "ResourceArn", in.ResourceArn, func(old key) (key, error) {
		if err := checkTaggable(old); err != nil {
			return key{}, err
		}
		tags, err := c.newTags(in.Tags)
		if err != nil {
			return key{}, err
		}
		old.tags = mergeTags(old.tags, tags)
		return old, c.checkTagCount(len(old.tags))
	})
	if err != nil {
		return nil, err
	}
	return &TagResourceOutput{}, nil
}
