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
)

// Faulty is a store whose calls fail on demand. Any number of goroutines may
// share one.
type Faulty struct {
	keystore.Store
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

func (f *Faulty) next(op string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan(op)
}

// Read is the store's, or ErrFault.
func (f *Faulty) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if f.next("Read") != None {
		return nil, ErrFault
	}
	return f.Store.Read(ctx, refs...)
}

// Page is the store's, or ErrFault.
func (f *Faulty) Page(ctx context.Context, p keystore.Partition, k keystore.Kind, filter keystore.Filter, after string, limit int) ([]keystore.Record, error) {
	if f.next("Page") != None {
		return nil, ErrFault
	}
	return f.Store.Page(ctx, p, k, filter, after, limit)
}

// Due is the store's, or ErrFault.
func (f *Faulty) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if f.next("Due") != None {
		return nil, ErrFault
	}
	return f.Store.Due(ctx, p, before, limit)
}

// Commit is the store's, or ErrFault before or after it.
func (f *Faulty) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	fault := f.next("Commit")
	if fault == FailBefore {
		return ErrFault
	}
	err := f.Store.Commit(ctx, id, changes...)
	if fault == FailAfter {
		return ErrFault
	}
	return err
}
