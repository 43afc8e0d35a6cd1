package keystoretest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// ErrFault is the failure that a Faulty store makes up: for a commit, an
// unknown outcome.
var ErrFault = errors.New("keystoretest: the store was made to fail")

// Fault is how a call goes wrong.
type Fault int

const (
	None       Fault = iota
	FailBefore       // nothing was done
	FailAfter        // a commit took effect, and the answer was lost
	LateCall         // nothing is done for a while, then the call
	LateAnswer       // the call is made, and answered after a while
	LateFail         // as FailAfter, but after a while
)

// Faulty is a store whose calls fail on demand. Any number of goroutines may
// share one.
type Faulty struct {
	keystore.Store

	// Wait is the while by which calls are late: by default a tenth of a
	// millisecond.
	Wait func()

	mu   sync.Mutex // held while the plan is asked
	plan func(op string) Fault
}

// Wrap makes a store fail by plan, which is asked before each call with its
// name: "Read", "Page", "Due" or "Commit".
func Wrap(s keystore.Store, plan func(op string) Fault) *Faulty { return &Faulty{Store: s, plan: plan} }

// Sometimes is a plan: commits fail with this probability, half of them
// before and half after taking effect; the seed makes it repeatable.
func Sometimes(probability float64, seed uint64) func(op string) Fault {
	r := rand.New(rand.NewPCG(seed, 0))
	return func(op string) Fault {
		if op != "Commit" || r.Float64() >= probability {
			return None
		}
		return Fault(1 + r.IntN(2))
	}
}

// Among is a plan: calls of every name go wrong with this probability, in one
// of these ways; the seed makes it repeatable.
func Among(probability float64, seed uint64, faults ...Fault) func(op string) Fault {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(string) Fault {
		if r.Float64() >= probability {
			return None
		}
		return faults[r.IntN(len(faults))]
	}
}

func (f *Faulty) next(op string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan(op)
}

func (f *Faulty) wait() {
	if f.Wait != nil {
		f.Wait()
		return
	}
	time.Sleep(100 * time.Microsecond)
}

// faulted makes a call with what the plan has for it.
func faulted[R any](f *Faulty, op string, call func() (R, error)) (R, error) {
	fault := f.next(op)
	var nothing R
	switch fault {
	case FailBefore:
		return nothing, ErrFault
	case LateCall:
		f.wait()
	}
	out, err := call()
	switch fault {
	case FailAfter:
		return nothing, ErrFault
	case LateFail:
		f.wait()
		return nothing, ErrFault
	case LateAnswer:
		f.wait()
	}
	return out, err
}

// Read is the store's, or ErrFault.
func (f *Faulty) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	return faulted(f, "Read", func() ([]keystore.Found, error) { return f.Store.Read(ctx, refs...) })
}

// Page is the store's, or ErrFault.
func (f *Faulty) Page(ctx context.Context, p keystore.Partition, k keystore.Kind, filter keystore.Filter, after string, limit int) ([]keystore.Record, error) {
	return faulted(f, "Page", func() ([]keystore.Record, error) { return f.Store.Page(ctx, p, k, filter, after, limit) })
}

// Due is the store's, or ErrFault.
func (f *Faulty) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	return faulted(f, "Due", func() ([]keystore.Record, error) { return f.Store.Due(ctx, p, before, limit) })
}

// Commit is the store's, or ErrFault before or after it.
func (f *Faulty) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	_, err := faulted(f, "Commit", func() (struct{}, error) { return struct{}{}, f.Store.Commit(ctx, id, changes...) })
	return err
}
