package engine

import (
	"context"
	"crypto/hmac"
	"encoding/base64"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const (
	pageVersion = 1
	pageMAC     = 16 // bytes
)

// pageOf is what a page token is bound to, besides the position in it: a
// token opens only in the operation, the place and with the filter that it
// was made for. MaxResults may change from page to page.
type pageOf struct {
	op     string
	place  keystore.Partition
	filter string
}

func (p pageOf) message(position string) []byte {
	w := &writer{b: []byte{pageVersion}}
	for _, s := range []string{p.op, p.place.Account, p.place.Region, p.filter, position} {
		w.text(s)
	}
	return w.b
}

// nextToken makes the token of the page that begins after a position.
func (c *call) nextToken(ctx context.Context, p pageOf, position string) (*string, error) {
	mac, err := c.pageMAC(ctx, p, position)
	if err != nil {
		return nil, err
	}
	w := &writer{b: []byte{pageVersion}}
	w.text(position)
	w.bytes(mac)
	return new(base64.RawURLEncoding.EncodeToString(w.b)), nil
}

// position opens a token. Nothing in it is used before its MAC has been
// checked.
func (c *call) position(ctx context.Context, p pageOf, token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	bad := invalid("The provided NextToken is invalid.", because(apc.RulePageToken, "NextToken", problemPageToken,
		"", "the NextToken of the page before, with the same filter"))
	raw, err := base64.RawURLEncoding.Strict().DecodeString(*token)
	if err != nil {
		return "", bad
	}
	r := newReader(raw, "page token", pageVersion)
	position, mac := r.text(), r.bytes()
	if r.end() != nil {
		return "", bad
	}
	want, err := c.pageMAC(ctx, p, position)
	if err != nil {
		return "", err
	}
	if !hmac.Equal(mac, want) {
		return "", bad
	}
	return position, nil
}

func (c *call) pageMAC(ctx context.Context, p pageOf, position string) ([]byte, error) {
	ref, err := c.cloud.pageKey(ctx)
	if err != nil {
		return nil, err
	}
	mac, err := c.cloud.hsm.HMAC(ctx, ref, p.message(position))
	if err != nil {
		return nil, hsmError(err)
	}
	return mac[:pageMAC], nil
}

// pageSize is how many items were asked for.
func (c *call) pageSize(asked *int) int {
	if asked == nil {
		return c.cloud.limits.DefaultPage
	}
	return *asked
}
