package core

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestRatesAreCountedApart: by account and Region, by the kind of key, and those of the control plane for themselves.
func TestRatesAreCountedApart(t *testing.T) {
	var r rates
	home := keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	all := []rateOf{{partition: home}, {partition: home, asymmetric: true}, {partition: home, control: true},
		{partition: keystore.Partition{Account: home.Account, Region: "eu-west-1"}},
		{partition: keystore.Partition{Account: "444455556666", Region: home.Region}}}
	for second := range int64(3) {
		for n := 1; n <= 4; n++ {
			for _, of := range all {
				if got := r.count(of, second); got != n {
					t.Errorf("second %d, %+v: got %d, want %d", second, of, got, n)
				}
			}
		}
	}
	if got := r.count(all[0], 0); got != 1 {
		t.Errorf("with the clock set back: got %d, want 1", got)
	}
}

func TestAHundredCallersAreCountedEach(t *testing.T) {
	var r rates
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { r.count(rateOf{}, 1) })
	}
	all.Wait()
	if got := r.count(rateOf{}, 1); got != 101 {
		t.Errorf("got %d, want 101", got)
	}
}

// TestThrottleTakesTheLimitOfTheKeys: one key pair makes it that of key pairs, and none is no limit.
func TestThrottleTakesTheLimitOfTheKeys(t *testing.T) {
	symmetric := Key{Attributes: Attributes{Alg: AlgorithmNamed(AES128)}}
	pair := Key{Attributes: Attributes{Alg: AlgorithmNamed(RSA2048)}}
	both := []Key{symmetric, pair}
	for _, c := range []struct {
		what           string
		limits         apc.Limits
		throttle       func(*Call) error
		requests, want int // of so many requests so many are taken
	}{
		{"symmetric keys", apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}, func(c *Call) error { return c.Throttle(both[:1]) }, 5, 3},
		{"a key pair", apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}, func(c *Call) error { return c.Throttle(both[1:]) }, 5, 1},
		{"both", apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}, func(c *Call) error { return c.Throttle(both) }, 5, 1},
		{"one symmetric key", apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}, func(c *Call) error { return c.ThrottleOne(&symmetric) }, 5, 3},
		{"one key pair", apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}, func(c *Call) error { return c.ThrottleOne(&pair) }, 5, 1},
		{"without a limit", apc.Limits{AsymmetricRate: 1}, func(c *Call) error { return c.ThrottleOne(&symmetric) }, 100, 100},
	} {
		call := &Call{Caller: &Caller{Cloud: &Cloud{Limits: c.limits}}, Now: time.Unix(1, 0)}
		taken := 0
		for range c.requests {
			err := c.throttle(call)
			if err == nil {
				taken++
			} else if !errors.Is(err, apc.ErrThrottling) {
				t.Fatalf("%s: got %v", c.what, err)
			}
		}
		if taken != c.want {
			t.Errorf("%s: %d of %d were taken, want %d", c.what, taken, c.requests, c.want)
		}
	}
}

// TestKeyPairsThrottleNoSymmetricKeys, and the other way round.
func TestKeyPairsThrottleNoSymmetricKeys(t *testing.T) {
	symmetric := []Key{{Attributes: Attributes{Alg: AlgorithmNamed(AES128)}}}
	pair := []Key{{Attributes: Attributes{Alg: AlgorithmNamed(ECCP256)}}}
	for _, one := range []bool{false, true} {
		call := &Call{Caller: &Caller{Cloud: &Cloud{Limits: apc.Limits{SymmetricRate: 1, AsymmetricRate: 1}}}, Now: time.Unix(1, 0)}
		throttle := call.Throttle
		if one {
			throttle = func(keys []Key) error { return call.ThrottleOne(&keys[0]) }
		}
		for n, keys := range [][]Key{pair, symmetric, pair, symmetric} {
			if err := throttle(keys); (err == nil) != (n < 2) {
				t.Errorf("one key %t, request %d: got %v", one, n, err)
			}
		}
	}
}
