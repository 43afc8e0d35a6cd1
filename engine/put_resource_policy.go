package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/policy"
)

// PutResourcePolicy gives a key a resource policy, in place of the one it has.
func (c *Caller) PutResourcePolicy(ctx context.Context, in *PutResourcePolicyInput) (*PutResourcePolicyOutput, error) {
	return core.Run(ctx, c.caller, "PutResourcePolicy", in, putResourcePolicy)
}

func putResourcePolicy(ctx context.Context, c *core.Call, in *PutResourcePolicyInput) (*PutResourcePolicyOutput, error) {
	changed, err := c.ChangeKey(ctx, "ResourceArn", in.ResourceArn, func(old core.Key) (core.Key, error) {
		if err := core.CheckPolicyHolder(old); err != nil {
			return core.Key{}, err
		}
		if err := checkResourcePolicy(in.Policy, old.ARN.String()); err != nil {
			return core.Key{}, err
		}
		old.Policy = []byte(in.Policy)
		return old, nil
	})
	if err != nil {
		return nil, err
	}
	return &PutResourcePolicyOutput{ResourceArn: changed.ARN.String(), Policy: in.Policy}, nil
}

// checkResourcePolicy refuses a text that is no policy of a key (GUESS G-policy-text: the exception), and one
// that lets anyone in.
func checkResourcePolicy(text, arn string) error {
	p, err := policy.Parse(policy.Resource, text)
	if err == nil {
		err = p.CheckResource(arn)
	}
	if err != nil {
		return core.Invalid("The policy is not valid.", core.PolicyReason(err, apc.RulePolicyText, "Policy"))
	}
	for key := range p.Keys {
		name, ours := strings.CutPrefix(key, conditionPrefix)
		if ours && !slices.Contains(conditionKeys, name) {
			return core.Invalid(
				"The policy is not valid.",
				core.Because(apc.RulePolicyText, "Policy", core.ProblemConditionKey, wording.Foreign(key), "one of its condition keys"),
			)
		}
	}
	if i, public := p.Public(); public {
		return &apc.Error{
			Code: apc.ErrPublicPolicy, Resource: arn, Message: "The policy would allow public access.",
			Reasons: []apc.Reason{core.Because(apc.RulePublicPolicy, fmt.Sprintf("Policy.Statement[%d]", i), core.ProblemPublic, "",
				"named principals, or a condition such as StringEquals on aws:PrincipalAccount")},
		}
	}
	return nil
}
