package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// ListAliases lists the caller's aliases in the order of their names: all of
// them, or those of one key.
func (c *Caller) ListAliases(ctx context.Context, in *ListAliasesInput) (*ListAliasesOutput, error) {
	return run(ctx, c.caller, "ListAliases", in, (*call).listAliases)
}

func (c *call) listAliases(ctx context.Context, in *ListAliasesInput) (*ListAliasesOutput, error) {
	var filter keystore.Filter
	of := pageOf{op: c.op, place: c.home()}
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	if in.KeyArn != nil {
		var target key
		if err := c.key(ctx, need{field: "KeyArn", identifier: *in.KeyArn}, &target); err != nil {
			return nil, err
		}
		filter.Index, of.filter = &target.arn.key, target.arn.key
	}
	after, err := c.position(ctx, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	recs, more, err := c.page(ctx, kindAlias, filter, after, c.pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListAliasesOutput{}
	if out.Aliases, err = c.viewAliases(ctx, recs, filter.Index); err != nil {
		return nil, err
	}
	if more {
		out.NextToken, err = c.nextToken(ctx, of, recs[len(recs)-1].ID)
	}
	return out, err
}

// viewAliases looks up the aliases of a page with their keys, in one
// snapshot. One that was deleted in between, or points elsewhere now, is left
// out; one whose record cannot be read is left out and reported.
func (c *call) viewAliases(ctx context.Context, recs []keystore.Record, target *string) ([]Alias, error) {
	out := make([]Alias, 0, len(recs))
	if len(recs) == 0 {
		return out, nil
	}
	refs := make([]keystore.Ref, len(recs))
	for i, rec := range recs {
		refs[i] = arn{Partition: rec.Partition, alias: rec.ID}.aliasRef()
	}
	found, err := c.cloud.store.Read(ctx, refs...)
	if err != nil {
		return nil, storeError(err)
	}
	for _, f := range found {
		if !f.Record.Exists() {
			continue
		}
		a, err := c.viewAlias(f)
		if err != nil {
			c.cloud.reportSkipped(&f.Record, c.now, err)
			continue
		}
		if target == nil || a.key == *target {
			out = append(out, describeAlias(&a))
		}
	}
	return out, nil
}
