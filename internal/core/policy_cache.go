package core

import (
	"sync"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/policy"
)

// policies has policies that have been parsed: those of callers by their text, those of keys by the
// revision of the key's record. The zero value is empty.
type policies struct {
	mu     sync.RWMutex // guards the maps
	texts  map[string]parsedPolicy
	ofKeys map[keystore.CommitID]keyPolicy
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

// mostPolicies bounds each map; after so many it begins anew.
const mostPolicies = 10_000

func (s *policies) identity(text string) (*policy.Policy, error) {
	s.mu.RLock()
	known, ok := s.texts[text]
	s.mu.RUnlock()
	if ok {
		return known.policy, known.err
	}
	known.policy, known.err = policy.Parse(policy.Identity, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts == nil || len(s.texts) >= mostPolicies {
		s.texts = map[string]parsedPolicy{}
	}
	s.texts[text] = known
	return known.policy, known.err
}

func (s *policies) ofKey(k *subject) (*policy.Policy, error) {
	s.mu.RLock()
	known := s.ofKeys[k.rev]
	s.mu.RUnlock()
	if known.policy != nil && known.key.Key == k.arn.Key && known.key.Partition == k.arn.Partition {
		return known.policy, nil
	}
	p, err := policy.Parse(policy.Resource, string(k.policy))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ofKeys == nil || len(s.ofKeys) >= mostPolicies {
		s.ofKeys = map[keystore.CommitID]keyPolicy{}
	}
	s.ofKeys[k.rev] = keyPolicy{k.arn, p}
	return p, nil
}
