package core

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/policy"
)

// conditioned is a request that has values of condition keys of its own.
type conditioned interface {
	// ConditionValues returns the values of a condition key, in lower case.
	ConditionValues(key string) []string
}

// Source is where a request came from.
type Source struct {
	Address netip.Addr
	Secure  bool // over TLS
}

type sourceKey struct{}

// WithSource is a context whose operations came from somewhere: aws:SourceIp and aws:SecureTransport.
func WithSource(ctx context.Context, s Source) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// Values returns the values of a condition key for the request that is decided on. Keys that the
// simulator has no values for are absent.
func (q *question) Values(key string) []string {
	switch key {
	case "aws:principalarn":
		p := policy.Principal{Account: q.c.Identity.Account, ARN: q.c.Identity.ARN}
		if role := p.Role(); role != "" {
			return []string{role}
		}
		return []string{p.ARN}
	case "aws:principalaccount":
		return []string{q.c.Identity.Account}
	case "aws:requestedregion":
		return []string{q.c.Identity.Region}
	case "aws:currenttime":
		return []string{q.c.Now.Format(timeForm)}
	case "aws:epochtime":
		return []string{strconv.FormatInt(q.c.Now.Unix(), 10)}
	case "aws:sourceip", "aws:securetransport":
		return q.source(key)
	case actionPrefix + "requestalias":
		if q.alias != "" {
			return []string{q.alias}
		}
		return nil
	case actionPrefix + "resourcealiases":
		return q.aliases()
	}
	if name, ok := strings.CutPrefix(key, "aws:principaltag/"); ok {
		return q.principalTag(name)
	}
	if name, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok {
		return q.resourceTag(name)
	}
	if in, ok := q.c.in.(conditioned); ok {
		return in.ConditionValues(key)
	}
	return nil
}

func (q *question) source(key string) []string {
	s, ok := q.ctx.Value(sourceKey{}).(Source)
	switch {
	case !ok:
		return nil
	case key == "aws:securetransport":
		return []string{strconv.FormatBool(s.Secure)}
	case !s.Address.IsValid():
		return nil
	}
	return []string{s.Address.Unmap().String()}
}

func (q *question) principalTag(name string) (out []string) {
	for key, value := range q.c.Identity.Tags {
		if strings.EqualFold(key, name) {
			out = append(out, value)
		}
	}
	return out
}

func (q *question) resourceTag(name string) (out []string) {
	if !q.hasKey {
		return nil
	}
	for _, t := range q.key.tags {
		if strings.EqualFold(t.Key, name) {
			out = append(out, t.Value)
		}
	}
	return out
}

// aliases are those of the key. It is read only for a policy that has a condition on them.
func (q *question) aliases() (out []string) {
	if !q.hasKey {
		return nil
	}
	filter := keystore.Filter{Index: &q.key.arn.Key}
	for after := ""; ; after = out[len(out)-1] {
		page, err := q.c.Cloud.Store.Page(q.ctx, q.key.arn.Partition, KindAlias, filter, after, SettleBatch)
		if err != nil {
			q.fail = StoreError(err)
			return nil
		}
		for i := range page {
			out = append(out, page[i].ID)
		}
		if len(page) < SettleBatch {
			return out
		}
	}
}
