package core

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// tagged is a request with a condition key of its own.
type tagged struct{}

func (tagged) ConditionValues(key string) []string {
	if key == "aws:tagkeys" {
		return []string{"a", "b"}
	}
	return nil
}

// aliased is a question about a key that has so many aliases in the store.
func aliased(t *testing.T, n int) *question {
	t.Helper()
	c := &Call{Caller: testCaller(t), Now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	var key Key
	key.ARN = ARN{Partition: c.Home(), Key: "kwapwa6qaifllw2h"}
	key.State, key.Tags = apc.KeyStateCreateComplete, []apc.Tag{{Key: "Team", Value: "pos"}}
	for i := range n {
		for _, a := range []Alias{{Partition: c.Home(), Name: fmt.Sprintf("alias/%04d", i), Key: key.ARN.Key},
			{Partition: c.Home(), Name: fmt.Sprintf("alias/other-%04d", i), Key: "tqv5yij6wtxx64pi"}} {
			if err := c.Cloud.Commit(t.Context(), keystore.Create(a.Record())); err != nil {
				t.Fatal(err)
			}
		}
	}
	q := c.ask(t.Context(), "GetKey", "*")
	q.about(&key)
	return q
}

func TestConditionKeysHaveTheValuesOfTheRequest(t *testing.T) {
	q := aliased(t, 0)
	q.c.Identity.ARN, q.c.Identity.Tags = "arn:aws:sts::111122223333:assumed-role/teller/monday", map[string]string{"Desk": "4"}
	q.c.in, q.alias = tagged{}, "alias/pos"
	from := func(s Source) context.Context { return WithSource(t.Context(), s) }
	address := netip.MustParseAddr("::ffff:203.0.113.7")
	for _, c := range []struct {
		ctx  context.Context
		key  string
		want []string
	}{
		{t.Context(), "aws:principalarn", []string{"arn:aws:iam::111122223333:role/teller"}},
		{t.Context(), "aws:principalaccount", []string{"111122223333"}},
		{t.Context(), "aws:requestedregion", []string{"us-east-1"}},
		{t.Context(), "aws:currenttime", []string{"2026-05-01T12:00:00Z"}},
		{t.Context(), "aws:epochtime", []string{"1777636800"}},
		{t.Context(), "aws:principaltag/desk", []string{"4"}},
		{t.Context(), "aws:principaltag/chair", nil},
		{t.Context(), "aws:resourcetag/team", []string{"pos"}},
		{t.Context(), "aws:resourcetag/", nil},
		{t.Context(), "aws:tagkeys", []string{"a", "b"}},
		{t.Context(), "aws:unheardof", nil},
		{t.Context(), "payment-cryptography:requestalias", []string{"alias/pos"}},
		{t.Context(), "payment-cryptography:resourcealiases", nil},
		{t.Context(), "aws:sourceip", nil},
		{t.Context(), "aws:securetransport", nil},
		{from(Source{Address: address, Secure: true}), "aws:sourceip", []string{"203.0.113.7"}},
		{from(Source{Address: address, Secure: true}), "aws:securetransport", []string{"true"}},
		{from(Source{Secure: false}), "aws:sourceip", nil}, // without a socket
		{from(Source{Secure: false}), "aws:securetransport", []string{"false"}},
	} {
		q.ctx = c.ctx
		if got := q.Values(c.key); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.key, got, c.want)
		}
	}
	q.about(&Key{}) // of an operation without a key
	q.alias = ""
	for _, key := range []string{"aws:resourcetag/team", "payment-cryptography:requestalias", "payment-cryptography:resourcealiases"} {
		if got := q.Values(key); got != nil {
			t.Errorf("%s without a key: got %q", key, got)
		}
	}
}

// TestAliasesOfAConditionAreThoseOfTheKey, however many pages of the store they are.
func TestAliasesOfAConditionAreThoseOfTheKey(t *testing.T) {
	for _, n := range []int{1, SettleBatch - 1, SettleBatch, SettleBatch + 1, 2*SettleBatch + 3} {
		var want []string
		for i := range n {
			want = append(want, fmt.Sprintf("alias/%04d", i))
		}
		if got := aliased(t, n).Values("payment-cryptography:resourcealiases"); !slices.Equal(got, want) {
			t.Errorf("%d aliases: got %d, %q", n, len(got), got)
		}
	}
}

// TestAFailureOfTheStoreIsNoAnswerOfACondition: the question fails.
func TestAFailureOfTheStoreIsNoAnswerOfACondition(t *testing.T) {
	q := aliased(t, 1)
	q.c.Cloud.Store.Close()
	if got := q.Values("payment-cryptography:resourcealiases"); got != nil || q.fail == nil {
		t.Errorf("got %q, %v", got, q.fail)
	}
}
