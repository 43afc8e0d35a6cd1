package engine_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestStateMachineAgreesWithModel runs every operation, in several accounts
// and Regions and with a moving clock, beside a model of what must be true,
// and compares the two after each step.
func TestStateMachineAgreesWithModel(t *testing.T) {
	machineOn(t, func(s keystore.Store, _ uint64) keystore.Store { return s })
}

// TestStateMachineOnAFaultyStoreAgreesWithModel: a store that loses commits and
// answers, but not for long, is noticed by nobody.
func TestStateMachineOnAFaultyStoreAgreesWithModel(t *testing.T) {
	machineOn(t, func(s keystore.Store, seed uint64) keystore.Store {
		faults, plan := 0, storetest.Sometimes(0.3, seed, storetest.FailBefore, storetest.FailAfter)
		return storetest.Faulty(s, func(method string) storetest.Fault {
			fault := plan(method)
			if faults++; method != "Commit" || fault == storetest.None || faults == 3 { // the engine asks three times
				faults = 0
				return storetest.None
			}
			return fault
		})
	})
}

// machineOn runs the machine on stores made of the one that the environment
// chooses.
func machineOn(t *testing.T, store func(s keystore.Store, seed uint64) keystore.Store) {
	other := newPartner(t)
	backend := simtest.Backend(t, nil)
	rapid.Check(t, func(r *rapid.T) {
		clock := engine.NewClock(time.Time{})
		limits := apc.Limits{Keys: 5, Aliases: 4, Tags: 3, OpenTokens: modelTokenLimit, TokenLife: modelTokenLife}
		m := &machine{t: t, clock: clock, limits: limits, places: map[place]*world{}, partner: other}
		faulty := store(simtest.Store(r), rapid.Uint64().Draw(r, "seed"))
		m.eng = simtest.On(r, backend, faulty, &engine.Options{Now: clock.Now, Limits: limits})
		for _, p := range []place{{"111122223333", "us-east-1"}, {"111122223333", "eu-west-1"}, {"444455556666", "us-east-1"}} {
			m.order = append(m.order, p)
			m.places[p] = &world{place: p, keys: map[string]*modelKey{}, aliases: map[string]string{}, tokens: map[string]*modelToken{},
				caller: m.eng.As(apc.Identity{Account: p.account, Region: p.region})}
		}
		r.Repeat(map[string]func(*rapid.T){
			"CreateKey": m.createKey, "LoadKey": m.loadKey, "DeleteKey": m.deleteKey, "RestoreKey": m.restoreKey,
			"StartKeyUsage": m.startKeyUsage, "StopKeyUsage": m.stopKeyUsage, "GetKey": m.getKey,
			"CreateAlias": m.createAlias, "UpdateAlias": m.updateAlias, "DeleteAlias": m.deleteAlias, "GetAlias": m.getAlias,
			"TagResource": m.tagResource, "UntagResource": m.untagResource,
			"ImportRoot": m.importRoot, "CreateAgreeing": m.createAgreeing, "GetParameters": m.getParameters,
			"ImportKeyToken": m.importKeyToken, "ImportCryptogram": m.importCryptogram,
			"ExportWithCertificate": m.exportWithCertificate, "ExportAgreed": m.exportAgreed,
			"AS2805": m.exportAndImportAS2805, "PublicKeyCertificate": m.publicKeyCertificate,
			"ExportAndImport": m.exportAndImport, "AdvanceClock": m.advanceClock, "Settle": m.settle,
			"": m.agreesWithEngine,
		})
	})
}

type place struct{ account, region string }

// modelKey is what must be true of a key, in the words of the fact sheet.
type modelKey struct {
	arn         string
	attributes  apc.KeyAttributes
	checkValue  string
	exportable  bool
	enabled     bool
	state       apc.KeyState
	born        time.Time
	start, stop time.Time
	deleteAt    time.Time // when the wait ends
	tags        map[string]string

	agrees      bool   // a pair whose DeriveKeyUsage is K1
	certificate string // the last one given for a pair, and when it ends
	certified   time.Time
}

