package engine

import (
	"cmp"
	"context"
	"fmt"
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
	limits   Limits
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

// newCloud makes a cloud on a device and a store.
func newCloud(b hsm.Backend, s keystore.Store, o *Options) (*cloud, error) {
	e := &cloud{
		hsm: hsm.New(b, &o.HSM), store: s, now: o.Now, regions: slices.Concat(serviceRegions, o.Regions), limits: o.Limits.withDefaults(),
		lenient: o.LenientStrength, explain: o.Explain == nil || *o.Explain, observe: o.Observe, readOnly: readOnly,
		commits: newStream(0, ""),
	}
	e.ids, e.tokens, e.serials = e.commits, e.commits, e.commits
	if o.Seed != 0 {
		e.ids, e.tokens, e.serials = newStream(o.Seed, "ids"), newStream(o.Seed, "tokens"), newStream(o.Seed, "serials")
	}
	if e.ca = algorithmNamed(cmp.Or(o.CA, rsa4096)); e.ca == nil || e.ca.symmetric() {
		return nil, fmt.Errorf("engine: Options.CA is %q, want an RSA or ECC algorithm", o.CA)
	}
	if e.now == nil {
		e.now = time.Now
	}
	return e, nil
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
