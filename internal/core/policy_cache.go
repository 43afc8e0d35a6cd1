package core

import (
	"sync"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/policy"
)

// policies remembers policies that have been parsed: those of callers by their text, those of keys by
// the key and the revision of its record. The zero value is empty.
type policies struct {
	mu     sync.RWMutex // guards the maps
	texts  map[string]parsedPolicy
	ofKeys map[keyPolicy]*policy.Policy
}

type parsedPolicy struct {
	policy *policy.Policy
	err    error
}

// keyPolicy is a key at a revision.
type keyPolicy struct {
	partition keystore.Partition
	id        string
	rev       keystore.CommitID
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
	at := keyPolicy{k.arn.Partition, k.arn.Key, k.rev}
	s.mu.RLock()
	known, ok := s.ofKeys[at]
	s.mu.RUnlock()
	if ok {
		return known, nil
	}
	p, err := policy.Parse(policy.Resource, string(k.policy))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ofKeys == nil || len(s.ofKeys) >= mostPolicies {
		s.ofKeys = map[keyPolicy]*policy.Policy{}
	}
	s.ofKeys[at] = p
	return p, nil
}
