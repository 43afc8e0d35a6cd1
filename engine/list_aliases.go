package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// ListAliases lists the caller's aliases in the order of their names: all of
// them, or those of one key, which must exist (GUESS G-alias-filter; for the order GUESS G-list-order).
func (c *Caller) ListAliases(ctx context.Context, in *ListAliasesInput) (*ListAliasesOutput, error) {
	return core.Run(ctx, c.caller, "ListAliases", in, listAliases)
}

func listAliases(ctx context.Context, c *core.Call, in *ListAliasesInput) (*ListAliasesOutput, error) {
	var filter keystore.Filter
	of := core.PageOf{Op: c.Op, Place: c.Home()}
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	if in.KeyArn != nil {
		var target core.Key
		if err := c.Key(ctx, core.Need{Field: "KeyArn", Identifier: *in.KeyArn}, &target); err != nil {
			return nil, err
		}
		filter.Index, of.Filter = &target.ARN.Key, target.ARN.Key
	}
	after, err := c.Position(ctx, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	recs, more, err := page(ctx, c, core.KindAlias, filter, after, c.PageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListAliasesOutput{}
	if out.Aliases, err = viewAliases(ctx, c, recs, filter.Index); err != nil {
		return nil, err
	}
	if more {
		out.NextToken, err = c.NextToken(ctx, of, recs[len(recs)-1].ID)
	}
	return out, err
}

// viewAliases looks up the aliases of a page with their keys, in one
// snapshot. One that was deleted in between, or points elsewhere now, is left
// out; one whose record cannot be read is left out and reported.
func viewAliases(ctx context.Context, c *core.Call, recs []keystore.Record, target *string) ([]Alias, error) {
	out := make([]Alias, 0, len(recs))
	if len(recs) == 0 {
		return out, nil
	}
	refs := make([]keystore.Ref, len(recs))
	for i, rec := range recs {
		refs[i] = core.ARN{Partition: rec.Partition, Alias: rec.ID}.AliasRef()
	}
	found, err := c.Cloud.Read(ctx, refs...)
	if err != nil {
		return nil, core.StoreError(err)
	}
	for _, f := range found {
		if !f.Record.Exists() {
			continue
		}
		a, err := c.ViewAlias(f)
		if err != nil {
			c.Cloud.ReportSkipped(&f.Record, c.Now, err)
			continue
		}
		if target == nil || a.Key == *target {
			out = append(out, describeAlias(&a))
		}
	}
	return out, nil
}
