// Package model says what must be true of the service, worked out from the calls alone by rules
// written from its documents. It imports the shapes of package engine and none of its rules, so that
// both can be wrong only separately.
//
//	verdict := world.Expect(now, who, in)        // accepted, or the exception
//	err := world.Did(now, who, in, out, refusal) // nil, or what contradicts; the world follows the call
//	err = world.Compare(ctx, now, eng.As)        // the whole state, by reading operations
//
// What the service answers with that cannot be worked out (ARNs, check values of new keys) is taken as it is
// once and must be the same from then on.
//
// Covered are the life of keys, aliases, tags, import and export tokens, imports and exports in every form,
// certificates and quotas, in several accounts and Regions; of the data plane which keys encrypt and decrypt data and
// make and verify CMACs. Not covered are the other operations of the data plane, replication, resource
// policies and approval, of which a world must not be given calls, and the order in which two faults of one
// request are reported.
package model

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
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
	limits apc.Limits
	places map[Place]*place
	order  []Place
}

// place is what must be true in one place.
type place struct {
	Place
	keys    map[string]*Key   // by ARN
	aliases map[string]string // name to ARN or ""
	tokens  map[string]*Token // by id
	blocks  map[string]string // key blocks and cryptograms that were exported: their check values

	anyToken bool // tokens are not looked at
}

// Key is what must be true of a key. It is the world's own.
type Key struct {
	ARN         string
	Attributes  apc.KeyAttributes
	CheckValue  string
	Exportable  bool
	Enabled     bool
	State       apc.KeyState
	created     time.Time
	start, stop time.Time
	deleteAt    time.Time // when the waiting period ends
	tags        map[string]string

	Agrees      *apc.KeyUsage     // DeriveKeyUsage of a key pair
	root        *x509.Certificate // of an imported authority
	certificate string            // the last one given for a key pair, and when it ends
	certified   time.Time
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

// New is an empty world of these places, under limits of which none is zero but OpenTokens, where
// zero is no limit.
func New(l apc.Limits, places ...Place) *World {
	w := &World{limits: l, places: map[Place]*place{}, order: places}
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

// at is the place of a caller, with everything done that time has done by now.
func (w *World) at(now time.Time, who apc.Identity) *place {
	for _, p := range w.places {
		for _, k := range p.keys {
			if k.State != apc.KeyStateDeletePending || k.deleteAt.After(now) {
				continue
			}
			k.State, k.Enabled = apc.KeyStateDeleteComplete, false
			for name, arn := range p.aliases {
				if arn == k.ARN {
					p.aliases[name] = ""
				}
			}
		}
	}
	return w.places[Place{who.Account, who.Region}]
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

// Identifiers are what a caller of a place may name a key by: keys of every place, one that
// never was, and aliases by name and ARN.
func (w *World) Identifiers(p Place) []string {
	prefix := "arn:aws:payment-cryptography:" + p.Region + ":" + p.Account + ":"
	ids := []string{prefix + "key/aaaaaaaaaaaaaaaa", "alias/none"}
	for _, other := range w.order {
		ids = append(ids, slices.Sorted(maps.Keys(w.places[other].keys))...)
	}
	for _, name := range slices.Sorted(maps.Keys(w.places[p].aliases)) {
		ids = append(ids, name, prefix+name)
	}
	return ids
}

// find is the key that an identifier names in a place, or how it is refused.
func (p *place) find(id string) (*Key, apc.Code) {
	if at := strings.Index(id, "alias/"); at >= 0 {
		id = p.aliases[id[at:]]
		if id == "" || p.keys[id].State == apc.KeyStateDeleteComplete {
			return nil, apc.ErrResourceNotFound
		}
	}
	if strings.Split(id, ":")[4] != p.Account {
		return nil, apc.ErrAccessDenied
	}
	if k := p.keys[id]; k != nil {
		return k, ""
	}
	return nil, apc.ErrResourceNotFound
}

// findAll finds the keys that a request names. All of the caller's own account resolve before a
// key of another account is refused.
func (p *place) findAll(ids ...string) (keys []*Key, refused apc.Code) {
	for _, id := range ids {
		k, code := p.find(id)
		if code == apc.ErrResourceNotFound {
			return nil, code
		}
		keys, refused = append(keys, k), first(refused, code)
	}
	return keys, refused
}

// first is the first exception; "" is none.
func first(codes ...apc.Code) apc.Code {
	for _, c := range codes {
		if c != "" {
			return c
		}
	}
	return ""
}

// quota is the refusal of one key more.
func (w *World) quota(p *place) apc.Code {
	live := 0
	for _, k := range p.keys {
		if k.State != apc.KeyStateDeleteComplete {
			live++
		}
	}
	if live >= w.limits.Keys {
		return apc.ErrServiceQuotaExceeded
	}
	return ""
}

// Usable reports whether the key may be worked with.
func (k *Key) Usable() bool { return k.State == apc.KeyStateCreateComplete && k.Enabled }

// Leaves reports whether the key may be exported in any form.
func (k *Key) Leaves() bool {
	return k.Usable() && k.Attributes.KeyClass == apc.KeyClassSymmetricKey && k.Exportable
}

// Wraps and Unwraps report whether the key may do so to others.
func (k *Key) Wraps() bool   { return k.isKEK() && k.Usable() && k.Attributes.KeyModesOfUse.Wrap }
func (k *Key) Unwraps() bool { return k.isKEK() && k.Usable() && k.Attributes.KeyModesOfUse.Unwrap }

func (k *Key) isKEK() bool {
	return k.Attributes.KeyUsage == apc.KeyUsageTR31K0KeyEncryptionKey || k.Attributes.KeyUsage == apc.KeyUsageTR31K1KeyBlockProtectionKey
}

// WrapsNodes reports whether the key may wrap AS 2805 cryptograms.
func (k *Key) WrapsNodes() bool {
	return k.Usable() && k.Attributes.KeyUsage == apc.KeyUsageTR31K0KeyEncryptionKey && isTDES(k.Attributes.KeyAlgorithm) &&
		k.Attributes.KeyModesOfUse.Wrap
}

// Certifies reports whether the key is an authority with this algorithm.
func (k *Key) Certifies(a apc.KeyAlgorithm) bool {
	return k.Usable() && k.root != nil && k.Attributes.KeyAlgorithm == a
}

// issued reports whether the authority signed a certificate, given as the service takes it, or is it.
func (k *Key) issued(text string) bool {
	c := certificate(text)
	return c != nil && k.Usable() && k.root != nil && c.CheckSignatureFrom(k.root) == nil
}

// certificate reads base64 of one PEM block; nil where it is none.
func certificate(text string) *x509.Certificate {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return c
}

func isTDES(a apc.KeyAlgorithm) bool {
	return a == apc.KeyAlgorithmTDES2Key || a == apc.KeyAlgorithmTDES3Key
}

// strong reports whether a key may be wrapped under another, by the user guide.
func strong(kek, key apc.KeyAlgorithm) bool {
	rank := map[apc.KeyAlgorithm]int{
		apc.KeyAlgorithmTDES2Key: 1,
		apc.KeyAlgorithmTDES3Key: 2,
		apc.KeyAlgorithmAES128:   3,
		apc.KeyAlgorithmAES192:   4,
		apc.KeyAlgorithmAES256:   5,
	}
	if strings.HasPrefix(string(key), "HMAC") {
		return kek == apc.KeyAlgorithmAES256
	}
	return rank[kek] >= rank[key]
}
