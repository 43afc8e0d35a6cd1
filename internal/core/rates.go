package core

import (
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// rates counts the operations of the current second.
type rates struct {
	mu     sync.Mutex // guards the rest
	second int64      // since 1970
	counts map[rateOf]int
}

type rateOf struct {
	partition  keystore.Partition
	asymmetric bool // of the data plane
	control    bool // the control plane, all operations together
}

// Throttle counts an operation that works with keys, and refuses it when there were more in this
// second than the limit. An operation counts once its keys are found (GUESS G-rate-counts: the service counts
// requests).
func (c *Call) Throttle(keys []Key) error {
	for i := range keys {
		if !keys[i].Attributes.Alg.Symmetric() {
			return c.throttle(true, c.Cloud.Limits.AsymmetricRate)
		}
	}
	return c.throttle(false, c.Cloud.Limits.SymmetricRate)
}

// ThrottleOne is Throttle for one key.
func (c *Call) ThrottleOne(k *Key) error {
	if k.Attributes.Alg.Symmetric() {
		return c.throttle(false, c.Cloud.Limits.SymmetricRate)
	}
	return c.throttle(true, c.Cloud.Limits.AsymmetricRate)
}

func (c *Call) throttle(asymmetric bool, limit int) error {
	return c.within(rateOf{partition: c.Home(), asymmetric: asymmetric}, limit)
}

// within counts a request and refuses it beyond a limit; zero is none.
func (c *Call) within(of rateOf, limit int) error {
	if limit == 0 || c.Cloud.rates.count(of, c.Now.Unix()) <= limit {
		return nil
	}
	return &apc.Error{Code: apc.ErrThrottling, Message: "Rate exceeded.",
		Reasons: []apc.Reason{
			Because(apc.RuleRate, "", problemRate, fmt.Sprintf("more than %d operations in this second", limit),
				"fewer, or the same request later"),
		}}
}

// count adds an operation to a second and returns how many it has.
func (r *rates) count(of rateOf, now int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.second != now || r.counts == nil {
		r.second, r.counts = now, map[rateOf]int{}
	}
	r.counts[of]++
	return r.counts[of]
}

// rate refuses a request of the control plane beyond Limits.Requests. The simulator's own operations do not
// count.
func (c *Call) rate() error {
	limit := c.Cloud.Limits.Requests
	if limit == 0 || c.DataPlane || c.access().On == OnNothing {
		return nil
	}
	return c.within(rateOf{partition: c.Home(), control: true}, limit)
}