// world is one account in one Region.
type world struct {
	place
	caller  *engine.Caller
	keys    map[string]*modelKey // by ARN
	aliases map[string]string    // name to ARN or ""
	tokens  map[string]*modelToken
}

type machine struct {
	t       testing.TB
	partner *partner
	eng     *engine.Engine
	clock   *engine.Clock
	limits  apc.Limits
	places  map[place]*world
	order   []place
}

func (m *machine) now() time.Time { return m.clock.Now().UTC().Truncate(time.Millisecond) }

func (m *machine) world(t *rapid.T) *world {
	return m.places[rapid.SampledFrom(m.order).Draw(t, "place")]
}

// live counts the keys that the quota counts.
func (w *world) live() (n int) {
	for _, k := range w.keys {
		if k.state != apc.KeyStateDeleteComplete {
			n++
		}
	}
	return n
}

// anyKey draws a key of any world, one that never was, or an alias.
func (m *machine) anyKey(t *rapid.T, w *world) string {
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
	return rapid.SampledFrom(ids).Draw(t, "key")
}

// find is what the identifier names to a caller of the world, or how it is
// refused.
func (m *machine) find(w *world, id string) (*modelKey, error) {
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

func same(t *rapid.T, what string, got, want error) {
	t.Helper()
	if want == nil && got != nil || want != nil && !errors.Is(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

var modelAttributes = []apc.KeyAttributes{
	kekAttributes(apc.KeyAlgorithmAES256), kekAttributes(apc.KeyAlgorithmTDES3Key), kekAttributes(apc.KeyAlgorithmTDES2Key),
	attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, deriveModes),
	attributes(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA384, macModes),
	attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmAES192, unwrapOnly),
	attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes),
	attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
	{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes},
	attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, apc.KeyModesOfUse{Encrypt: true}), // refused
}

func (m *machine) admit(w *world, a apc.KeyAttributes) error {
	switch {
	case a.KeyModesOfUse == apc.KeyModesOfUse{Encrypt: true}:
		return apc.ErrValidation
	case w.live() >= m.limits.Keys:
		return apc.ErrServiceQuotaExceeded
	}
	return nil
}

func (m *machine) born(w *world, k engine.Key, a apc.KeyAttributes, exportable, enabled bool) {
	mk := &modelKey{arn: k.KeyArn, attributes: a, checkValue: k.KeyCheckValue, exportable: exportable,
		enabled: enabled, state: apc.KeyStateCreateComplete, born: m.now(), tags: map[string]string{}}
	if enabled {
		mk.start = m.now()
	} else {
		mk.stop = m.now()
	}
	w.keys[k.KeyArn] = mk
}

func (m *machine) createKey(t *rapid.T) {
	w := m.world(t)
	a := rapid.SampledFrom(modelAttributes).Draw(t, "attributes")
	exportable, enabled := rapid.Bool().Draw(t, "exportable"), rapid.Bool().Draw(t, "enabled")
	out, err := w.caller.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: &exportable, Enabled: &enabled})
	same(t, "CreateKey", err, m.admit(w, a))
	if err == nil {
		m.born(w, out.Key, a, exportable, enabled)
	}
}

func (m *machine) loadKey(t *rapid.T) {
	w := m.world(t)
	a := kekAttributes(apc.KeyAlgorithmAES128)
	one := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "component")
	out, err := w.caller.LoadKey(ctx, &engine.LoadKeyInput{KeyAttributes: a, Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(one), hsm.NewSecret(make([]byte, 16))}})
	same(t, "LoadKey", err, m.admit(w, a))
	if err == nil {
		m.born(w, out.Key, a, true, true)
		if out.ComponentCheckValues[0] != out.Key.KeyCheckValue {
			t.Fatalf("a key and a zero component: check values %v and %s", out.ComponentCheckValues, out.Key.KeyCheckValue)
		}
	}
}

