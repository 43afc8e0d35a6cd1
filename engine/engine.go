package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
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
	Identity Identity

	// Regions that have the service besides those known to have it, such as one
	// that is new. A caller in any other Region is refused.
	Regions []string

	// Limits other than the documented ones.
	Limits Limits

	// LenientStrength takes what the service took in TR-31 imports before
	// 2025: keys under weaker keys.
	LenientStrength bool

	// Explain says whether a key block that fails behind its MAC is refused
	// with the exact reason. Nil is true; new(false) folds all of them into
	// one, as a service open to strangers must.
	Explain *bool

	// Observe is called once for every operation when it ends, and for each
	// stored record that a list or settling had to skip ([EventRecordSkipped]).
	// Settling reports a record once, a list each time.
	Observe func(Event)

	// CA is the algorithm of the certificate authority of each account and
	// Region, which is made when it is first asked for: RSA_4096, as the
	// service's, if empty. One that is there already stays as it is.
	CA KeyAlgorithm

	// HSM are the options of the payment commands on the backend: ready RSA
	// pairs, the size of the cache.
	HSM hsm.Options
}

// Identity is who calls: an account, a Region and the ARN of a principal.
type Identity struct{ Account, Region, ARN string }

// The caller when none is named.
const (
	DefaultAccount = "111122223333"
	DefaultRegion  = "us-east-1"
)

func (id Identity) withDefaults() Identity {
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

// Engine is a whole simulated cloud: any number of accounts and Regions. It
// embeds the default caller, whose operations are its own. Any number of
// goroutines may share one; it starts none.
type Engine struct {
	*Caller
	hsm     *hsm.HSM
	store   keystore.Store
	now     func() time.Time
	regions []string
	limits  Limits
	lenient bool
	explain bool
	observe func(Event)
	ids     *stream // of keys: this and the next two seeded if asked for
	tokens  *stream // ids of import and export tokens
	serials *stream // of certificates
	commits *stream // commit ids: never seeded, since a store may have many writers
	ca      *algorithm
	roots   sync.Map // of keystore.Partition to *authority, which do not change
	making  makings  // of those authorities
	closing func() error
	skipped skipped
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
	e := &Engine{
		hsm: hsm.New(b, &o.HSM), store: s, now: o.Now, regions: slices.Concat(serviceRegions, o.Regions), limits: o.Limits.withDefaults(),
		lenient: o.LenientStrength, explain: o.Explain == nil || *o.Explain, observe: o.Observe,
		commits: newStream(0, ""),
	}
	e.ids, e.tokens, e.serials = e.commits, e.commits, e.commits
	if o.Seed != 0 {
		e.ids, e.tokens, e.serials = newStream(o.Seed, "ids"), newStream(o.Seed, "tokens"), newStream(o.Seed, "serials")
	}
	if e.ca = algorithmNamed(cmp.Or(o.CA, RSA4096)); e.ca == nil || e.ca.symmetric() {
		return nil, fmt.Errorf("engine: Options.CA is %q, want an RSA or ECC algorithm", o.CA)
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.closing = func() error {
		err := e.hsm.Close()
		for _, f := range own {
			err = errors.Join(err, f())
		}
		return err
	}
	e.Caller = e.As(o.Identity)
	if len(own) == 2 { // a new device and a new store have nothing to compare
		return e, nil
	}
	err := checkClock(e.moment())
	if err == nil {
		err = e.checkMasterKey(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, e.closing())
	}
	return e, nil
}

// Close forgets open keys, and closes the backend and the store that Open made
// itself.
func (e *Engine) Close() error { return e.closing() }

// As is the simulator as another caller sees it. Absent members are those of
// [Options.Identity]'s defaults.
func (e *Engine) As(id Identity) *Caller { return &Caller{engine: e, identity: id.withDefaults()} }

// Caller is the simulator as one principal in one Region sees it. Its methods
// are the operations of the service; any number of goroutines may share one.
type Caller struct {
	engine   *Engine
	identity Identity
}

// Identity is who the caller is.
func (c *Caller) Identity() Identity { return c.identity }

// home is where the caller's own resources live.
func (c *Caller) home() keystore.Partition {
	return keystore.Partition{Account: c.identity.Account, Region: c.identity.Region}
}

// call is one operation under way.
type call struct {
	*Caller
	op        string
	now       time.Time
	shape     shape
	resources []string
}

// calls are used again and again: nothing keeps one when its operation ends.
var calls = sync.Pool{New: func() any { return new(call) }}

func (e *Engine) moment() time.Time { return e.now().UTC().Truncate(time.Millisecond) }

// run is what all operations share: the clock is read, the shape checked,
// the work done, the refusal dressed, the event told.
func run[In any, PIn interface {
	*In
	shaped
}, Out any](ctx context.Context, c *Caller, op string, in PIn, do func(*call, context.Context, PIn) (*Out, error)) (*Out, error) {
	k := calls.Get().(*call)
	defer calls.Put(k)
	*k = call{Caller: c, op: op, now: c.engine.moment()}
	if in == nil {
		in = new(In)
	}
	out, err := guarded(ctx, k, in, do)
	if err != nil {
		refusal := k.dress(err)
		k.tell(refusal)
		return nil, refusal
	}
	k.tell(nil)
	return out, nil
}

func guarded[PIn shaped, Out any](ctx context.Context, k *call, in PIn, do func(*call, context.Context, PIn) (*Out, error)) (*Out, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(RuleContext, problemGaveUp, err)
	}
	if err := checkClock(k.now); err != nil {
		return nil, err
	}
	if err := k.engine.checkRegion(k.identity.Region); err != nil {
		return nil, err
	}
	if err := k.shape.check(in); err != nil {
		return nil, err
	}
	return do(k, ctx, in)
}

// dress makes an *Error of the operation out of any error.
func (k *call) dress(err error) *Error {
	refusal := asRefusal(err)
	refusal.Op = k.op
	return refusal
}

// asRefusal is any error as an *Error.
func asRefusal(err error) *Error {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal
	}
	return internal(err)
}

func (k *call) tell(refusal *Error) {
	if k.engine.observe == nil {
		return
	}
	ev := Event{
		EventType: APICall, EventTime: k.now, EventSource: eventSource, EventName: k.op,
		AWSRegion: k.identity.Region, AccountID: k.identity.Account, UserIdentity: k.identity.ARN,
		ReadOnly: readOnly(k.op), Resources: k.resources,
	}
	if refusal != nil {
		ev.ErrorCode, ev.ErrorMessage, ev.Reasons = refusal.Code, refusal.Message, refusal.Reasons
	}
	k.engine.observe(ev)
}
