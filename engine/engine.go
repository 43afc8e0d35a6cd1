package engine

import (
	"context"
	"errors"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Options of an Engine. The zero value is right.
type Options struct {
	// Now is the simulator's clock; nil is time.Now. It is read once for each
	// operation and cut to milliseconds.
	Now func() time.Time

	// Seed makes what the engine draws (ids, tokens, serial numbers) the same in every run; 0 draws
	// other values in each run. The same calls in the same order get the same values on any
	// backend. [New] seeds the software HSM with it too, so that symmetric keys are the same.
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

	// LenientStrength accepts TR-31 imports of keys under weaker keys, as the service did before
	// 2025.
	LenientStrength bool

	// HideReasons gives all faults that are found by or after a decryption or the check of a MAC
	// the same reason, so that no caller can use the simulator as a padding oracle. Otherwise the
	// reason is exact.
	HideReasons bool

	// Teams are the ARNs of the approval teams that exist. If it is empty, every ARN is a team.
	Teams []string

	// ReplicationFails, if not nil, returns the StatusMessage with which the replication of a key to a Region
	// fails, or "" if it is to succeed. It is called once for each replication, when it is requested.
	ReplicationFails func(keyARN, region string) string

	// Quirks are faults of the service that the simulator repeats where they are set.
	Quirks apc.Quirks

	// Intercept, if not nil, runs around every operation: it may delay it, refuse it before or
	// after it was done, or lose its answer ([apc.ErrNoAnswer]). next does the operation, at most
	// once, and returns a pointer to its output. Intercept is called in the goroutine of the
	// operation's caller; operations of several goroutines call it at once.
	Intercept func(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error)

	// Observe is called once for every operation when it ends, and for each
	// stored record that a list or settling had to skip ([apc.EventRecordSkipped]).
	// Settling reports a record once, a list each time. It is called in the goroutine of the
	// operation's caller, before the operation returns; operations of several goroutines call it
	// at once.
	Observe func(apc.Event)

	// IDs, if not nil, returns the id of each new key, so that tests have readable ones. It is called
	// again where the id is taken. What is not 16 to 64 letters and digits, or is taken each time, is
	// an InternalServerException with that as its reason.
	IDs func() string

	// HSM are the options of the payment commands on the backend: ready RSA key
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

// Engine is a simulated cloud with any number of accounts and Regions. It embeds the default
// caller, so that it has the operations itself. Any number of goroutines may share one.
type Engine struct {
	*Caller
	cloud *core.Cloud
	own   []func() error // closes what New made
}

// New makes a simulator in memory: a software HSM with a fresh master key and an empty store. Nil
// options are the defaults.
func New(o *Options) *Engine {
	if o == nil {
		o = &Options{}
	}
	backend, store := hsm.NewSoftware(&hsm.SoftwareOptions{Seed: o.Seed}), keystore.NewMemory()
	e := newEngine(backend, store, o)
	e.own = []func() error{backend.Close, store.Close}
	return e
}

// Open opens a simulator on a device and a store, which stay the caller's to close after
// [Engine.Close]. Nil options are the defaults. The context is for opening only.
//
// The store has a record of the master key's id. With another master key its
// keys could not be opened: Open refuses it with [ErrMasterKey]. If the device
// has no master key yet ([hsm.Initializer]) and the store has no such record,
// Open has the device make one.
//
// Open does not settle what became due while no engine was open, since that can take long.
// Operations return the same as if it were settled, and [Engine.Settle] settles it.
func Open(ctx context.Context, b hsm.Backend, s keystore.Store, o *Options) (*Engine, error) {
	if o == nil {
		o = &Options{}
	}
	e := newEngine(b, s, o)
	if err := e.cloud.Check(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func newEngine(b hsm.Backend, s keystore.Store, o *Options) *Engine {
	e := &Engine{cloud: core.NewCloud(&core.CloudConfig{
		Backend: b, HSM: o.HSM, Store: s, Now: o.Now, Seed: o.Seed, IDs: o.IDs, Regions: o.Regions, Limits: o.Limits,
		Lenient: o.LenientStrength, HideReasons: o.HideReasons, Quirks: o.Quirks, Observe: o.Observe, Intercept: o.Intercept,
		ReadOnly: readOnly, Access: accessOf, ReplicationFails: o.ReplicationFails, Teams: o.Teams,
	})}
	e.Caller = e.As(o.Identity)
	return e
}

// Close closes the open keys, and the backend and the store if [New] made them.
func (e *Engine) Close() error {
	err := e.cloud.HSM.Close()
	for _, f := range e.own {
		err = errors.Join(err, f())
	}
	return err
}

// As returns another caller. Absent members are filled in as those of [Options.Identity] are, not from the
// default caller: account 111122223333, Region us-east-1 and the account's root.
func (e *Engine) As(id apc.Identity) *Caller {
	id = withDefaults(id)
	planes := &[2]core.Caller{{Cloud: e.cloud, Identity: id}, {Cloud: e.cloud, Identity: id, DataPlane: true}}
	return &Caller{Caller: dataplane.NewCaller(&planes[1]), caller: &planes[0]}
}

// Settle writes into the store the changes that are due in every account and Region: keys whose
// waiting period is over are deleted, and the key pairs of tokens that have expired erased. It goes
// on until nothing is due. Operations read as if it had been called; calling it makes the deletions
// final at once.
func (e *Engine) Settle(ctx context.Context) error { return e.cloud.SettleAll(ctx) }

// Caller calls the simulator as one principal in one Region. Its methods are the operations of the
// service, of the control plane and of the data plane; any number of goroutines may share one.
type Caller struct {
	*dataplane.Caller
	caller *core.Caller
}

// Identity is the caller's.
func (c *Caller) Identity() apc.Identity { return c.caller.Identity }
