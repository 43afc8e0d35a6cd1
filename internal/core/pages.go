package core

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

// PageOf is what a page token is bound to, besides the position in it: a
// token opens only in the operation, the place and with the filter that it
// was made for. MaxResults may change from page to page.
type PageOf struct {
	Op     string
	Place  keystore.Partition
	Filter string
}

func (p PageOf) message(position string) []byte {
	w := &writer{b: []byte{pageVersion}}
	for _, s := range []string{p.Op, p.Place.Account, p.Place.Region, p.Filter, position} {
		w.text(s)
	}
	return w.b
}

// NextToken makes the token of the page that begins after a position.
func (c *Call) NextToken(ctx context.Context, p PageOf, position string) (*string, error) {
	mac, err := c.pageMAC(ctx, p, position)
	if err != nil {
		return nil, err
	}
	w := &writer{b: []byte{pageVersion}}
	w.text(position)
	w.bytes(mac)
	return new(base64.RawURLEncoding.EncodeToString(w.b)), nil
}

// Position opens a token, however old it is (GUESS G-page-token-life). Nothing in it is used before its MAC has been
// checked.
func (c *Call) Position(ctx context.Context, p PageOf, token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	// GUESS G-page-token: the exception.
	bad := Invalid("The provided NextToken is invalid.", Because(apc.RulePageToken, "NextToken", problemPageToken,
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

func (c *Call) pageMAC(ctx context.Context, p PageOf, position string) ([]byte, error) {
	ref, err := c.Cloud.pageKey(ctx)
	if err != nil {
		return nil, err
	}
	mac, err := c.Cloud.HSM.HMAC(ctx, ref, p.message(position))
	if err != nil {
		return nil, HSMError(err)
	}
	return mac[:pageMAC], nil
}

// PageSize is how many items were asked for.
func (c *Call) PageSize(asked *int) int {
	if asked == nil {
		return c.Cloud.Limits.DefaultPage
	}
	return *asked
}
