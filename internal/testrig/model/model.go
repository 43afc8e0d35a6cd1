// Package model says what must be true of a simulated cloud after any operations, in
// the words of the service's documentation, and runs an engine beside that: [Check].
//
// The model knows the engine's shapes and none of its rules.
package model

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

const day = 24 * time.Hour

// model is what must be true.
type model struct {
	clock  func() time.Time
	limits apc.Limits
	places map[place]*world
	order  []place
}

// place is an account in a Region.
type place struct{ account, region string }

// world is what must be true in one place.
type world struct {
	place
	keys    map[string]*key   // by ARN
	aliases map[string]string // name to ARN or ""
	tokens  map[string]*token // by id
}

// key is what must be true of a key.
type key struct {
	arn         string
	attributes  apc.KeyAttributes
	checkValue  string
	exportable  bool
	enabled     bool
	state       apc.KeyState
	created     time.Time
	start, stop time.Time
	deleteAt    time.Time // when the wait ends
	tags        map[string]string

	agrees      bool   // a key pair whose DeriveKeyUsage is K1
	certificate string // the last one given for a key pair, and when it ends
	certified   time.Time
}

// token is what must be true of an import or export token.
type token struct {
	material         apc.KeyMaterialType
	export           bool
	created, expires time.Time
	certificate      string
}

const tokenLife = 10 * day

// newModel is an empty cloud of three places.
func newModel(clock func() time.Time) *model {
	m := &model{clock: clock, limits: apc.Limits{Keys: 5, Aliases: 4, Tags: 3, OpenTokens: 3, TokenLife: tokenLife}, places: map[place]*world{}}
	for _, p := range []place{{"111122223333", "us-east-1"}, {"111122223333", "eu-west-1"}, {"444455556666", "us-east-1"}} {
		m.order = append(m.order, p)
		m.places[p] = &world{place: p, keys: map[string]*key{}, aliases: map[string]string{}, tokens: map[string]*token{}}
	}
	return m
}

func (m *model) now() time.Time { return m.clock().UTC().Truncate(time.Millisecond) }

// advanced deletes the keys whose wait has ended.
func (m *model) advanced() {
	for _, w := range m.places {
		for _, k := range w.keys {
			if k.state != apc.KeyStateDeletePending || k.deleteAt.After(m.now()) {
				continue
			}
			k.state, k.enabled = apc.KeyStateDeleteComplete, false
			for name, arn := range w.aliases {
				if arn == k.arn {
					w.aliases[name] = ""
				}
			}
		}
	}
}

// identifiers are what a caller of the world may name a key by: keys of any world, one
// that never was, and aliases.
func (m *model) identifiers(w *world) []string {
	ids := []string{
		"arn:aws:payment-cryptography:" + w.region + ":" + w.account + ":key/aaaaaaaaaaaaaaaa",
		"alias/none",
	}
	for _, p := range m.order {
		ids = append(ids, slices.Sorted(maps.Keys(m.places[p].keys))...)
	}
	for _, name := range slices.Sorted(maps.Keys(w.aliases)) {
		ids = append(ids, name, "arn:aws:payment-cryptography:"+w.region+":"+w.account+":"+name)
	}
	return ids
}

// find is what the identifier names to a caller of the world, or how it is refused.
func (m *model) find(w *world, id string) (*key, error) {
	if at := strings.Index(id, "alias/"); at >= 0 {
		id = w.aliases[id[at:]]
		if id == "" || w.keys[id].state == apc.KeyStateDeleteComplete {
			return nil, apc.ErrResourceNotFound
		}
	}
	if strings.Split(id, ":")[4] != w.account {
		return nil, apc.ErrAccessDenied
	}
	if k := w.keys[id]; k != nil {
		return k, nil
	}
	return nil, apc.ErrResourceNotFound
}

// resolved is the refusal of identifiers: all of the caller's own account resolve before any key
// of another account is refused.
func resolved(errs ...error) (want error) {
	for _, err := range errs {
		if err == apc.ErrResourceNotFound {
			return err
		}
		want = firstError(want, err)
	}
	return want
}

// unknown is the refusal of a token that does not resolve; nil for any other.
func unknown(refusal error) error {
	if refusal == apc.ErrResourceNotFound {
		return refusal
	}
	return nil
}

// firstError is the first error, or nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// quota is the refusal of one key more.
func (m *model) quota(w *world) error {
	live := 0
	for _, k := range w.keys {
		if k.state != apc.KeyStateDeleteComplete {
			live++
		}
	}
	if live >= m.limits.Keys {
		return apc.ErrServiceQuotaExceeded
	}
	return nil
}