// change is an operation on a key that is legal in one state.
func (m *machine) change(t *rapid.T, op string, legal apc.KeyState, do func(*world, string) error, then func(*modelKey)) {
	w := m.world(t)
	id := m.anyKey(t, w)
	k, want := m.find(w, id)
	if want == nil && k.state != legal {
		want = apc.ErrValidation
	}
	same(t, op+" "+id, do(w, id), want)
	if want == nil {
		then(k)
	}
}

func (m *machine) deleteKey(t *rapid.T) {
	days := rapid.IntRange(3, 180).Draw(t, "days")
	m.change(t, "DeleteKey", apc.KeyStateCreateComplete, func(w *world, id string) error {
		_, err := w.caller.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: id, DeleteKeyInDays: &days})
		return err
	}, func(k *modelKey) {
		k.state, k.deleteAt = apc.KeyStateDeletePending, m.now().Add(time.Duration(days)*day)
	})
}

func (m *machine) restoreKey(t *rapid.T) {
	m.change(t, "RestoreKey", apc.KeyStateDeletePending, func(w *world, id string) error {
		_, err := w.caller.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: id})
		return err
	}, func(k *modelKey) { k.state, k.deleteAt = apc.KeyStateCreateComplete, time.Time{} })
}

func (m *machine) startKeyUsage(t *rapid.T) {
	m.change(t, "StartKeyUsage", apc.KeyStateCreateComplete, func(w *world, id string) error {
		_, err := w.caller.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: id})
		return err
	}, func(k *modelKey) { k.enabled, k.start, k.stop = true, m.now(), time.Time{} })
}

func (m *machine) stopKeyUsage(t *rapid.T) {
	m.change(t, "StopKeyUsage", apc.KeyStateCreateComplete, func(w *world, id string) error {
		_, err := w.caller.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: id})
		return err
	}, func(k *modelKey) { k.enabled, k.start, k.stop = false, time.Time{}, m.now() })
}

func (m *machine) getKey(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	want, refusal := m.find(w, id)
	out, err := w.caller.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: id})
	same(t, "GetKey "+id, err, refusal)
	if err == nil {
		want.compare(t, out.Key)
	}
}

var modelNames = []string{"alias/a", "alias/b", "alias/c", "alias/d", "alias/e"}

// target draws what an alias may be pointed to.
func (m *machine) target(t *rapid.T, w *world) (arn *string, refusal error) {
	if rapid.Bool().Draw(t, "none") {
		return nil, nil
	}
	id := m.anyKey(t, w)
	if strings.Contains(id, "alias/") {
		return nil, nil
	}
	k, refusal := m.find(w, id)
	if refusal == nil && k.state == apc.KeyStateDeleteComplete {
		refusal = apc.ErrValidation
	}
	return &id, refusal
}

func (m *machine) createAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	arn, want := m.target(t, w)
	_, taken := w.aliases[name]
	if want == nil && taken {
		want = apc.ErrConflict
	}
	if want == nil && len(w.aliases) >= m.limits.Aliases {
		want = apc.ErrServiceQuotaExceeded
	}
	_, err := w.caller.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: name, KeyArn: arn})
	same(t, "CreateAlias", err, want)
	if err == nil {
		w.aliases[name] = deref(arn)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (m *machine) updateAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	arn, want := m.target(t, w)
	if _, ok := w.aliases[name]; !ok {
		want = apc.ErrResourceNotFound
	}
	_, err := w.caller.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: name, KeyArn: arn})
	same(t, "UpdateAlias", err, want)
	if err == nil {
		w.aliases[name] = deref(arn)
	}
}

func (m *machine) deleteAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	_, err := w.caller.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: name})
	var want error
	if _, ok := w.aliases[name]; !ok {
		want = apc.ErrResourceNotFound
	}
	same(t, "DeleteAlias", err, want)
	delete(w.aliases, name)
}

func (m *machine) getAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	out, err := w.caller.GetAlias(ctx, &engine.GetAliasInput{AliasName: name})
	target, ok := w.aliases[name]
	if !ok {
		same(t, "GetAlias", err, apc.ErrResourceNotFound)
		return
	}
	same(t, "GetAlias", err, nil)
	if got := deref(out.Alias.KeyArn); got != target {
		t.Fatalf("GetAlias %s: got %q, want %q", name, got, target)
	}
}

