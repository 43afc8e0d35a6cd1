package core

import (
	"context"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Need is a key that an operation works with.
type Need struct {
	Field      string    // the member that names it: "KeyIdentifier"
	Identifier string    // as the caller wrote it
	Rules      *KeyRules // what the key must be; nil: any key in any state
}

// KeyRules is what a key must be to take part in an operation. A zero field allows
// anything, but every key with rules must be CREATE_COMPLETE and enabled.
type KeyRules struct {
	Class      apc.KeyClass
	Usages     []apc.KeyUsage
	Algorithms AlgorithmSet
	Modes      Modes // all of these, or NoRestrictions
	Exportable bool

	// Rows, if any, are all that is allowed, in place of the fields above.
	Rows []KeyRow

	Usage, Algorithm, Mode RuleText // of the refusals
}

// KeyRow is a kind of key that is allowed: of a usage, of one of several algorithms, with exactly
// one of several sets of modes of use.
type KeyRow struct {
	Usage      apc.KeyUsage
	Class      apc.KeyClass // "" is any
	Algorithms AlgorithmSet
	Modes      []Modes
}

// RuleText is how a refusal by a rule reads.
type RuleText struct {
	Rule             apc.Rule
	Problem, Message string
}

// Keys finds the keys that an operation works with, in one snapshot, and checks them step
// by step: all resolve, then all are permitted, then the state of all, then the rules of
// all; within a step in the order given, which is that of the request (GUESS G-check-order).
func (c *Call) Keys(ctx context.Context, needs ...Need) ([]Key, error) {
	keys := make([]Key, len(needs))
	return keys, c.KeysInto(ctx, keys, needs...)
}

// KeysInto is Keys into zero keys of the caller's, one for each need.
func (c *Call) KeysInto(ctx context.Context, keys []Key, needs ...Need) error {
	var room [4]ARN // nearly always enough
	arns := slices.Grow(room[:0], len(needs))[:len(needs)]
	refs, found := c.toRead(len(needs))
	for i := range needs {
		var err error
		if arns[i], err = c.identify(&needs[i]); err != nil {
			return err
		}
		refs[i] = arns[i].KeyRef()
	}
	if err := keystore.ReadInto(ctx, c.Cloud.Store, found, refs); err != nil {
		return StoreError(err)
	}
	for i := range needs {
		if err := c.resolve(&found[i], &arns[i], &needs[i], &keys[i]); err != nil {
			return err
		}
	}
	for i := range needs {
		if err := c.authorize(ctx, &arns[i], &keys[i]); err != nil {
			return err
		}
	}
	if err := c.PermitImplied(ctx); err != nil {
		return err
	}
	for i := range needs {
		if needs[i].Rules == nil {
			continue
		}
		if err := keys[i].checkUsable(needs[i].Field); err != nil {
			return err
		}
	}
	for i := range needs {
		if err := needs[i].Rules.Check(&keys[i], needs[i].Field); err != nil {
			return err
		}
	}
	return nil
}

// Key is Keys for one. The key is read into a zero key of the caller's: it is large, and to return it
// would make GetKey 3 % slower.
func (c *Call) Key(ctx context.Context, n Need, into *Key) error {
	a, err := c.identify(&n)
	if err != nil {
		return err
	}
	refs, found := c.toRead(1)
	refs[0] = a.KeyRef()
	if err := keystore.ReadInto(ctx, c.Cloud.Store, found, refs); err != nil {
		return StoreError(err)
	}
	if err := c.resolve(&found[0], &a, &n, into); err != nil {
		return err
	}
	if err := c.authorize(ctx, &a, into); err != nil {
		return err
	}
	if err := c.PermitImplied(ctx); err != nil {
		return err
	}
	if n.Rules == nil {
		return nil
	}
	if err := into.checkUsable(n.Field); err != nil {
		return err
	}
	return n.Rules.Check(into, n.Field)
}

// above reads the authority that issued the certificate of a key, for a certificate under it
// that is checked. A caller that may use a key needs no permission for the authorities above
// it. They are read in the Region of the key, where its replica has them. A refusal names
// the authority in Found.
func (c *Call) above(ctx context.Context, k *Key, field string, rules *KeyRules, into *Key) error {
	a, ok := ParseIdentifier(k.Authority, k.Partition())
	if !ok {
		return Internal(errRecord)
	}
	a.Region, a.text = k.Partition().Region, ""
	n := Need{Field: field, Identifier: a.String(), Rules: rules}
	refs, found := c.toRead(1)
	refs[0] = a.KeyRef()
	err := keystore.ReadInto(ctx, c.Cloud.Store, found, refs)
	if err != nil {
		return StoreError(err)
	}
	if err = c.resolveOwn(&found[0], &a, &n, into); err == nil {
		c.uses(into)
		err = into.checkUsable(field)
	}
	if err == nil {
		err = rules.Check(into, field)
	}
	if refusal, ok := err.(*apc.Error); ok && len(refusal.Reasons) > 0 {
		reason := &refusal.Reasons[0]
		reason.Found = strings.TrimSpace(reason.Found + " in " + n.Identifier)
	}
	return err
}

// identify parses an identifier, whose shape has been checked.
func (c *Call) identify(n *Need) (ARN, error) {
	a, ok := ParseIdentifier(n.Identifier, c.Home())
	if !ok {
		return ARN{}, notFound(n.Identifier, Because(apc.RuleIdentifier, n.Field, problemIdentifier, "", ""))
	}
	return a, nil
}

// resolve reads the key in an answer of the store, as it is now. Of another account it
// refuses nothing: the caller must not learn whether there is such a key, and
// [call.authorize] refuses an absent key like one that the caller may not use.
func (c *Call) resolve(f *keystore.Found, a *ARN, n *Need, into *Key) error {
	err := c.resolveOwn(f, a, n, into)
	if a.Account != c.Identity.Account {
		if err != nil {
			*into = Key{}
		}
		return nil
	}
	if err == nil {
		c.uses(into)
	}
	return err
}

func (c *Call) resolveOwn(f *keystore.Found, a *ARN, n *Need, into *Key) error {
	refuse := func(rule apc.Rule, problem, found, wanted string) error {
		return notFound(n.Identifier, Because(rule, n.Field, problem, found, wanted))
	}
	if a.Region != c.Identity.Region {
		return refuse(apc.RuleRegion, problemRegion, a.Region, c.Identity.Region)
	}
	rec := &f.Record
	if a.Alias != "" {
		if !rec.Exists() {
			return refuse(apc.RuleAlias, problemNoAlias, "", "")
		}
		rec = f.Followed
	}
	switch {
	case rec != nil && rec.Exists():
	case a.Alias != "":
		return refuse(apc.RuleKey, problemAliasEmpty, "", "") // GUESS G-alias-without-key
	default:
		return refuse(apc.RuleKey, problemNoKey, "", "")
	}
	if err := c.Cloud.used.decode(rec, into); err != nil { // lists of keys use View: they would displace what is kept
		return unreadable(rec, err)
	}
	into.settle(c.Now)
	if a.Key != "" {
		into.ARN.text = a.text
	}
	switch {
	case into.Hidden():
		return refuse(apc.RuleKey, problemNoKey, "", "")
	case into.NoLongerShown(c.Now, &c.Cloud.Limits):
		return refuse(apc.RuleKey, problemNotShown, "", "")
	case a.Alias != "" && into.State == apc.KeyStateDeleteComplete:
		return refuse(apc.RuleKey, problemAliasDeleted, "", "")
	}
	return nil
}

// uses notes a key that takes part, for the event.
func (c *Call) uses(found *Key) {
	if c.Cloud.observe != nil {
		c.Resources = append(c.Resources, found.ARN.String())
	}
}

// View reads a stored key as it is now: settled, whether the store has been settled or not.
func (c *Call) View(rec *keystore.Record, into *Key) error {
	if err := into.Decode(rec); err != nil {
		return unreadable(rec, err)
	}
	into.settle(c.Now)
	return nil
}

// Check refuses a key that breaks a rule: its usage and class, its algorithm, its modes of
// use, its exportability. Nil rules allow any key.
func (r *KeyRules) Check(k *Key, field string) error {
	switch {
	case r == nil:
		return nil
	case r.Rows != nil:
		return r.checkRows(k, field)
	}
	a := k.Attributes
	if r.Class != "" && a.Class != r.Class || r.Usages != nil && !slices.Contains(r.Usages, a.Usage) {
		return r.Usage.refuse(k, field, r.found(a), r.wanted())
	}
	if r.Algorithms != 0 && !r.Algorithms.Has(a.Alg) {
		return r.Algorithm.refuse(k, field, string(a.Alg.Name), wording.Or(r.Algorithms.Names()))
	}
	if r.Modes != 0 && !a.Modes.Allows(r.Modes) {
		return r.Mode.refuse(k, field, a.Modes.String(), r.Modes.String())
	}
	if r.Exportable && !k.Exportable {
		return Invalid("Key "+k.ARN.String()+" is not exportable.", Because(apc.RuleExportable, field, problemNotExportable,
			"Exportable false", "Exportable true, which a key is created or imported with"))
	}
	return nil
}

// found and wanted name usage and class, as far as the rules restrict them.
func (r *KeyRules) found(a Attributes) string { return joined(r, []apc.KeyUsage{a.Usage}, a.Class) }
func (r *KeyRules) wanted() string            { return joined(r, r.Usages, r.Class) }

func joined(r *KeyRules, usages []apc.KeyUsage, class apc.KeyClass) string {
	switch {
	case r.Usages == nil:
		return string(class)
	case r.Class == "":
		return wording.Or(usages)
	}
	return wording.Or(usages) + ", " + string(class)
}

// refuse refuses a key, whose ARN a message has in place of "%s".
func (t RuleText) refuse(k *Key, field, found, wanted string) error {
	return Invalid(strings.Replace(t.Message, "%s", k.ARN.String(), 1), Because(t.Rule, field, t.Problem, found, wanted))
}
