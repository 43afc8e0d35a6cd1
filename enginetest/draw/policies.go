package draw

import (
	"encoding/json"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// Policies. The statements are those that package model evaluates.

var effects = []string{"Allow", "Allow", "Deny"}

// actions are operations with wildcards, the widest first.
var actions = []string{"payment-cryptography:*", "*", "payment-cryptography:Get*", "payment-cryptography:*Key",
	"payment-cryptography:*Data", "payment-cryptography:GetKey", "payment-cryptography:DeleteKey", "payment-cryptography:ImportKey",
	"payment-cryptography:TagResource", "payment-cryptography:createkey", "payment-cryptography:*ReplicationRegions",
	"payment-cryptography:Generate*"}

// principals are accounts, their root, a user, a role and a session of it, and everyone.
func (r *Requests) principals() (all []string) {
	for _, p := range r.World.Places() {
		prefix := "arn:aws:iam::" + p.Account
		all = append(all, p.Account, prefix+":root", prefix+":user/alice", prefix+":role/teller", sessionOf(p.Account))
	}
	return append(all, "*")
}

func sessionOf(account string) string {
	return "arn:aws:sts::" + account + ":assumed-role/teller/monday"
}

// statement is a statement by its elements.
type statement map[string]any

// several draws one of all, or two.
func several(t *rapid.T, all []string, label string) any {
	one := even(all).Draw(t, label)
	if rapid.IntRange(0, 3).Draw(t, label+" more") < 3 {
		return one
	}
	return []string{one, even(all).Draw(t, label)}
}

// not draws whether an element is given by what it is not.
func not(t *rapid.T, element string) string {
	if rapid.IntRange(0, 4).Draw(t, "not "+element) == 4 {
		return "Not" + element
	}
	return element
}

// resourcePolicy draws the policy of a key.
func (r *Requests) resourcePolicy(t *rapid.T, arn string) string {
	var all []statement
	for range rapid.IntRange(1, 2).Draw(t, "statements") {
		s := statement{"Effect": rapid.SampledFrom(effects).Draw(t, "effect"), not(t, "Action"): several(t, actions, "action"),
			not(t, "Resource"): rapid.SampledFrom([]string{"*", "*", "*", arn, arn[:len(arn)-1]}).Draw(t, "resource")}
		if element := not(t, "Principal"); element == "Principal" {
			s[element] = map[string]any{"AWS": several(t, r.principals(), "principal")}
		} else {
			s[element] = map[string]any{"AWS": leftOut(even(r.World.Places()).Draw(t, "left out").Account,
				rapid.IntRange(0, 4).Draw(t, "how many"))}
		}
		r.conditions(t, s)
		all = append(all, s)
	}
	return document(all)
}

// plainPolicy draws a policy of one statement that is about everything but the principal.
func (r *Requests) plainPolicy(t *rapid.T) string {
	effect := even([]string{"Allow", "Deny"}).Draw(t, "plain effect")
	s := statement{"Effect": effect, "Action": "payment-cryptography:*", "Resource": "*",
		"Principal": map[string]any{"AWS": even(r.principals()).Draw(t, "plain principal")}}
	if effect == "Deny" && rapid.Bool().Draw(t, "plain not") {
		delete(s, "Principal")
		s["NotPrincipal"] = map[string]any{"AWS": leftOut(even(r.World.Places()).Draw(t, "plain left out").Account,
			even([]int{0, 1, 2, 3, 4}).Draw(t, "plain how many"))}
	}
	return document([]statement{s})
}

// leftOut are so many of an account's principals more than the account itself; 4 is a session without its role.
func leftOut(account string, n int) []string {
	if n == 4 {
		return []string{account, sessionOf(account)}
	}
	prefix := "arn:aws:iam::" + account
	return []string{account, prefix + ":user/alice", prefix + ":role/teller", sessionOf(account)}[:n+1]
}

func document(statements []statement) string {
	b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// identityPolicy draws a policy of a caller of an operation, which it often names.
func (r *Requests) identityPolicy(t *rapid.T, op string) string {
	var all []statement
	actions := append([]string{"payment-cryptography:" + op, "payment-cryptography:" + op, "payment-cryptography:" + op}, actions...)
	for range rapid.IntRange(1, 2).Draw(t, "statements") {
		s := statement{"Effect": rapid.SampledFrom(effects).Draw(t, "effect"), not(t, "Action"): several(t, actions, "action"),
			not(t, "Resource"): several(t, []string{"*", "*", "arn:aws:payment-cryptography:us-east-1:*:key/*",
				"arn:aws:payment-cryptography:*:111122223333:*", "arn:aws:payment-cryptography:*:*:alias/*"}, "resource")}
		r.conditions(t, s)
		all = append(all, s)
	}
	return document(all)
}

// conditions draws those of a statement: mostly none.
func (r *Requests) conditions(t *rapid.T, s statement) {
	n := max(0, rapid.IntRange(-1, 2).Draw(t, "conditions"))
	if n == 0 {
		return
	}
	all := map[string]map[string]any{}
	for range n {
		operator, key, values := r.condition(t)
		all[operator] = map[string]any{key: values}
	}
	s["Condition"] = all
}

// condition draws an operator, a condition key and its values.
func (r *Requests) condition(t *rapid.T) (operator, key string, values any) {
	accounts := []string{r.World.Places()[0].Account, r.World.Places()[len(r.World.Places())-1].Account}
	tag := tagKeys.Draw(t, "tag")
	at := r.now().Truncate(time.Second).Add(rapid.SampledFrom([]time.Duration{0, time.Hour, -time.Hour, 9 * 24 * time.Hour}).Draw(t, "time"))
	c := even([]struct {
		operators []string
		key       string
		values    []string
	}{
		{[]string{"StringEquals", "StringNotEquals"}, "aws:PrincipalAccount", accounts},
		{[]string{"ArnLike", "ArnNotLike"}, "aws:PrincipalArn", []string{"arn:aws:iam::" + accounts[0] + ":*",
			"arn:aws:iam::*:role/teller", "arn:aws:iam::*:user/*"}},
		{[]string{"StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringLike"}, "aws:PrincipalTag/desk", []string{"1", "2"}},
		{[]string{"StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringLike"}, "aws:ResourceTag/" + tag, []string{"x", "*"}},
		{[]string{"StringEquals", "StringNotEquals", "StringEqualsIfExists"}, "aws:RequestTag/" + tag, []string{"x"}},
		{[]string{"ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAnyValue:StringNotEquals"}, "aws:TagKeys",
			[]string{"a", "b", "never"}},
		{[]string{"StringEquals", "StringNotEquals"}, "aws:RequestedRegion", r.World.Regions()},
		{[]string{"StringEquals", "StringLike", "StringNotLike"}, "payment-cryptography:RequestAlias", []string{"alias/a", "alias/*"}},
		{[]string{"ForAnyValue:StringLike", "ForAllValues:StringNotLike"}, "payment-cryptography:ResourceAliases",
			[]string{"alias/a", "alias/b", "alias/*"}},
		{[]string{"Null"}, rapid.SampledFrom([]string{"aws:PrincipalTag/desk", "aws:ResourceTag/" + tag, "aws:TagKeys",
			"payment-cryptography:RequestAlias"}).Draw(t, "absent"), nil},
		{[]string{"Bool", "BoolIfExists"}, "aws:SecureTransport", nil},
		{[]string{"DateLessThan", "DateGreaterThanEquals"}, "aws:CurrentTime", []string{at.Format(time.RFC3339)}},
		{[]string{"NumericLessThan", "NumericGreaterThanEquals"}, "aws:EpochTime", []string{strconv.FormatInt(at.Unix(), 10)}},
	}).Draw(t, "condition")
	operator = even(c.operators).Draw(t, "operator")
	if c.values == nil {
		return operator, c.key, even([]string{"true", "false"}).Draw(t, "value")
	}
	return operator, c.key, several(t, c.values, "value")
}

// caller draws the caller of an operation in a place: the root user, a user or a session of a role, with or without
// tags and policies.
func (r *Requests) caller(t *rapid.T, at model.Place, op string) apc.Identity {
	who := apc.Identity{Account: at.Account, Region: at.Region, ARN: "arn:aws:iam::" + at.Account + ":root"}
	n := even([]int{0, 1, 2, 3, 4, 5, 6, 7}).Draw(t, "caller")
	switch {
	case n > 5:
		who.ARN = sessionOf(at.Account)
	case n > 3:
		who.ARN = "arn:aws:iam::" + at.Account + ":user/alice"
	}
	if n > 3 && rapid.Bool().Draw(t, "tagged") {
		who.Tags = map[string]string{"desk": rapid.SampledFrom([]string{"1", "3"}).Draw(t, "desk")}
	}
	if n%2 == 1 && n > 3 {
		who.Policies = []string{r.identityPolicy(t, op)}
	}
	return who
}

// access gives a key a policy, a tag and an alias as the root user, and has several callers of both accounts ask for the
// key, by its ARN or by an alias.
func (m *machine) access(t *rapid.T) {
	at := m.place(t)
	root := apc.Identity{Account: at.Account, Region: at.Region}
	fits := func(k *model.Key) bool { return k.Usable() && !k.Replica() }
	if len(m.world.Keys(at, fits)) == 0 {
		m.call(t, "CreateKey", root, &engine.CreateKeyInput{KeyAttributes: made[0], Exportable: new(true)})
		m.sim.Clock.Advance(m.world.Limits().CreationTime)
	}
	all := m.world.Keys(at, fits)
	if len(all) == 0 {
		t.Skip("no key can be had")
	}
	arn := even(all).Draw(t, "key").ARN
	m.call(t, "DeleteResourcePolicy", root, &engine.DeleteResourcePolicyInput{ResourceArn: arn})
	m.call(t, "TagResource", root, &engine.TagResourceInput{ResourceArn: arn, Tags: []apc.Tag{{Key: tagKeys.Draw(t, "tag"), Value: "x"}}})
	name := alias(t)
	m.call(t, "CreateAlias", root, &engine.CreateAliasInput{AliasName: name, KeyArn: &arn})
	policy := m.requests.plainPolicy(t)
	if rapid.Bool().Draw(t, "not plain") {
		policy = m.requests.resourcePolicy(t, arn)
	}
	m.call(t, "PutResourcePolicy", root, &engine.PutResourcePolicyInput{ResourceArn: arn, Policy: policy})
	for range 4 {
		from := at
		if rapid.IntRange(0, 2).Draw(t, "other account") == 2 {
			from.Account = others(m.accounts(), at.Account)[0]
		}
		id := arn
		if rapid.Bool().Draw(t, "by alias") {
			id = "arn:aws:payment-cryptography:" + at.Region + ":" + at.Account + ":" + name
		}
		m.call(t, "GetKey", m.requests.caller(t, from, "GetKey"), &engine.GetKeyInput{KeyIdentifier: id})
	}
}

// accounts are those of the world.
func (m *machine) accounts() (all []string) {
	for _, p := range m.world.Places() {
		if len(all) == 0 || all[len(all)-1] != p.Account {
			all = append(all, p.Account)
		}
	}
	return all
}