func (m *machine) tagResource(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	key, value := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "tag"), rapid.StringN(0, 5, 20).Draw(t, "value")
	_, err := w.caller.TagResource(ctx, &engine.TagResourceInput{ResourceArn: id, Tags: []apc.Tag{{Key: key, Value: value}}})
	k, want := m.taggable(w, id)
	if want == nil {
		if _, there := k.tags[key]; !there && len(k.tags) >= m.limits.Tags {
			want = apc.ErrServiceQuotaExceeded
		}
	}
	same(t, "TagResource "+id, err, want)
	if err == nil {
		k.tags[key] = value
	}
}

// taggable: only key ARNs, and only keys that live.
func (m *machine) taggable(w *world, id string) (*modelKey, error) {
	if strings.Contains(id, "alias/") {
		return nil, apc.ErrValidation
	}
	k, want := m.find(w, id)
	if want == nil && k.state != apc.KeyStateCreateComplete {
		want = apc.ErrValidation
	}
	return k, want
}

func (m *machine) untagResource(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "tag")
	_, err := w.caller.UntagResource(ctx, &engine.UntagResourceInput{ResourceArn: id, TagKeys: []string{key, "never"}})
	k, want := m.taggable(w, id)
	same(t, "UntagResource "+id, err, want)
	if err == nil {
		delete(k.tags, key)
	}
}

// strong says whether a key may travel under another, by the user guide.
func strong(kek, key apc.KeyAlgorithm) bool {
	rank := map[apc.KeyAlgorithm]int{apc.KeyAlgorithmTDES2Key: 1, apc.KeyAlgorithmTDES3Key: 2, apc.KeyAlgorithmAES128: 3, apc.KeyAlgorithmAES192: 4, apc.KeyAlgorithmAES256: 5}
	if strings.HasPrefix(string(key), "HMAC") {
		return kek == apc.KeyAlgorithmAES256
	}
	return rank[kek] >= rank[key]
}

func usable(k *modelKey) bool { return k.state == apc.KeyStateCreateComplete && k.enabled }

func isKEK(k *modelKey, out bool) bool {
	u, m := k.attributes.KeyUsage, k.attributes.KeyModesOfUse
	return (u == apc.KeyUsageTR31K0KeyEncryptionKey || u == apc.KeyUsageTR31K1KeyBlockProtectionKey) && (out && m.Wrap || !out && m.Unwrap)
}

func (m *machine) exportAndImport(t *rapid.T) {
	w := m.world(t)
	kekID, keyID := m.anyKey(t, w), m.anyKey(t, w)
	wrapped, err := exportBlock(w.caller, kekID, keyID, nil)
	kek, want := m.find(w, kekID)
	k, second := m.find(w, keyID)
	want = resolved(want, second)
	if want == nil && !(usable(kek) && isKEK(kek, true) && usable(k) && k.exportable &&
		k.attributes.KeyClass == apc.KeyClassSymmetricKey && strong(kek.attributes.KeyAlgorithm, k.attributes.KeyAlgorithm)) {
		want = apc.ErrValidation
	}
	same(t, fmt.Sprintf("ExportKey %s under %s", keyID, kekID), err, want)
	if err != nil {
		return
	}
	if *wrapped.KeyCheckValue != k.checkValue {
		t.Fatalf("exported with check value %s, the key has %s", *wrapped.KeyCheckValue, k.checkValue)
	}
	back, err := importBlock(w.caller, kekID, wrapped.KeyMaterial)
	want = nil
	if !isKEK(kek, false) {
		want = apc.ErrValidation
	} else if w.live() >= m.limits.Keys {
		want = apc.ErrServiceQuotaExceeded
	}
	same(t, "ImportKey", err, want)
	if err == nil {
		if back.KeyCheckValue != k.checkValue {
			t.Fatalf("imported with check value %s, exported with %s", back.KeyCheckValue, k.checkValue)
		}
		m.born(w, back, k.attributes, true, true)
	}
}

