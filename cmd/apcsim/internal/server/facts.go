package server

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// maxDue is how many keys, tokens and certificates GET due lists at most.
const maxDue = 1000

// names finds the aliases of keys, each once.
type names struct {
	q     *request
	known map[string]string
}

func (q *request) newNames() *names { return &names{q, map[string]string{}} }

// of is the name of what an identifier names: an alias, or the end of an ARN.
func (n *names) of(identifier string) string {
	_, resource, isARN := cutARN(identifier)
	if !isARN {
		return identifier
	}
	if name, ok := n.known[identifier]; ok {
		return name
	}
	name := strings.TrimPrefix(resource, "key/")
	if name != resource {
		aliases, err := aliasesOf(n.q.Context(), n.q.world.engine.As(placeOf(identifier, n.q.server.home)), identifier)
		if err == nil && len(aliases) > 0 {
			name = aliases[0]
		}
	}
	n.known[identifier] = name
	return name
}

// cutARN parts an ARN into account and Region, and the resource.
func cutARN(arn string) (place keystore.Partition, resource string, ok bool) {
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return place, "", false
	}
	return keystore.Partition{Account: p[4], Region: p[3]}, p[5], true
}

// placeOf is the caller that reads a resource: in its account and Region.
func placeOf(arn string, home apc.Identity) apc.Identity {
	place, _, _ := cutARN(arn)
	return owner(place.Account, place.Region, home)
}

// listedView is a key of a list: its summary, and what people ask for besides it.
type listedView struct {
	summaryView
	KeyOrigin              apc.KeyOrigin
	CreateTimestamp        time.Time
	DeletePendingTimestamp *time.Time `json:",omitempty"`
	DeleteTimestamp        *time.Time `json:",omitempty"`
	Aliases                []string   `json:",omitempty"`
}

// listed completes the summary of a key. One that is no longer shown stays a summary.
func listed(ctx context.Context, c *engine.Caller, k engine.KeySummary) (listedView, error) {
	view := listedView{summaryView: summaryView(k)}
	out, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
	if err != nil {
		return view, err
	}
	view.KeyOrigin, view.CreateTimestamp = out.Key.KeyOrigin, out.Key.CreateTimestamp
	view.DeletePendingTimestamp, view.DeleteTimestamp = out.Key.DeletePendingTimestamp, out.Key.DeleteTimestamp
	if out.Key.KeyState != apc.KeyStateDeleteComplete {
		view.Aliases, err = aliasesOf(ctx, c, k.KeyArn)
	}
	return view, err
}

// due answers with what is due by the clock, soonest first.
func (q *request) due() (any, error) {
	limit, err := q.number("limit", maxDue, maxDue)
	if err != nil {
		return nil, err
	}
	items, err := q.dueItems(limit)
	return struct {
		Now   time.Time         `json:"now"`
		Items []console.DueItem `json:"due"`
	}{q.world.clock.now(), items}, err
}

// dueItems are keys that wait for their deletion and open tokens, of all accounts and Regions, and
// the certificates of the key pairs in the server's own account and Region.
func (q *request) dueItems(limit int) ([]console.DueItem, error) {
	ctx, now := q.Context(), q.world.clock.now()
	if err := q.world.engine.Settle(ctx); err != nil {
		return nil, err
	}
	records, err := q.world.store.Due(ctx, keystore.Partition{}, now.Add(maxDuration), maxDue)
	if err != nil {
		return nil, err
	}
	pairs, err := q.world.store.Page(ctx,
		keystore.Partition{Account: q.server.home.Account, Region: q.server.home.Region}, core.KindKey,
		keystore.Filter{}, "", maxDue)
	if err != nil {
		return nil, err
	}
	items := []console.DueItem{}
	for i := range records {
		items = appendDue(items, &records[i])
	}
	life := cmp.Or(q.server.limits().CertificateLife, 90*day)
	for i := range pairs {
		var k core.Key
		if err := k.Decode(&pairs[i]); err == nil && k.Certificate != "" {
			items = append(
				items,
				console.DueItem{At: k.Certified.Add(life), Since: k.Certified, What: "the certificate expires", Resource: k.ARN.String()},
			)
		}
	}
	slices.SortStableFunc(items, func(a, b console.DueItem) int { return a.At.Compare(b.At) })
	items = items[:min(limit, len(items))]
	names := q.newNames()
	for i := range items {
		items[i].Name = names.of(items[i].Resource)
	}
	return items, nil
}

// appendDue appends the change that is due for a record, if there is one. Records that
// cannot be read are left out, and so are records that are only removed later.
func appendDue(items []console.DueItem, rec *keystore.Record) []console.DueItem {
	switch rec.Kind {
	case core.KindKey:
		var k core.Key
		if k.Decode(rec) != nil || k.DeletePending.IsZero() {
			return items
		}
		return append(items, console.DueItem{At: k.DeletePending, Since: k.Created, What: "the key is deleted", Resource: k.ARN.String()})
	case core.KindToken:
		t, err := core.DecodeToken(rec)
		if err != nil || t.Settled() {
			return items
		}
		return append(items, console.DueItem{At: t.Expires, Since: t.Created, What: "the token expires", Resource: t.ID})
	}
	return items
}

// graph answers with which key wrapped which, as far as calls since the start have shown.
func (q *request) graph() (any, error) { return q.makeGraph(), nil }

func (q *request) makeGraph() *console.Graph {
	g, names := &console.Graph{Keys: []console.GraphKey{}, Wraps: []console.GraphWrap{}}, q.newNames()
	place := map[string]int{}
	node := func(identifier string) int {
		if i, ok := place[identifier]; ok {
			return i
		}
		k := console.GraphKey{ID: identifier, Name: names.of(identifier)}
		if _, _, isARN := cutARN(identifier); isARN {
			out, err := q.world.engine.As(placeOf(identifier, q.server.home)).
				GetKey(q.Context(), &engine.GetKeyInput{KeyIdentifier: identifier})
			if err == nil {
				k.Algorithm, k.State, k.Enabled = out.Key.KeyAttributes.KeyAlgorithm, out.Key.KeyState, out.Key.Enabled
			}
		}
		g.Keys = append(g.Keys, k)
		place[identifier] = len(g.Keys) - 1
		return len(g.Keys) - 1
	}
	for _, t := range q.world.calls.allTransfers() {
		g.Wrap(node(t.wrapping), node(t.wrapped), t.how, t.at)
	}
	return g
}
