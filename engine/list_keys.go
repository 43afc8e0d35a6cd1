package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// ListKeys lists the caller's keys in the order of their ids, deleted ones
// included. One whose record cannot be read is left out and reported.
func (c *Caller) ListKeys(ctx context.Context, in *ListKeysInput) (*ListKeysOutput, error) {
	return run(ctx, c.caller, "ListKeys", in, (*call).listKeys)
}

func (c *call) listKeys(ctx context.Context, in *ListKeysInput) (*ListKeysOutput, error) {
	var wanted apc.KeyState
	if in.KeyState != nil {
		wanted = *in.KeyState
	}
	of := pageOf{op: c.op, place: c.home(), filter: string(wanted)}
	after, err := c.position(ctx, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	_, backlog, err := c.cloud.settleDue(ctx, c.home(), c.now)
	if err != nil {
		return nil, err
	}
	// The store can only filter by what has been settled. With a backlog
	// longer than one operation settles, pages are filtered here.
	var filter keystore.Filter
	if wanted != "" && !backlog {
		filter.Index = new(string(wanted))
	}
	recs, more, err := c.page(ctx, kindKey, filter, after, c.pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListKeysOutput{Keys: make([]KeySummary, 0, len(recs))}
	for i := range recs {
		var item key
		if err := c.view(&recs[i], &item); err != nil {
			c.cloud.reportSkipped(&recs[i], c.now, err)
			continue
		}
		if !item.forgotten(c.now, &c.cloud.limits) && (wanted == "" || item.state == wanted) {
			out.Keys = append(out.Keys, summarizeKey(&item))
		}
	}
	if more {
		out.NextToken, err = c.nextToken(ctx, of, recs[len(recs)-1].ID)
	}
	return out, err
}

// page reads a page of the caller's records and whether more follow.
func (c *call) page(ctx context.Context, kind keystore.Kind, f keystore.Filter, after string, size int) ([]keystore.Record, bool, error) {
	recs, err := c.cloud.store.Page(ctx, c.home(), kind, f, after, size+1)
	if err != nil {
		return nil, false, storeError(err)
	}
	if len(recs) > size {
		return recs[:size], true, nil
	}
	return recs, false, nil
}
