package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// cloud is one simulated cloud without operations: the device, the store, the clock and what
// applies to all callers. Any number of goroutines may share one; it starts none.
type cloud struct {
	hsm      *hsm.HSM
	store    keystore.Store
	limits   apc.Limits
	lenient  bool // Options.LenientStrength
	explain  bool // the reasons of what fails behind a decryption
	readOnly func(op string) bool

	now     func() time.Time
	regions []string
	observe func(apc.Event)
	ids     *stream // of keys: this and the next two seeded if asked for
	tokens  *stream // ids of import and export tokens
	serials *stream // of certificates
	commits *stream // commit ids: never seeded, since a store may have many writers
	ca      *algorithm
	roots   sync.Map // of keystore.Partition to *authority, which do not change
	making  makings  // of those authorities
	skipped skipped
}

// cloudConfig is what a cloud is made of. Only the device and the store must be given.
type cloudConfig struct {
	backend  hsm.Backend
	hsm      hsm.Options
	store    keystore.Store
	now      func() time.Time // nil: time.Now
	seed     uint64           // 0: drawn
	regions  []string         // beside the service's
	limits   apc.Limits
	lenient  bool
	explain  bool
	observe  func(apc.Event)
	readOnly func(op string) bool // for events
	ca       *algorithm
}

// newCloud makes a cloud on a device and a store.
func newCloud(o *cloudConfig) *cloud {
	e := &cloud{
		hsm: hsm.New(o.backend, &o.hsm), store: o.store, now: o.now, regions: slices.Concat(serviceRegions, o.regions), limits: limitsWithDefaults(o.limits),
		lenient: o.lenient, explain: o.explain, observe: o.observe, readOnly: o.readOnly, ca: o.ca,
		commits: newStream(0, ""),
	}
	e.ids, e.tokens, e.serials = e.commits, e.commits, e.commits
	if o.seed != 0 {
		e.ids, e.tokens, e.serials = newStream(o.seed, "ids"), newStream(o.seed, "tokens"), newStream(o.seed, "serials")
	}
	if e.now == nil {
		e.now = time.Now
	}
	return e
}

// check compares the store with the device and the clock.
func (e *cloud) check(ctx context.Context) error {
	if err := checkClock(e.moment()); err != nil {
		return err
	}
	return e.checkMasterKey(ctx)
}

// moment is the simulator's time, in milliseconds.
func (e *cloud) moment() time.Time { return e.now().UTC().Truncate(time.Millisecond) }
