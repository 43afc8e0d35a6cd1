package model

import (
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// expectPolicies expects the operations on resource policies.
func (q *request) expectPolicies(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *engine.PutResourcePolicyInput:
		k, r := q.holder(in.ResourceArn)
		if r.refused() {
			return r, true
		}
		return read(in.Policy).refused(k.ARN), true
	case *engine.GetResourcePolicyInput:
		_, r := q.holder(in.ResourceArn)
		return r, true
	case *engine.DeleteResourcePolicyInput:
		_, r := q.holder(in.ResourceArn)
		return r, true
	}
	return Refusal{}, false
}

// holder is a key that has a policy of its own: no replica, and not deleted.
func (q *request) holder(id string) (*Key, Refusal) {
	k, r := q.key(id)
	if r.refused() {
		return nil, r
	}
	return k, invalid(firstRule(unless(k.primary == nil, apc.RuleReplica),
		unless(k.State != apc.KeyStateDeleteComplete, apc.RuleKeyState)))
}

// refused is the refusal of a policy for a key: its resource must be that key, and it must not
// allow everyone.
func (d *document) refused(arn string) Refusal {
	foreign := func(name string) bool { return name != "*" && name != arn }
	if slices.ContainsFunc(d.Statement, func(s statement) bool {
		return slices.ContainsFunc(s.Resource, foreign) || slices.ContainsFunc(s.NotResource, foreign)
	}) {
		return invalid(apc.RulePolicyText)
	}
	public := func(s statement) bool {
		return s.Effect == "Allow" && !s.closed() && (s.NotPrincipal != nil || slices.Contains(s.Principal.AWS, "*"))
	}
	if slices.ContainsFunc(d.Statement, public) {
		return Refusal{apc.ErrPublicPolicy, apc.RulePublicPolicy}
	}
	return Refusal{}
}

// didPolicies takes over the effect of an operation on policies.
func (q *request) didPolicies(in, out any) error {
	switch in := in.(type) {
	case *engine.PutResourcePolicyInput:
		k, _ := q.key(in.ResourceArn)
		k.policy = in.Policy
		o := out.(*engine.PutResourcePolicyOutput)
		return k.hasPolicy(o.ResourceArn, o.Policy)
	case *engine.DeleteResourcePolicyInput:
		k, _ := q.key(in.ResourceArn)
		k.policy = ""
	case *engine.GetResourcePolicyInput:
		k, _ := q.key(in.ResourceArn)
		o := out.(*engine.GetResourcePolicyOutput)
		return k.hasPolicy(o.ResourceArn, o.Policy)
	}
	return nil
}

// hasPolicy compares the policy of an answer.
func (k *Key) hasPolicy(arn, policy string) error {
	want := k.policy
	if want == "" {
		want = "{}"
	}
	if arn != k.ARN || policy != want {
		return fmt.Errorf("policy of %s: got %s of %s, want %s", k.ARN, policy, arn, want)
	}
	return nil
}
