package core

import (
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/policy"
)

// Access is how the permission for an operation is decided.
type Access struct {
	On      Resource
	Crosses bool // other accounts may be allowed to use it on a key
	Owners  bool // the policy of a key does not govern it
}

// accessTo is the row of an operation.
type accessTo struct {
	Access
	op     string
	action string // the operation as policies name it
}

// Resource is what the Resource element of an identity policy is compared with.
type Resource uint8

// The resources of operations.
const (
	OnKeys    Resource = iota // the ARN of each key, once it is read
	OnNewKey                  // key/* in the caller's account and Region, before anything is read
	OnAlias                   // the ARN of the alias, once it is read
	OnAll                     // *, before anything is read
	OnNothing                 // no permission is needed
)

const actionPrefix = "payment-cryptography:"

// actionOf is an operation as policies name it.
func actionOf(op string) string { return actionPrefix + op }

// newKey is the resource of an operation that makes a key in a partition.
func newKey(p keystore.Partition) string { return ARN{Partition: p, Key: "*"}.String() }

// access is the row of the operation. A caller keeps the last one: most callers do one operation many times.
func (c *Call) access() *accessTo {
	if last := c.lastAccess.Load(); last != nil && last.op == c.Op {
		return last
	}
	row := &accessTo{Access{Crosses: true}, c.Op, actionOf(c.Op)}
	if c.Cloud.access != nil {
		row.Access = c.Cloud.access(c.Op)
	}
	c.lastAccess.Store(row)
	return row
}

// admit decides on an operation whose resource is known before anything is read.
func (c *Call) admit(ctx context.Context) error {
	if len(c.Identity.Policies) == 0 {
		return nil
	}
	switch c.access().On {
	case OnNewKey:
		return c.permitNew(ctx, c.Op, c.Home())
	case OnAll:
		return c.permit(c.ask(ctx, c.Op, "*"))
	}
	return nil
}

// permitNew decides whether the caller's identity policies allow an operation on a new key in a
// partition: one that another operation implies, such as TagResource for a new key with tags.
func (c *Call) permitNew(ctx context.Context, op string, where keystore.Partition) error {
	if len(c.Identity.Policies) == 0 {
		return nil
	}
	return c.permit(c.ask(ctx, op, newKey(where)))
}

// implied is an operation on a new key in a partition that another operation implies.
type implied struct {
	op    string
	where keystore.Partition
}

// Imply notes an operation that this one implies, such as TagResource for a new key with tags. The permission for it
// is decided with that for the keys of the request, by [Call.Keys] and [Call.Key].
func (c *Call) Imply(op string, where keystore.Partition) {
	if len(c.Identity.Policies) == 0 { // all is allowed
		return
	}
	c.implied = append(c.implied, implied{op, where})
}

// PermitImplied decides on what the operation implies, for a request that names no key.
func (c *Call) PermitImplied(ctx context.Context) error {
	for _, i := range c.implied {
		if err := c.permitNew(ctx, i.op, i.where); err != nil {
			return err
		}
	}
	return nil
}

// PermitAlias decides on an operation on an alias of the caller's, which the policy of its key
// governs as well; k is nil where it has none.
func (c *Call) PermitAlias(ctx context.Context, name string, k *Key) error {
	if len(c.Identity.Policies) == 0 && (k == nil || k.Policy == nil) {
		return nil
	}
	q := c.ask(ctx, c.Op, ARN{Partition: c.Home(), Alias: name}.String())
	q.alias = name
	if k != nil {
		q.about(k)
	}
	return c.permit(q)
}

// permit refuses what the caller may not do in its own account, and says why.
func (c *Call) permit(q *question) error {
	why, err := q.own()
	if err != nil || why == nil {
		return err
	}
	return c.denied(q.op, q.resource, *why)
}

func (c *Call) denied(op, resource string, why apc.Reason) error {
	return &apc.Error{
		Code: apc.ErrAccessDenied, Resource: resource,
		Message: fmt.Sprintf("User: %s is not authorized to perform: payment-cryptography:%s on resource: %s", c.Identity.ARN, op, resource),
		Reasons: []apc.Reason{why},
	}
}

