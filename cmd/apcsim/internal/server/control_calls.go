package server

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// read takes the body into what to points to.
func (q *request) read(to any) error { return decode(q.body, to) }

// number is a number of the query, or its default where there is none.
func (q *request) number(name string, absent, most int) (int, error) {
	text := q.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, &inputError{"?" + name, "wanted a number from 1 to " + strconv.Itoa(most)}
	}
	return n, nil
}

// caller is the caller that reads: the account and Region of the query, or the
// server's.
func (q *request) caller() (*engine.Caller, error) {
	account, region := q.URL.Query().Get("account"), q.URL.Query().Get("region")
	switch {
	case account != "" && !accountPattern.MatchString(account):
		return nil, &inputError{"?account", "wanted 12 digits"}
	case region != "" && !regionPattern.MatchString(region):
		return nil, &inputError{"?region", `wanted a Region like "us-east-1"`}
	}
	return q.world.engine.As(owner(account, region, q.server.home)), nil
}

func (q *request) index() (any, error) {
	out := struct {
		Calls []ownCall `json:"calls"`
	}{ownCalls()}
	for i := range out.Calls {
		out.Calls[i].Path = ownPath + out.Calls[i].Path
	}
	return out, nil
}

func (q *request) health() (any, error) {
	return struct {
		Status  string    `json:"status"`
		Version string    `json:"version"`
		Now     time.Time `json:"now"` // the simulator's
	}{"ok", version(), q.world.clock.now()}, nil
}

// timeView is the simulator's time.
type timeView struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"` // how far it is ahead of the wall clock: "72h0m0s"
}

func (q *request) now() (any, error) {
	return timeView{q.world.clock.now(), q.world.clock.ahead().String()}, nil
}

func (q *request) advance() (any, error) {
	var in struct {
		Duration *duration `json:"duration"`
	}
	if err := q.read(&in); err != nil {
		return nil, err
	}
	if in.Duration == nil {
		return nil, &inputError{"duration", "is missing"}
	}
	if err := q.world.clock.advance(q.Context(), time.Duration(*in.Duration)); err != nil {
		return nil, err
	}
	return q.now()
}

func (q *request) resetClock() (any, error) {
	if err := q.noMembers(); err != nil {
		return nil, err
	}
	if err := q.world.clock.reset(q.Context()); err != nil {
		return nil, err
	}
	return q.now()
}

// noMembers refuses a body that has anything in it.
func (q *request) noMembers() error {
	if len(bytes.TrimSpace(q.body)) == 0 {
		return nil
	}
	return q.read(&struct{}{})
}

func (q *request) reset() (any, error) {
	if q.server.options.Store != nil {
		return nil, &ownError{
			http.StatusConflict,
			"the store keeps the data, perhaps for other servers too: only a simulator in memory can be reset",
		}
	}
	if err := q.noMembers(); err != nil {
		return nil, err
	}
	q.server.resetting.Lock()
	defer q.server.resetting.Unlock()
	fresh, err := q.server.reset(q.Context())
	if err != nil {
		return nil, err
	}
	return timeView{fresh.clock.now(), fresh.clock.ahead().String()}, nil
}

// loadedView is a key that was loaded, and what each custodian compares.
type loadedView struct {
	Key                  keyView  `json:"key"`
	ComponentCheckValues []string `json:"componentCheckValues"`
}

func (q *request) loadKey() (any, error) {
	var k Key
	defer k.destroy()
	if err := q.read(&k); err != nil {
		return nil, err
	}
	if err := k.check(""); err != nil {
		return nil, err
	}
	out, err := k.load(q.Context(), q.world.engine.As(k.owner(q.server.home)))
	if err != nil {
		return nil, err
	}
	return loadedView{keyView(out.Key), out.ComponentCheckValues}, nil
}

func (q *request) listKeys() (any, error) {
	c, err := q.caller()
	if err != nil {
		return nil, err
	}
	limit, err := q.number("limit", maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	return q.pageOfKeys(c, limit)
}

// pageOfKeys is the caller's keys from where the request says on.
func (q *request) pageOfKeys(c *engine.Caller, limit int) (*pageView, error) {
	in := &engine.ListKeysInput{MaxResults: &limit}
	if next := q.URL.Query().Get("next"); next != "" {
		in.NextToken = &next
	}
	out, err := c.ListKeys(q.Context(), in)
	if err != nil {
		return nil, err
	}
	view := &pageView{Keys: []listedView{}, Next: out.NextToken}
	for _, k := range out.Keys {
		l, err := listed(q.Context(), c, k)
		if err != nil {
			return nil, err
		}
		view.Keys = append(view.Keys, l)
	}
	return view, nil
}

// maxPage is the most items the engine gives in one answer.
const maxPage = 100

func (q *request) inspectKey() (any, error) {
	c, err := q.caller()
	if err != nil {
		return nil, err
	}
	name := q.id
	if _, _, isARN := cutARN(name); isARN { // with its own account and Region
		c = q.world.engine.As(placeOf(name, q.server.home))
	} else if !strings.HasPrefix(name, "alias/") {
		who := c.Identity()
		name = "arn:aws:payment-cryptography:" + who.Region + ":" + who.Account + ":key/" + name
	}
	out, err := c.GetKey(q.Context(), &engine.GetKeyInput{KeyIdentifier: name})
	if err != nil {
		return nil, err
	}
	view := inspection{Key: keyView(out.Key)}
	if out.Key.KeyState == apc.KeyStateDeleteComplete {
		return view, nil
	}
	if view.Aliases, err = aliasesOf(q.Context(), c, out.Key.KeyArn); err != nil {
		return nil, err
	}
	view.Tags, err = tagsOf(q.Context(), c, out.Key.KeyArn)
	return view, err
}

func aliasesOf(ctx context.Context, c *engine.Caller, key string) (names []string, err error) {
	in := &engine.ListAliasesInput{KeyArn: &key, MaxResults: new(maxPage)}
	for {
		out, err := c.ListAliases(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, a := range out.Aliases {
			names = append(names, a.AliasName)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return names, nil
		}
	}
}

func tagsOf(ctx context.Context, c *engine.Caller, key string) (tags []apc.Tag, err error) {
	in := &engine.ListTagsForResourceInput{ResourceArn: key, MaxResults: new(maxPage)}
	for {
		out, err := c.ListTagsForResource(ctx, in)
		if err != nil {
			return nil, err
		}
		tags = append(tags, out.Tags...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return tags, nil
		}
	}
}
