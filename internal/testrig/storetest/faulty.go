package storetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// ErrFault is the failure of a faulty store: for a commit, an unknown outcome.
var ErrFault = errors.New("storetest: the store was made to fail")

// Fault is how a call goes wrong.
type Fault int

// The ways in which calls go wrong.
const (
	None       Fault = iota
	FailBefore       // nothing was done
	FailAfter        // a commit took effect, and the answer was lost
	LateCall         // nothing is done for a while, then the call
	LateAnswer       // the call is made, and answered after a while
	LateFail         // as FailAfter, but after a while
)

// late waits as long as a late call or answer is late.
var late = func() { time.Sleep(100 * time.Microsecond) }

// Faulty makes a store fail by a plan, which is asked before each call with the
// method's name, by one goroutine at a time.
func Faulty(s keystore.Store, plan func(method string) Fault) keystore.Store {
	var mu sync.Mutex
	return &Hooked{Store: s, Around: func(method string, call func() error) error {
		mu.Lock()
		fault := plan(method)
		mu.Unlock()
		switch fault {
		case FailBefore:
			return ErrFault
		case LateCall:
			late()
		}
		err := call()
		if fault == LateAnswer || fault == LateFail {
			late()
		}
		if fault == FailAfter || fault == LateFail {
			return ErrFault
		}
		return err
	}}
}

// Sometimes is a plan: calls go wrong with this probability, in one of these ways;
// the seed makes it repeatable.
func Sometimes(probability float64, seed uint64, faults ...Fault) func(method string) Fault {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(string) Fault {
		if r.Float64() >= probability {
			return None
		}
		return faults[r.IntN(len(faults))]
	}
}