// authorize decides whether the caller may do the operation with a key, which is zero where it
// belongs to another account and there is no such key. For another account an absent key, an absent
// alias and a key that it may not use are one refusal, which depends on nothing but the identifier.
func (c *Call) authorize(ctx context.Context, a *ARN, k *Key) error {
	own := a.Account == c.Identity.Account
	if own && len(c.Identity.Policies) == 0 && k.Policy == nil {
		return nil
	}
	q := c.ask(ctx, c.Op, k.ARN.String())
	q.alias = a.Alias
	q.about(k)
	switch {
	case own && (q.access.On == OnNothing || q.access.On == OnAll): // in the latter the key is a filter
		return nil
	case own: // of an operation on something else, this is a key that it names
		return c.permit(q)
	}
	why, err := q.foreign()
	if err == nil && why == nil {
		c.uses(k)
		c.share(k, nil)
		return nil
	}
	if why != nil {
		c.share(k, why)
	}
	return c.denied(c.Op, a.String(), Because(apc.RuleAccount, "", problemAccount, a.Account, ""))
}

// share notes a key of another account for its owner's event: with the reason of the refusal, or nil.
func (c *Call) share(k *Key, why *apc.Reason) {
	if c.Cloud.observe == nil || k.State == "" {
		return
	}
	for i := range c.shared {
		if c.shared[i].partition == k.Partition() && c.shared[i].key == k.ARN.String() {
			c.shared[i].why = why
			return
		}
	}
	c.shared = append(c.shared, shared{k.Partition(), k.ARN.String(), why})
}

// reportShared gives the owner of each key of another account an event of its own, like the caller's but
// with its key alone and, of a refusal, the reason that the caller is not given.
func (c *Call) reportShared(ev apc.Event) {
	for _, s := range c.shared {
		ev.RecipientAccountID, ev.AWSRegion, ev.Resources = s.partition.Account, s.partition.Region, []string{s.key}
		ev.Reasons = nil
		if s.why != nil {
			ev.Reasons = []apc.Reason{*s.why}
		}
		c.Cloud.observe(ev)
	}
}

// shared is a key of another account that an operation uses or was refused.
type shared struct {
	partition keystore.Partition
	key       string
	why       *apc.Reason
}

// question is one decision on permission: what is to be decided, and the context of the conditions.
// A call has one at a time, in its room.
type question struct {
	c        *Call
	ctx      context.Context
	op       string
	action   string
	resource string
	access   *accessTo // the row of the call's own operation
	hasKey   bool
	key      subject // if hasKey
	alias    string  // by which the request names the key
	fail     error   // of a look into the store
}

// subject is what the policies are given of a key.
type subject struct {
	arn    ARN
	rev    keystore.CommitID
	policy []byte
	tags   []apc.Tag
}

// ask begins a question, which ends the one before.
func (c *Call) ask(ctx context.Context, op, resource string) *question {
	q := &c.use().question
	q.c, q.ctx, q.op, q.resource, q.access = c, ctx, op, resource, c.access()
	q.hasKey, q.alias, q.fail = false, "", nil
	q.action = q.access.action
	if op != c.Op { // one that the operation implies
		q.action = actionOf(op)
	}
	return q
}

// about makes the question one about a key, unless that is zero.
func (q *question) about(k *Key) {
	q.hasKey = k.State != ""
	q.key = subject{k.ARN, k.Rev, k.Policy, k.Tags}
}

// own decides in the caller's account: a Deny of either side refuses; an Allow of the identity
// policies, or of the key's policy that names the caller itself, allows (IAM User Guide, "Policy
// evaluation logic"). Nil allows.
func (q *question) own() (*apc.Reason, error) {
	identity, where, err := q.identity()
	if err != nil {
		return nil, err
	}
	if identity.Effect == policy.Deny {
		return because(apc.RuleIdentityPolicy, problemIdentityDenies, where, ""), nil
	}
	key, err := q.resourcePolicy()
	switch {
	case err != nil:
		return nil, err
	case key.Effect == policy.Deny:
		return because(apc.RuleResourcePolicy, problemKeyDenies, statement(key), ""), nil
	case identity.Effect == policy.Allow, key.Effect == policy.Allow && key.Named:
		return nil, nil
	}
	return because(apc.RuleIdentityPolicy, problemNoneAllows, "", "an Allow statement for "+actionOf(q.op)+" on "+q.resource), nil
}