// admit is the refusal of a new key. Of the attributes that the machine draws, those
// with Encrypt alone are none that a key can have.
func (m *model) admit(w *world, a apc.KeyAttributes) error {
	if a.KeyModesOfUse == (apc.KeyModesOfUse{Encrypt: true}) {
		return apc.ErrValidation
	}
	return m.quota(w)
}

func (m *model) create(w *world, k engine.Key, a apc.KeyAttributes, exportable, enabled bool) {
	made := &key{arn: k.KeyArn, attributes: a, checkValue: k.KeyCheckValue, exportable: exportable,
		enabled: enabled, state: apc.KeyStateCreateComplete, created: m.now(), tags: map[string]string{}}
	if enabled {
		made.start = m.now()
	} else {
		made.stop = m.now()
	}
	w.keys[k.KeyArn] = made
}

// taggable: tags are of key ARNs, and of keys that are not deleted.
func (m *model) taggable(w *world, id string) (*key, error) {
	if strings.Contains(id, "alias/") {
		return nil, apc.ErrValidation
	}
	k, want := m.find(w, id)
	if want == nil && k.state != apc.KeyStateCreateComplete {
		want = apc.ErrValidation
	}
	return k, want
}

// strong reports whether a key may be wrapped under another, by the user guide.
func strong(kek, key apc.KeyAlgorithm) bool {
	rank := map[apc.KeyAlgorithm]int{apc.KeyAlgorithmTDES2Key: 1, apc.KeyAlgorithmTDES3Key: 2, apc.KeyAlgorithmAES128: 3, apc.KeyAlgorithmAES192: 4, apc.KeyAlgorithmAES256: 5}
	if strings.HasPrefix(string(key), "HMAC") {
		return kek == apc.KeyAlgorithmAES256
	}
	return rank[kek] >= rank[key]
}

func (k *key) usable() bool { return k.state == apc.KeyStateCreateComplete && k.enabled }

// isKEK reports whether the key may wrap others, or unwrap.
func (k *key) isKEK(wrap bool) bool {
	u, m := k.attributes.KeyUsage, k.attributes.KeyModesOfUse
	return (u == apc.KeyUsageTR31K0KeyEncryptionKey || u == apc.KeyUsageTR31K1KeyBlockProtectionKey) && (wrap && m.Wrap || !wrap && m.Unwrap)
}

// isNodeKEK reports whether the key may wrap AS 2805 cryptograms.
func (k *key) isNodeKEK() bool {
	return k.usable() && k.attributes.KeyUsage == apc.KeyUsageTR31K0KeyEncryptionKey && isTDES(k.attributes.KeyAlgorithm) && k.attributes.KeyModesOfUse.Wrap
}

// leaves reports whether the key may be exported in any form.
func (k *key) leaves() bool {
	return k.usable() && k.attributes.KeyClass == apc.KeyClassSymmetricKey && k.exportable
}

func (k *key) isPINKey() bool {
	return k.leaves() && k.attributes.KeyUsage == apc.KeyUsageTR31P0PINEncryptionKey
}

// authority is certifies for an algorithm.
func authority(a apc.KeyAlgorithm) func(*key) bool {
	return func(k *key) bool { return k.certifies(a) }
}

// certifies reports whether the key is a certificate authority with this algorithm.
func (k *key) certifies(a apc.KeyAlgorithm) bool {
	return k.usable() && k.attributes == publicAttributes(a)
}

func isTDES(a apc.KeyAlgorithm) bool {
	return a == apc.KeyAlgorithmTDES2Key || a == apc.KeyAlgorithmTDES3Key
}

// publicAttributes are those of an imported certificate authority.
func publicAttributes(a apc.KeyAlgorithm) apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassPublicKey,
		KeyAlgorithm: a, KeyModesOfUse: apc.KeyModesOfUse{Verify: true}}
}

// reusable are the tokens made last of those with 7 days left.
func (m *model) reusable(w *world, export bool, material apc.KeyMaterialType) (ids []string) {
	var last time.Time
	for id, k := range w.tokens {
		switch {
		case k.export != export || k.material != material || k.expires.Sub(m.now()) < 7*day:
		case k.created.After(last):
			last, ids = k.created, []string{id}
		case k.created.Equal(last):
			ids = append(ids, id)
		}
	}
	return ids
}

func (m *model) openTokens(w *world) (n int) {
	for _, k := range w.tokens {
		if k.expires.After(m.now()) {
			n++
		}
	}
	return n
}

// tokenRefusal is how a token is refused to a caller of the world.
func (m *model) tokenRefusal(w *world, id string, material apc.KeyMaterialType) error {
	k := w.tokens[id]
	switch {
	case k == nil || !k.expires.Add(365*day).After(m.now()):
		return apc.ErrResourceNotFound
	case !k.expires.After(m.now()) || k.material != material:
		return apc.ErrValidation
	}
	return nil
}