func (m *machine) advanceClock(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.Int64Range(0, int64(200*day)).Draw(t, "advance")))
	for _, w := range m.places {
		for _, k := range w.keys {
			if k.state == apc.KeyStateDeletePending && !k.deleteAt.After(m.now()) {
				k.state, k.enabled = apc.KeyStateDeleteComplete, false
				for name, arn := range w.aliases {
					if arn == k.arn {
						w.aliases[name] = ""
					}
				}
			}
		}
	}
}

func (m *machine) settle(t *rapid.T) {
	if err := m.eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) agreesWithEngine(t *rapid.T) {
	for _, p := range m.order {
		w := m.places[p]
		w.compareKeys(t, nil)
		w.compareKeys(t, new(apc.KeyStateDeleteComplete))
		w.compareKeys(t, new(apc.KeyStateDeletePending))
		w.compareAliases(t)
		for arn, k := range w.keys {
			out, err := w.caller.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn})
			if err != nil {
				t.Fatal(err)
			}
			k.compare(t, out.Key)
			tags, err := w.caller.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: arn})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, tag := range tags.Tags {
				got[tag.Key] = tag.Value
			}
			if !maps.Equal(got, k.tags) {
				t.Fatalf("tags of %s: got %v, want %v", arn, got, k.tags)
			}
		}
	}
}

// compareKeys walks the list in pages of two.
func (w *world) compareKeys(t *rapid.T, state *apc.KeyState) {
	var got []string
	for in := (&engine.ListKeysInput{KeyState: state, MaxResults: new(2)}); ; {
		page, err := w.caller.ListKeys(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page.Keys {
			got = append(got, k.KeyArn+" "+string(k.KeyState))
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	var want []string
	for arn, k := range w.keys {
		if state == nil || k.state == *state {
			want = append(want, arn+" "+string(k.state))
		}
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Fatalf("ListKeys %v: got %v, want %v", state, got, want)
	}
}

func (w *world) compareAliases(t *rapid.T) {
	out, err := w.caller.ListAliases(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range out.Aliases {
		got[a.AliasName] = deref(a.KeyArn)
	}
	if !maps.Equal(got, w.aliases) {
		t.Fatalf("ListAliases: got %v, want %v", got, w.aliases)
	}
}

func (k *modelKey) compare(t *rapid.T, got engine.Key) {
	t.Helper()
	want := engine.Key{
		KeyArn: k.arn, KeyAttributes: k.attributes, KeyCheckValue: k.checkValue, Enabled: k.enabled,
		Exportable: k.exportable, KeyState: k.state, CreateTimestamp: k.born,
		KeyCheckValueAlgorithm: got.KeyCheckValueAlgorithm, KeyOrigin: got.KeyOrigin, DeriveKeyUsage: got.DeriveKeyUsage,
	}
	moments := []struct {
		name string
		got  *time.Time
		want time.Time
	}{
		{"UsageStart", got.UsageStartTimestamp, k.start}, {"UsageStop", got.UsageStopTimestamp, k.stop},
		{"DeletePending", got.DeletePendingTimestamp, when(k.state == apc.KeyStateDeletePending, k.deleteAt)},
		{"Delete", got.DeleteTimestamp, when(k.state == apc.KeyStateDeleteComplete, k.deleteAt)},
	}
	for _, x := range moments {
		if (x.got == nil) != x.want.IsZero() || x.got != nil && !x.got.Equal(x.want) {
			t.Fatalf("%s: %sTimestamp: got %v, want %v", k.arn, x.name, x.got, x.want)
		}
	}
	got.UsageStartTimestamp, got.UsageStopTimestamp, got.DeletePendingTimestamp, got.DeleteTimestamp = nil, nil, nil, nil
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func when(ok bool, t time.Time) time.Time {
	if ok {
		return t
	}
	return time.Time{}
}