// foreign decides on a key of another account: its policy and the caller's must both allow ("Cross-account
// policy evaluation logic").
func (q *question) foreign() (*apc.Reason, error) {
	if !q.hasKey {
		return because(apc.RuleKey, problemNoKey, "", ""), nil
	}
	if !q.access.Crosses {
		return because(apc.RuleAccount, problemOwnersAlone, q.op, ""), nil
	}
	identity, where, err := q.identity()
	if err != nil {
		return nil, err
	}
	key, err := q.resourcePolicy()
	switch {
	case err != nil:
		return nil, err
	case key.Effect == policy.Deny:
		return because(apc.RuleResourcePolicy, problemKeyDenies, statement(key), ""), nil
	case key.Effect == "":
		return because(apc.RuleResourcePolicy, problemKeyAllowsNot, "", "an Allow statement for "+actionOf(q.op)), nil
	case identity.Effect == policy.Deny:
		return because(apc.RuleIdentityPolicy, problemIdentityDenies, where, ""), nil
	case identity.Effect == "":
		return because(apc.RuleIdentityPolicy, problemNoneAllows, "", "an Allow statement for "+actionOf(q.op)+" on "+q.resource), nil
	}
	return nil, nil
}

func because(rule apc.Rule, problem, found, wanted string) *apc.Reason {
	return new(Because(rule, "", problem, found, wanted))
}

// statement names the statement that decided.
func statement(d policy.Decision) string {
	name := fmt.Sprintf("Statement[%d]", d.Statement)
	if d.Sid != "" {
		name += " " + wording.Foreign(d.Sid)
	}
	return name
}

func (q *question) request() *policy.Request {
	return &policy.Request{
		Principal: policy.Principal{Account: q.c.Identity.Account, ARN: q.c.Identity.ARN},
		Action:    q.action, Resource: q.resource, Context: q,
	}
}

// identity is what the caller's own policies decide, and by which statement.
func (q *question) identity() (policy.Decision, string, error) {
	out := policy.Decision{Statement: -1}
	if len(q.c.Identity.Policies) == 0 {
		out.Effect = policy.Allow
		return out, "", nil
	}
	where := ""
	for i, text := range q.c.Identity.Policies {
		p, err := q.c.Cloud.policies.identity(text)
		if err != nil {
			return out, "", q.c.denied(q.op, q.resource, PolicyReason(err, apc.RuleIdentityPolicy, fmt.Sprintf("Identity.Policies[%d]", i)))
		}
		d := p.Evaluate(q.request())
		if d.Effect == policy.Deny || out.Effect == "" && d.Effect != "" {
			out, where = d, fmt.Sprintf("Policies[%d].%s", i, statement(d))
		}
		if d.Effect == policy.Deny {
			break
		}
	}
	return out, where, q.fail
}

// resourcePolicy is what the policy of the key decides.
func (q *question) resourcePolicy() (policy.Decision, error) {
	none := policy.Decision{Statement: -1}
	if !q.hasKey || q.key.policy == nil || q.access.Owners {
		return none, nil
	}
	p, err := q.c.Cloud.policies.ofKey(&q.key)
	if err != nil {
		return none, Internal(err)
	}
	r := q.request()
	r.Resource = q.key.arn.String() // also where the operation is on an alias of the key
	d := p.Evaluate(r)
	return d, q.fail
}

// PolicyReason is a refusal by package policy as a reason.
func PolicyReason(err error, rule apc.Rule, field string) apc.Reason {
	e, ok := err.(*policy.Error)
	if !ok {
		return Because(rule, field, problemInternal, "", "")
	}
	if e.Path != "" {
		field += "." + e.Path
	}
	found := e.Form
	if e.Found != "" {
		found = wording.Foreign(e.Found)
	}
	return apc.Reason{Rule: rule, Field: field, Problem: e.Problem, Found: found, Wanted: e.Wanted, Offset: e.Offset}
}

// CheckPolicyHolder refuses a key that has no policy of its own: a replica, and one that has been deleted
// (GUESS G-policy-by-state: the exceptions).
func CheckPolicyHolder(k Key) error {
	if k.MultiRegion == apc.MultiRegionKeyTypeReplica {
		return replicaError(k)
	}
	if k.State == apc.KeyStateDeleteComplete {
		return StateError(k, "a usable")
	}
	return nil
}

// replicaError is the refusal of what only the primary may do (GUESS G-replica-refusal: the exception).
func replicaError(k Key) error {
	return &apc.Error{
		Code: apc.ErrValidation, Resource: k.ARN.String(), Message: "Key " + k.ARN.String() + " is a replica.",
		Reasons: []apc.Reason{Because(apc.RuleReplica, "", problemReplica, k.ARN.Region, "the primary key in "+k.PrimaryRegion)},
	}
}
