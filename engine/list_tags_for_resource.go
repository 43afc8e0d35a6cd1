package engine

import (
	"context"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// ListTagsForResource lists the tags of a key in the order of their keys (GUESS G-list-order).
func (c *Caller) ListTagsForResource(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	return core.Run(ctx, c.caller, "ListTagsForResource", in, listTagsForResource)
}

func listTagsForResource(ctx context.Context, c *core.Call, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	var found core.Key
	if err := c.Key(ctx, core.Need{Field: "ResourceArn", Identifier: in.ResourceArn}, &found); err != nil {
		return nil, err
	}
	of := core.PageOf{Op: c.Op, Place: found.Partition(), Filter: found.ARN.Key}
	after, err := c.Position(ctx, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	// Positions are tag keys, so that tags may come and go between pages.
	rest := slices.DeleteFunc(slices.Clone(found.Tags), func(t apc.Tag) bool { return after != "" && t.Key <= after })
	out := &ListTagsForResourceOutput{Tags: rest[:min(len(rest), c.PageSize(in.MaxResults))]}
	if len(out.Tags) < len(rest) {
		out.NextToken, err = c.NextToken(ctx, of, out.Tags[len(out.Tags)-1].Key)
	}
	return out, err
}
