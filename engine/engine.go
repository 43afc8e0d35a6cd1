package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Options of an Engine. The zero value is right.
type Options struct {
	// Now is the simulator's clock; nil is time.Now. It is read once for each
	// operation and cut to milliseconds.
	Now func() time.Time

	// Seed makes what the engine draws (ids, tokens, serial numbers) the same
	// in every run; 0 draws afresh. One caller in one order gets the same on any
	// backend.
	Seed uint64

	// Identity is the caller whose operations the Engine itself has. Absent
	// members are account 111122223333, Region us-east-1 and that account's
	// root.
	Identity apc.Identity

	// Regions that have the service besides those known to have it, such as one
	// that is new. A caller in any other Region is refused.
	Regions []string

	// Limits other than the documented ones.
	Limits apc.Limits

	// LenientStrength takes what the service took in TR-31 imports before
	// 2025: keys under weaker keys.
	LenientStrength bool

	// Explain says whether a key block that fails behind its MAC is refused
	// with the exact reason. Nil is true; new(false) folds all of them into
	// one, as a service open to strangers must.
	Explain *bool

	// Observe is called once for every operation when it ends, and for each
	// stored record that a list or settling had to skip ([apc.EventRecordSkipped]).
	// Settling reports a record once, a list each time.
	Observe func(apc.Event)

	// CA is the algorithm of the certificate authority of each account and
	// Region, which is made when it is first asked for: RSA_4096, as the
	// service's, if empty. One that is there already stays as it is.
	CA apc.KeyAlgorithm

	// HSM are the options of the payment commands on the backend: ready RSA
	// pairs, the size of the cache.
	HSM hsm.Options
}

// The caller when none is named.
const (
	DefaultAccount = "111122223333"
	DefaultRegion  = "us-east-1"
)

func withDefaults(id apc.Identity) apc.Identity {
	if id.Account == "" {
		id.Account = DefaultAccount
	}
	if id.Region == "" {
		id.Region = DefaultRegion
	}
	if id.ARN == "" {
		id.ARN = "arn:aws:iam::" + id.Account + ":root"
	}
	return id
}

// ErrMasterKey: the store's keys were sealed under a master key that the backend does not have.
var ErrMasterKey = core.ErrMasterKey

// Engine is a whole simulated cloud: any number of accounts and Regions. It
// embeds the default caller, whose operations are its own. Any number of
// goroutines may share one; it starts none.
type Engine struct {
	*Caller
	cloud *core.Cloud
	own   []func() error // closes what Open made itself
}

// New is [Open] without a context.
func New(b hsm.Backend, s keystore.Store, o *Options) (*Engine, error) {
	return Open(context.Background(), b, s, o)
}

// Open opens a simulator. A nil backend is the software HSM with a fresh
// master key, a nil store is memory, nil options are the defaults; what Open
// is given is closed by its caller, what it makes itself by [Engine.Close].
// The context is for opening alone.
//
// The store remembers the master key's id: with another one its keys could
// not be opened, and Open refuses with [ErrMasterKey]. A device that has none
// yet ([hsm.Initializer]) makes it for a store that remembers none.
//
// Open does not settle what came due while no engine was open, which takes as
// long as there is of it: operations read as if it were settled, and
// [Engine.Settle] settles it.
func Open(ctx context.Context, b hsm.Backend, s keystore.Store, o *Options) (*Engine, error) {
	if o == nil {
		o = &Options{}
	}
	var own []func() error
	if b == nil {
		b = hsm.NewSoftware(nil)
		own = append(own, b.Close)
	}
	if s == nil {
		s = keystore.NewMemory()
		own = append(own, s.Close)
	}
	ca := core.AlgorithmNamed(cmp.Or(o.CA, core.RSA4096))
	if ca == nil || ca.Symmetric() {
		return nil, fmt.Errorf("engine: Options.CA is %q, want an RSA or ECC algorithm", o.CA)
	}
	c := core.NewCloud(&core.CloudConfig{
		Backend: b, HSM: o.HSM, Store: s, Now: o.Now, Seed: o.Seed, Regions: o.Regions, Limits: o.Limits,
		Lenient: o.LenientStrength, Explain: o.Explain == nil || *o.Explain, Observe: o.Observe, ReadOnly: readOnly, CA: ca,
	})
	e := &Engine{cloud: c, own: own}
	e.Caller = e.As(o.Identity)
	if len(own) == 2 { // a new device and a new store have nothing to compare
		return e, nil
	}
	if err := c.Check(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Close forgets open keys, and closes the backend and the store that Open made
// itself.
func (e *Engine) Close() error {
	err := e.cloud.HSM.Close()
	for _, f := range e.own {
		err = errors.Join(err, f())
	}
	return err
}

// As is the simulator as another caller sees it. Absent members are those of
// [Options.Identity]'s defaults.
func (e *Engine) As(id apc.Identity) *Caller {
	return &Caller{&core.Caller{Cloud: e.cloud, Identity: withDefaults(id)}}
}

// Settle writes into the store what time has decided in every account and Region: keys whose
// waiting period is over are deleted, and the key pairs of tokens that have expired erased. It
// goes on until nothing is due. Operations read as if it had been called; calling it makes the
// deletions final at once.
func (e *Engine) Settle(ctx context.Context) error { return e.cloud.SettleAll(ctx) }

// Caller is the simulator as one principal in one Region sees it. Its methods
// are the operations of the service; any number of goroutines may share one.
type Caller struct{ caller *core.Caller }

// Identity is the caller's.
func (c *Caller) Identity() apc.Identity { return c.caller.Identity }
