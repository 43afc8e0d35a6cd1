package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// ListKeys lists the caller's keys in the order of their ids, deleted ones
// included. One whose record cannot be read is left out and reported.
func (c *Caller) ListKeys(ctx context.Context, in *ListKeysInput) (*ListKeysOutput, error) {
	return core.Run(ctx, c.caller, "ListKeys", in, listKeys)
}

func listKeys(ctx context.Context, c *core.Call, in *ListKeysInput) (*ListKeysOutput, error) {
	var wanted apc.KeyState
	if in.KeyState != nil {
		wanted = *in.KeyState
	}
	of := core.PageOf{Op: c.Op, Place: c.Home(), Filter: string(wanted)}
	after, err := c.Position(ctx, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	_, backlog, err := c.Cloud.SettleDue(ctx, c.Home(), c.Now)
	if err != nil {
		return nil, err
	}
	// The store can only filter by what has been settled. With a backlog
	// longer than one operation settles, pages are filtered here.
	var filter keystore.Filter
	if wanted != "" && !backlog {
		filter.Index = new(string(wanted))
	}
	recs, more, err := page(ctx, c, core.KindKey, filter, after, c.PageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListKeysOutput{Keys: make([]KeySummary, 0, len(recs))}
	for i := range recs {
		var item core.Key
		if err := c.View(&recs[i], &item); err != nil {
			c.Cloud.ReportSkipped(&recs[i], c.Now, err)
			continue
		}
		if !item.Hidden() && !item.NoLongerShown(c.Now, &c.Cloud.Limits) && (wanted == "" || item.State == wanted) {
			out.Keys = append(out.Keys, summarizeKey(&item))
		}
	}
	if more {
		out.NextToken, err = c.NextToken(ctx, of, recs[len(recs)-1].ID)
	}
	return out, err
}

// page reads a page of the caller's records and whether more follow.
func page(
	ctx context.Context,
	c *core.Call,
	kind keystore.Kind,
	f keystore.Filter,
	after string,
	size int,
) ([]keystore.Record, bool, error) {
	recs, err := c.Cloud.Store.Page(ctx, c.Home(), kind, f, after, size+1)
	if err != nil {
		return nil, false, core.StoreError(err)
	}
	if len(recs) > size {
		return recs[:size], true, nil
	}
	return recs, false, nil
}
