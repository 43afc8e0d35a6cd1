package core

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Cloud is one simulated cloud without operations: the device, the store, the clock and what
// applies to all callers. Any number of goroutines may share one; it starts none.
type Cloud struct {
	HSM              *hsm.HSM
	Store            keystore.Store
	Limits           apc.Limits
	Lenient          bool // Options.LenientStrength
	HideReasons      bool // of what fails at or after a decryption
	Quirks           apc.Quirks
	readOnly         func(op string) bool
	access           func(op string) Access
	teams            []string // those that exist; none: any
	replicationFails func(keyARN, region string) string

	now       func() time.Time
	regions   []string
	observe   func(apc.Event)
	intercept func(context.Context, apc.Call, func(context.Context) (any, error)) (any, error)
	keyIDs    func() string
	ids       *stream      // of keys: this, tokens and serials are seeded if asked for
	tokens    *stream      // ids of import and export tokens
	serials   *stream      // of certificates
	commits   *stream      // commit ids: never seeded, since a store may have many writers
	lastToken atomic.Int64 // when the newest token was made, in milliseconds since 1970
	creations creations    // of authorities
	policies  policies
	rates     rates // of both planes

	// What has been read, and does not change or is known not to have changed:

	used        usedKeys
	readTokens  memo[keystore.Ref, bool] // by an index for an id: lastToken is not earlier than those stored
	authorities memo[keystore.Ref, *Authority]
	issued      memo[issuedTo, bool]
	skipped     memo[keystore.Ref, keystore.CommitID]       // the revisions of records that settling has reported already
	emptyLists  memo[keystore.Partition, *keystore.Require] // of default Regions: that they are still as they were read
}

// CloudConfig is what a cloud is made of. Only the device and the store must be given.
type CloudConfig struct {
	Backend          hsm.Backend
	HSM              hsm.Options
	Store            keystore.Store
	Now              func() time.Time // nil: time.Now
	Seed             uint64           // 0: drawn
	Regions          []string         // besides the service's
	Limits           apc.Limits
	Lenient          bool
	HideReasons      bool
	Quirks           apc.Quirks
	Intercept        func(context.Context, apc.Call, func(context.Context) (any, error)) (any, error)
	IDs              func() string // of new keys; nil: drawn
	Observe          func(apc.Event)
	ReadOnly         func(op string) bool // for events
	Access           func(op string) Access
	Teams            []string
	ReplicationFails func(keyARN, region string) string
}

// NewCloud makes a cloud on a device and a store.
func NewCloud(o *CloudConfig) *Cloud {
	cloud := &Cloud{
		HSM: hsm.New(
			o.Backend,
			&o.HSM,
		), Store: o.Store, now: o.Now, regions: slices.Concat(serviceRegions, o.Regions), Limits: LimitsWithDefaults(o.Limits),
		Lenient: o.Lenient, HideReasons: o.HideReasons, Quirks: o.Quirks, intercept: o.Intercept, keyIDs: o.IDs, observe: o.Observe,
		readOnly: o.ReadOnly, access: o.Access, replicationFails: o.ReplicationFails, teams: o.Teams,
		commits: newStream(0, ""),
	}
	cloud.ids, cloud.tokens, cloud.serials = cloud.commits, cloud.commits, cloud.commits
	if o.Seed != 0 {
		cloud.ids, cloud.tokens, cloud.serials = newStream(o.Seed, "ids"), newStream(o.Seed, "tokens"), newStream(o.Seed, "serials")
	}
	if cloud.now == nil {
		cloud.now = time.Now
	}
	return cloud
}

// Check compares the store with the device and the clock.
func (cloud *Cloud) Check(ctx context.Context) error {
	if err := checkClock(cloud.moment()); err != nil {
		return err
	}
	return cloud.checkMasterKey(ctx)
}

// moment is the simulator's time, in milliseconds.
func (cloud *Cloud) moment() time.Time { return cloud.now().UTC().Truncate(time.Millisecond) }
