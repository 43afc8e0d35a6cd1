package server

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// keysShown is how many keys a page has.
const keysShown = 50

func (q *request) keysPage() (*console.Page, error) {
	c, err := q.caller()
	if err != nil {
		return nil, err
	}
	found, err := q.pageOfKeys(c, keysShown)
	if err != nil {
		return nil, err
	}
	who := c.Identity()
	p := &console.KeysPage{Account: who.Account, Region: who.Region, Later: q.URL.Query().Get("next") != ""}
	if found.Next != nil {
		p.Next = *found.Next
	}
	for _, k := range found.Keys {
		p.Keys = append(p.Keys, q.keyRow(k))
	}
	return &console.Page{View: "keys", Title: "Keys", Data: p}, nil
}

func (q *request) keyRow(k listedView) console.KeyRow {
	_, id, _ := strings.Cut(k.KeyArn, ":key/")
	return console.KeyRow{ARN: k.KeyArn, ID: id, Aliases: k.Aliases, Attributes: k.KeyAttributes, CheckValue: k.KeyCheckValue,
		State: k.KeyState, Enabled: k.Enabled, Exportable: k.Exportable, Deletion: k.DeletePendingTimestamp, Now: q.world.clock.now()}
}

func (q *request) keyPage() (*console.Page, error) {
	found, err := q.inspectKey()
	if err != nil {
		return nil, err
	}
	view := found.(inspection)
	k := &view.Key
	_, id, _ := strings.Cut(k.KeyArn, ":key/")
	p := &console.KeyPage{
		KeyRow: console.KeyRow{ARN: k.KeyArn, ID: id, Aliases: view.Aliases, Attributes: k.KeyAttributes, CheckValue: k.KeyCheckValue,
			State: k.KeyState, Enabled: k.Enabled, Exportable: k.Exportable, Deletion: k.DeletePendingTimestamp, Now: q.world.clock.now()},
		Tags:  view.Tags,
		Facts: keyFacts(k),
		Modes: modesOf(k.KeyAttributes.KeyModesOfUse),
	}
	policy, err := q.world.engine.As(placeOf(k.KeyArn, q.server.home)).
		GetResourcePolicy(q.Context(), &engine.GetResourcePolicyInput{ResourceArn: k.KeyArn})
	if err == nil { // a key without one is refused
		p.Policy = policy.Policy
	}
	place, _, _ := cutARN(k.KeyArn)
	mine := []string{k.KeyArn}
	for _, a := range view.Aliases {
		mine = append(mine, a, "arn:aws:payment-cryptography:"+place.Region+":"+place.Account+":"+a)
	}
	p.Calls = q.named(q.world.calls.latest(0, callFilter{keys: mine}, keysShown))
	slices.Reverse(p.Calls)
	for _, w := range q.makeGraph().Rows() {
		if w.From.ID == k.KeyArn || w.To.ID == k.KeyArn {
			p.Wraps = append(p.Wraps, w)
		}
	}
	title := id
	if len(view.Aliases) > 0 {
		title = view.Aliases[0]
	}
	return &console.Page{View: "key", Title: "Key " + title, Data: p}, nil
}

// keyFacts are the members that have no place of their own on the page.
func keyFacts(k *keyView) (facts [][2]string) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, [2]string{name, value})
		}
	}
	at := func(name string, t *time.Time) {
		if t != nil {
			add(name, console.Moment(*t)+" UTC")
		}
	}
	add("Check value", k.KeyCheckValue+" ("+string(k.KeyCheckValueAlgorithm)+")")
	add("Exportable", map[bool]string{true: "yes", false: "no"}[k.Exportable])
	add("Origin", string(k.KeyOrigin))
	at("Created", &k.CreateTimestamp)
	at("Used from", k.UsageStartTimestamp)
	at("Stopped", k.UsageStopTimestamp)
	at("Deletion", k.DeletePendingTimestamp)
	at("Deleted", k.DeleteTimestamp)
	if k.MultiRegionKeyType != nil {
		add("Multi-Region", string(*k.MultiRegionKeyType))
	}
	if k.PrimaryRegion != nil {
		add("Primary Region", *k.PrimaryRegion)
	}
	for _, region := range slices.Sorted(maps.Keys(k.ReplicationStatus)) {
		add("Replica in "+region, string(k.ReplicationStatus[region].Status))
	}
	return facts
}

func modesOf(m apc.KeyModesOfUse) (names []string) {
	for f, v := range reflect.ValueOf(m).Fields() {
		if v.Kind() == reflect.Bool && v.Bool() {
			names = append(names, f.Name)
		}
	}
	return names
}

// limitsPage shows what is used of what is allowed in an account and Region.
func (q *request) limitsPage() (*console.Page, error) {
	c, err := q.caller()
	if err != nil {
		return nil, err
	}
	who, limits := c.Identity(), q.server.limits()
	place := keystore.Partition{Account: who.Account, Region: who.Region}
	found, err := q.world.store.Read(
		q.Context(),
		core.Counter(place, core.CountKeys),
		core.Counter(place, core.CountAlias),
		core.Counter(place, core.CountTokens),
	)
	if err != nil {
		return nil, err
	}
	used := func(i int) int { return int(keystore.CounterValue(found[i].Record)) }
	return &console.Page{
		View:  "limits",
		Title: "Limits",
		Data: &console.LimitsPage{Account: who.Account, Region: who.Region, Rows: []console.LimitRow{
			{Name: "Keys", Used: used(0), Most: cmp.Or(limits.Keys, 2000)},
			{Name: "Aliases", Used: used(1), Most: cmp.Or(limits.Aliases, 2000)},
			{Name: "Open import and export tokens", Used: used(2), Most: limits.OpenTokens},
		}},
	}, nil
}
