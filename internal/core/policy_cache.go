package core

import (
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/policy"
)

// policies has policies that have been parsed: those of callers by their text, those of keys by the
// revision of the key's record. The zero value is empty.
type policies struct {
	texts  memo[string, parsedPolicy]
	ofKeys memo[keystore.CommitID, *keyPolicy]
}

type parsedPolicy struct {
	policy *policy.Policy
	err    error
}

// keyPolicy is the policy of a key, which is named because a commit may write several records.
type keyPolicy struct {
	key    ARN
	policy *policy.Policy
}

func (s *policies) identity(text string) (*policy.Policy, error) {
	known := s.texts.get(text)
	if known.policy == nil && known.err == nil {
		known.policy, known.err = policy.Parse(policy.Identity, text)
		s.texts.put(text, known)
	}
	return known.policy, known.err
}

func (s *policies) ofKey(k *subject) (*policy.Policy, error) {
	known := s.ofKeys.get(k.rev)
	if known != nil && known.key.Key == k.arn.Key && known.key.Partition == k.arn.Partition {
		return known.policy, nil
	}
	p, err := policy.Parse(policy.Resource, string(k.policy))
	if err != nil {
		return nil, err
	}
	s.ofKeys.put(k.rev, &keyPolicy{k.arn.detached(), p})
	return p, nil
}
