// Package model predicts the answers and the state of the service. It computes them from the calls,
// by rules written from the service's documents. It imports the shapes of package engine and none
// of its rules, so that a mistake in one is not repeated in the other.
//
//	refusal := world.Expect(now, who, in)        // the zero value: the request must be accepted
//	err := world.Did(now, who, in, out, err)     // nil, or what contradicts; the call's effect is recorded
//	err = world.Compare(ctx, now, eng.As)        // the whole state, by reading operations
//
// A value that cannot be predicted (an ARN, the check value of a new key) is taken from the first
// answer and must be the same from then on.
//
// It has all operations of the control plane but the lists, which Compare calls, in several
// accounts and Regions. That is keys, aliases, tags, import and export tokens, imports and exports
// in every form, certificates, quotas, replication, identity and resource policies of a small
// family, and approval. Of the data plane, every operation and form: which keys may do it and what
// else must fit. The results are not computed; the caller compares those that must agree, such as a
// MAC and its verification.
//
// Faults of one request are reported in one order: identifiers, permission, state, the rules of each key, certificates
// and tokens, quotas.
package model

import (
	"crypto/x509"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

const day = 24 * time.Hour

// Place is an account in a Region.
type Place struct{ Account, Region string }

// World is what must be true of a simulated cloud. It is for one goroutine.
type World struct {
	limits   apc.Limits
	places   map[Place]*place
	order    []Place
	sessions map[string]*session // by ARN
	facts    map[string]string   // values of the data plane
	sealed   []Sealed
	sent     map[string]sentKey // key blocks
	pins     []PIN
	turn     int // of Compare
}

// place is what must be true in one place.
type place struct {
	Place
	keys     map[string]*Key   // by ARN
	aliases  map[string]string // name to ARN or ""
	tokens   map[string]*Token // by id
	blocks   map[string]string // key blocks and cryptograms that were exported: their check values
	defaults []string          // the default list of replication Regions
	team     *team             // nil: none is associated
}

// Key is what must be true of a key. It belongs to the World: callers do not change it.
type Key struct {
	*life
	ARN            string
	Attributes     apc.KeyAttributes
	CheckValue     string
	Exportable     bool
	checkAlgorithm apc.KeyCheckValueAlgorithm // "": not known yet
	created        time.Time
	tags           map[string]string

	Agrees      *apc.KeyUsage     // DeriveKeyUsage of a key pair
	root        *x509.Certificate // of an imported authority
	certificate string            // the last one given for a key pair, and when it ends
	certified   time.Time

	primary  *Key                    // of a replica
	replicas map[string]*replication // of a primary, by Region
	defaults *bool                   // UsingDefaultReplicationRegions
	policy   string                  // "": none
	session  *session                // of its import; nil: none was needed
}

// life is what a primary and its replicas have in common.
type life struct {
	State       apc.KeyState
	Enabled     bool
	start, stop time.Time
	deleteAt    time.Time // when the waiting period ends
	ready       time.Time // when a key in CREATE_IN_PROGRESS becomes CREATE_COMPLETE by itself
}

// replication is the state of a replica in the list of its primary.
type replication struct {
	status apc.KeyReplicationState
	due    time.Time // when IN_PROGRESS or DELETE_IN_PROGRESS ends
	fails  string    // the message of a replication that fails
}

// Token is what must be true of an import or export token.
type Token struct {
	ID          string
	Material    apc.KeyMaterialType
	Export      bool
	Certificate string
	created     time.Time
	expires     time.Time
}

// New is an empty world of these places. The limits have no zero values, except for OpenTokens,
// where zero is no limit, and the times that creation and replication take.
func New(l apc.Limits, places ...Place) *World {
	w := &World{limits: l, places: map[Place]*place{}, order: places, sessions: map[string]*session{}, facts: map[string]string{},
		sent: map[string]sentKey{}}
	for _, p := range places {
		w.places[p] = &place{
			Place:   p,
			keys:    map[string]*Key{},
			aliases: map[string]string{},
			tokens:  map[string]*Token{},
			blocks:  map[string]string{},
		}
	}
	return w
}

// Limits are the world's.
func (w *World) Limits() apc.Limits { return w.limits }

// Places are the world's, in the order given.
func (w *World) Places() []Place { return w.order }

// Regions are those of the world's places, in the order given.
func (w *World) Regions() (all []string) {
	for _, p := range w.order {
		if !slices.Contains(all, p.Region) {
			all = append(all, p.Region)
		}
	}
	return all
}

// ReplicationFails is the option of that name of an engine that the world describes.
func (w *World) ReplicationFails(_, region string) string {
	if region == failingRegion {
		return "the Region is full"
	}
	return ""
}

// at is the place of a caller, with everything done that time has done by now.
func (w *World) at(now time.Time, who apc.Identity) *place {
	for _, s := range w.sessions {
		if s.status == apc.SessionStatusPending && !s.deadline.After(now) {
			s.decide(apc.Deny)
		}
	}
	for _, p := range w.places {
		for _, k := range p.keys {
			k.settle(p, now)
		}
	}
	return w.places[Place{who.Account, who.Region}]
}

// Moments returns the future times at which something changes without a call, in order.
func (w *World) Moments(now time.Time) (all []time.Time) {
	for _, s := range w.sessions {
		all = append(all, s.deadline)
	}
	for _, p := range w.places {
		for _, k := range p.keys {
			all = append(all, k.ready, k.deleteAt, k.certified, k.certified.Add(-w.limits.CertificateReuse))
			for _, r := range k.replicas {
				all = append(all, r.due)
			}
		}
		for _, t := range p.tokens {
			all = append(all, t.expires, t.expires.Add(-w.limits.TokenReuse), t.expires.Add(365*day))
		}
	}
	all = slices.DeleteFunc(all, func(t time.Time) bool { return !t.After(now) })
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// settle makes a key what it is at a time.
func (k *Key) settle(p *place, now time.Time) {
	for region, r := range k.replicas {
		switch {
		case r.due.IsZero() || r.due.After(now):
		case r.status == apc.KeyReplicationStateDeleteInProgress:
			delete(k.replicas, region)
		default:
			r.finish()
		}
	}
	if k.State == apc.KeyStateCreateInProgress && !k.ready.IsZero() && !k.ready.After(now) {
		k.State = apc.KeyStateCreateComplete
	}
	if k.State == apc.KeyStateDeletePending && !k.deleteAt.After(now) {
		k.State, k.Enabled = apc.KeyStateDeleteComplete, false
		p.detach(k)
	}
}

// detach takes a key from its aliases.
func (p *place) detach(k *Key) {
	for name, arn := range p.aliases {
		if arn == k.ARN {
			p.aliases[name] = ""
		}
	}
}

// Keys are the keys of a place that fit, by ARN; nil fits all.
func (w *World) Keys(p Place, fits func(*Key) bool) (all []*Key) {
	keys := w.places[p].keys
	for _, arn := range slices.Sorted(maps.Keys(keys)) {
		if fits == nil || fits(keys[arn]) {
			all = append(all, keys[arn])
		}
	}
	return all
}

// Aliases are the names of the aliases of a place.
func (w *World) Aliases(p Place) []string { return slices.Sorted(maps.Keys(w.places[p].aliases)) }

// HasTeam reports whether an approval team guards a place.
func (w *World) HasTeam(p Place) bool { return w.places[p].team != nil }

// Named is the key that an identifier names for a caller of a place, whatever it may do with it; nil where there is
// none.
func (w *World) Named(now time.Time, p Place, id string) *Key {
	q := w.request(now, apc.Identity{Account: p.Account, Region: p.Region}, "")
	k, _, _ := q.resolve(id)
	return k
}

// Tokens are the import or export tokens of all places, by id.
func (w *World) Tokens(export bool) (all []*Token) {
	for _, p := range w.order {
		tokens := w.places[p].tokens
		for _, id := range slices.Sorted(maps.Keys(tokens)) {
			if tokens[id].Export == export {
				all = append(all, tokens[id])
			}
		}
	}
	return all
}

// Identifiers returns what a caller of a place may name a key by: aliases by name and ARN, keys of
// every place, and a key that never existed.
func (w *World) Identifiers(p Place) (ids []string) {
	ids = slices.Sorted(maps.Keys(w.places[p].aliases))
	for _, at := range w.order {
		ids = append(ids, slices.Sorted(maps.Keys(w.places[at].keys))...)
		for _, name := range slices.Sorted(maps.Keys(w.places[at].aliases)) {
			ids = append(ids, "arn:aws:payment-cryptography:"+at.Region+":"+at.Account+":"+name)
		}
	}
	return append(ids, "alias/none", "arn:aws:payment-cryptography:"+p.Region+":"+p.Account+":key/aaaaaaaaaaaaaaaa")
}

// Usable reports whether the key may be worked with.
func (k *Key) Usable() bool { return k.State == apc.KeyStateCreateComplete && k.Enabled }

// Exports reports whether the key may be exported.
func (k *Key) Exports() bool { return k.Usable() && exports(k) == "" }

// Wraps reports whether the key may wrap other keys.
func (k *Key) Wraps() bool { return k.Usable() && wraps(k) == "" }

// Unwraps reports whether the key may unwrap other keys.
func (k *Key) Unwraps() bool { return k.Usable() && unwraps(k) == "" }

// WrapsNodes reports whether the key may wrap AS 2805 cryptograms.
func (k *Key) WrapsNodes() bool { return k.Usable() && wrapsNodes(k) == "" }

// Certifies reports whether the key is an authority with this algorithm.
func (k *Key) Certifies(a apc.KeyAlgorithm) bool {
	return k.Usable() && k.root != nil && k.Attributes.KeyAlgorithm == a
}

// Replicated reports whether the key is in other Regions.
func (k *Key) Replicated() bool { return len(k.replicas) > 0 }

// Replica reports whether the key is a replica of another.
func (k *Key) Replica() bool { return k.primary != nil }

// HasPolicy reports whether the key has a resource policy.
func (k *Key) HasPolicy() bool { return k.policy != "" }

// region is where the key is.
func (k *Key) region() string { return strings.Split(k.ARN, ":")[3] }

// account is whose key it is.
func (k *Key) account() string { return strings.Split(k.ARN, ":")[4] }

// id is the last part of the key's ARN, which a primary and its replicas share.
func (k *Key) id() string { return idOf(k.ARN) }
