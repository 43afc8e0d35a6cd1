package engine

import (
	"context"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
)

// ListTagsForResource lists the tags of a key in the order of their keys.
func (c *Caller) ListTagsForResource(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	return run(ctx, c.caller, "ListTagsForResource", in, (*call).listTagsForResource)
}

func (c *call) listTagsForResource(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	var found key
	if err := c.key(ctx, need{field: "ResourceArn", identifier: in.ResourceArn}, &found); err != nil {
		return nil, err
	}
	of := pageOf{op: c.op, place: found.partition(), filter: found.arn.key}
	after, err := c.position(ctx, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	// Positions are tag keys, so that tags may come and go between pages.
	rest := slices.DeleteFunc(slices.Clone(found.tags), func(t apc.Tag) bool { return after != "" && t.Key <= after })
	out := &ListTagsForResourceOutput{Tags: rest[:min(len(rest), c.pageSize(in.MaxResults))]}
	if len(out.Tags) < len(rest) {
		out.NextToken, err = c.nextToken(ctx, of, out.Tags[len(out.Tags)-1].Key)
	}
	return out, err
}
