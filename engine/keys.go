package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// need is a key that an operation works with.
type need struct {
	field      string    // the member that names it: "KeyIdentifier"
	identifier string    // as the caller wrote it
	rules      *keyRules // what the key must be; nil: any key in any state
}

// keyRules is what a key must be to take part in an operation. A zero field allows
// anything, but every key with rules must be CREATE_COMPLETE and enabled.
type keyRules struct {
	class      apc.KeyClass
	usages     []apc.KeyUsage
	algorithms algorithmSet
	modes      modes // all of these, or NoRestrictions
	exportable bool

	usage, algorithm, mode ruleText // of the refusals
}

// ruleText is how a refusal by a rule reads.
type ruleText struct {
	rule             apc.Rule
	problem, message string
}

// keys finds the keys that an operation works with, in one snapshot, and checks them step
// by step: all resolve, then all are permitted, then the state of all, then the rules of
// all; within a step in the order given, which is that of the request.
func (c *call) keys(ctx context.Context, needs ...need) ([]key, error) {
	arns, refs := make([]arn, len(needs)), make([]keystore.Ref, len(needs))
	for i := range needs {
		var err error
		if arns[i], err = c.identify(&needs[i]); err != nil {
			return nil, err
		}
		refs[i] = arns[i].keyRef()
	}
	found, err := c.cloud.store.Read(ctx, refs...)
	if err != nil {
		return nil, storeError(err)
	}
	keys := make([]key, len(needs))
	for i := range needs {
		if err := c.resolve(&found[i], &arns[i], &needs[i], &keys[i]); err != nil {
			return nil, err
		}
	}
	for i := range needs {
		if err := c.authorize(&arns[i], &keys[i]); err != nil {
			return nil, err
		}
	}
	for i := range needs {
		if needs[i].rules == nil {
			continue
		}
		if err := keys[i].checkUsable(needs[i].field); err != nil {
			return nil, err
		}
	}
	for i := range needs {
		if err := needs[i].rules.check(&keys[i], needs[i].field); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// key is keys for one. The key is read into a zero key of the caller's, because it is
// large.
func (c *call) key(ctx context.Context, n need, into *key) error {
	a, err := c.identify(&n)
	if err != nil {
		return err
	}
	found, err := c.cloud.store.Read(ctx, a.keyRef())
	if err != nil {
		return storeError(err)
	}
	if err := c.resolve(&found[0], &a, &n, into); err != nil {
		return err
	}
	if err := c.authorize(&a, into); err != nil {
		return err
	}
	if n.rules == nil {
		return nil
	}
	if err := into.checkUsable(n.field); err != nil {
		return err
	}
	return n.rules.check(into, n.field)
}

// identify parses an identifier, whose shape has been checked.
func (c *call) identify(n *need) (arn, error) {
	a, ok := parseIdentifier(n.identifier, c.home())
	if !ok {
		return arn{}, notFound(n.identifier, because(apc.RuleIdentifier, n.field, problemIdentifier, "", ""))
	}
	return a, nil
}

// resolve reads the key in an answer of the store, as it is now. Of another account it
// refuses nothing: whether there is such a key is not for this caller to know, and
// [call.authorize] refuses an absent key like one that the caller may not use.
func (c *call) resolve(f *keystore.Found, a *arn, n *need, into *key) error {
	err := c.resolveOwn(f, a, n, into)
	if a.Account != c.identity.Account {
		return nil
	}
	if err == nil {
		c.uses(into)
	}
	return err
}

func (c *call) resolveOwn(f *keystore.Found, a *arn, n *need, into *key) error {
	refuse := func(rule apc.Rule, problem, found, wanted string) error {
		return notFound(n.identifier, because(rule, n.field, problem, found, wanted))
	}
	if a.Region != c.identity.Region {
		return refuse(apc.RuleRegion, problemRegion, a.Region, c.identity.Region)
	}
	rec := &f.Record
	if a.alias != "" {
		if !rec.Exists() {
			return refuse(apc.RuleAlias, problemNoAlias, "", "")
		}
		rec = f.Followed
	}
	switch {
	case rec != nil && rec.Exists():
	case a.alias != "":
		return refuse(apc.RuleKey, problemAliasEmpty, "", "")
	default:
		return refuse(apc.RuleKey, problemNoKey, "", "")
	}
	if err := c.view(rec, into); err != nil {
		return err
	}
	if a.key != "" {
		into.arn.text = a.text
	}
	switch {
	case into.forgotten(c.now, &c.cloud.limits):
		return refuse(apc.RuleKey, problemForgotten, "", "")
	case a.alias != "" && into.state == apc.KeyStateDeleteComplete:
		return refuse(apc.RuleKey, problemAliasDeleted, "", "")
	}
	return nil
}

// authorize decides whether the caller may do the operation with a key. A key of the
// caller's account is permitted. For any other account an absent key, an absent alias and a
// key that it may not use are one refusal, which depends on nothing but the identifier.
func (c *call) authorize(a *arn, _ *key) error {
	if a.Account == c.identity.Account {
		return nil
	}
	return &apc.Error{
		Code: apc.ErrAccessDenied, Resource: a.String(),
		Message: fmt.Sprintf("User: %s is not authorized to perform: payment-cryptography:%s on resource: %s", c.identity.ARN, c.op, a),
		Reasons: []apc.Reason{because(apc.RuleAccount, "", problemAccount, a.Account, c.identity.Account)},
	}
}

// uses notes a key that takes part, for the event.
func (c *call) uses(found *key) {
	if c.cloud.observe != nil {
		c.resources = append(c.resources, found.arn.String())
	}
}

// view reads a stored key as it is now: settled, whether the store has been settled or not.
func (c *call) view(rec *keystore.Record, into *key) error {
	if err := into.decode(rec); err != nil {
		return unreadable(rec, err)
	}
	into.settle(c.now)
	return nil
}

// check refuses a key that breaks a rule: its usage and class, its algorithm, its modes of
// use, its exportability. Nil rules allow any key.
func (r *keyRules) check(k *key, field string) error {
	if r == nil {
		return nil
	}
	a := k.attributes
	if r.class != "" && a.class != r.class || r.usages != nil && !slices.Contains(r.usages, a.usage) {
		return r.usage.refuse(field, r.found(a), r.wanted())
	}
	if r.algorithms != 0 && !r.algorithms.has(a.alg) {
		return r.algorithm.refuse(field, string(a.alg.name), wording.Or(r.algorithms.names()))
	}
	if r.modes != 0 && !a.modes.allows(r.modes) {
		return r.mode.refuse(field, a.modes.String(), r.modes.String())
	}
	if r.exportable && !k.exportable {
		return invalid("Key "+k.arn.String()+" is not exportable.", because(apc.RuleExportable, field, problemNotExportable,
			"Exportable false", "Exportable true, which a key is created or imported with"))
	}
	return nil
}

// found and wanted name usage and class, as far as the rules care for them.
func (r *keyRules) found(a attributes) string { return joined(r, []apc.KeyUsage{a.usage}, a.class) }
func (r *keyRules) wanted() string            { return joined(r, r.usages, r.class) }

func joined(r *keyRules, usages []apc.KeyUsage, class apc.KeyClass) string {
	switch {
	case r.usages == nil:
		return string(class)
	case r.class == "":
		return wording.Or(usages)
	}
	return wording.Or(usages) + ", " + string(class)
}

func (t ruleText) refuse(field, found, wanted string) error {
	return invalid(t.message, because(t.rule, field, t.problem, found, wanted))
}
