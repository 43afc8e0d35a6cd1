package model

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
)

var drawnAttributes = []apc.KeyAttributes{
	protectionKey(apc.KeyAlgorithmAES256), protectionKey(apc.KeyAlgorithmTDES3Key), protectionKey(apc.KeyAlgorithmTDES2Key),
	attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, deriveModes),
	attributes(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA384, apc.KeyModesOfUse{Generate: true, Verify: true}),
	attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmAES192, apc.KeyModesOfUse{Decrypt: true, Unwrap: true}),
	attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes),
	attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
	{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes},
	attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, apc.KeyModesOfUse{Encrypt: true}), // refused
}

func (m *machine) createKey(t *rapid.T) {
	w := m.world(t)
	a := rapid.SampledFrom(drawnAttributes).Draw(t, "attributes")
	exportable, enabled := rapid.Bool().Draw(t, "exportable"), rapid.Bool().Draw(t, "enabled")
	out, err := w.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: &exportable, Enabled: &enabled})
	same(t, "CreateKey", err, m.admit(w.world, a))
	if err == nil {
		m.create(w.world, out.Key, a, exportable, enabled)
	}
}

func (m *machine) loadKey(t *rapid.T) {
	w := m.world(t)
	a := protectionKey(apc.KeyAlgorithmAES128)
	one := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "component")
	out, err := w.LoadKey(ctx, &engine.LoadKeyInput{KeyAttributes: a, Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(one), hsm.NewSecret(make([]byte, 16))}})
	same(t, "LoadKey", err, m.admit(w.world, a))
	if err == nil {
		m.create(w.world, out.Key, a, true, true)
		if out.ComponentCheckValues[0] != out.Key.KeyCheckValue {
			t.Fatalf("a key and a zero component: check values %v and %s", out.ComponentCheckValues, out.Key.KeyCheckValue)
		}
	}
}

// change is an operation on a key that is legal in one state.
func (m *machine) change(t *rapid.T, op string, legal apc.KeyState, do func(*seat, string) error, then func(*key)) {
	w := m.world(t)
	id := m.anyKey(t, w)
	k, want := m.find(w.world, id)
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
	m.change(t, "DeleteKey", apc.KeyStateCreateComplete, func(w *seat, id string) error {
		_, err := w.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: id, DeleteKeyInDays: &days})
		return err
	}, func(k *key) {
		k.state, k.deleteAt = apc.KeyStateDeletePending, m.now().Add(time.Duration(days)*day)
	})
}

func (m *machine) restoreKey(t *rapid.T) {
	m.change(t, "RestoreKey", apc.KeyStateDeletePending, func(w *seat, id string) error {
		_, err := w.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: id})
		return err
	}, func(k *key) { k.state, k.deleteAt = apc.KeyStateCreateComplete, time.Time{} })
}

func (m *machine) startKeyUsage(t *rapid.T) {
	m.change(t, "StartKeyUsage", apc.KeyStateCreateComplete, func(w *seat, id string) error {
		_, err := w.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: id})
		return err
	}, func(k *key) {
		if !k.enabled {
			k.enabled, k.start, k.stop = true, m.now(), time.Time{}
		}
	})
}

func (m *machine) stopKeyUsage(t *rapid.T) {
	m.change(t, "StopKeyUsage", apc.KeyStateCreateComplete, func(w *seat, id string) error {
		_, err := w.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: id})
		return err
	}, func(k *key) {
		if k.enabled {
			k.enabled, k.start, k.stop = false, time.Time{}, m.now()
		}
	})
}

func (m *machine) getKey(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	want, refusal := m.find(w.world, id)
	out, err := w.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: id})
	same(t, "GetKey "+id, err, refusal)
	if err == nil {
		want.compare(t, out.Key)
	}
}

var drawnNames = []string{"alias/a", "alias/b", "alias/c", "alias/d", "alias/e"}

// target draws what an alias may be pointed to.
func (m *machine) target(t *rapid.T, w *seat) (arn *string, refusal error) {
	if rapid.Bool().Draw(t, "none") {
		return nil, nil
	}
	id := m.anyKey(t, w)
	if strings.Contains(id, "alias/") {
		return nil, nil
	}
	k, refusal := m.find(w.world, id)
	if refusal == nil && k.state == apc.KeyStateDeleteComplete {
		refusal = apc.ErrValidation
	}
	return &id, refusal
}

func (m *machine) createAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(drawnNames).Draw(t, "name")
	arn, want := m.target(t, w)
	_, taken := w.aliases[name]
	if want == nil && taken {
		want = apc.ErrConflict
	}
	if want == nil && len(w.aliases) >= m.limits.Aliases {
		want = apc.ErrServiceQuotaExceeded
	}
	_, err := w.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: name, KeyArn: arn})
	same(t, "CreateAlias", err, want)
	if err == nil {
		w.aliases[name] = deref(arn)
	}
}

func (m *machine) updateAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(drawnNames).Draw(t, "name")
	arn, want := m.target(t, w)
	if _, ok := w.aliases[name]; !ok {
		want = apc.ErrResourceNotFound
	}
	_, err := w.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: name, KeyArn: arn})
	same(t, "UpdateAlias", err, want)
	if err == nil {
		w.aliases[name] = deref(arn)
	}
}

func (m *machine) deleteAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(drawnNames).Draw(t, "name")
	_, err := w.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: name})
	var want error
	if _, ok := w.aliases[name]; !ok {
		want = apc.ErrResourceNotFound
	}
	same(t, "DeleteAlias", err, want)
	delete(w.aliases, name)
}

func (m *machine) getAlias(t *rapid.T) {
	w := m.world(t)
	name := rapid.SampledFrom(drawnNames).Draw(t, "name")
	out, err := w.GetAlias(ctx, &engine.GetAliasInput{AliasName: name})
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
	_, err := w.TagResource(ctx, &engine.TagResourceInput{ResourceArn: id, Tags: []apc.Tag{{Key: key, Value: value}}})
	k, want := m.taggable(w.world, id)
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

func (m *machine) untagResource(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "tag")
	_, err := w.UntagResource(ctx, &engine.UntagResourceInput{ResourceArn: id, TagKeys: []string{key, "never"}})
	k, want := m.taggable(w.world, id)
	same(t, "UntagResource "+id, err, want)
	if err == nil {
		delete(k.tags, key)
	}
}

func (m *machine) exportAndImport(t *rapid.T) {
	w := m.world(t)
	kekID, keyID := m.anyKey(t, w), m.anyKey(t, w)
	wrapped, err := exportKey(w.Caller, keyID, engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kekID}})
	kek, want := m.find(w.world, kekID)
	k, second := m.find(w.world, keyID)
	want = resolved(want, second)
	if want == nil && !(kek.usable() && kek.isKEK(true) && k.leaves() && strong(kek.attributes.KeyAlgorithm, k.attributes.KeyAlgorithm)) {
		want = apc.ErrValidation
	}
	same(t, fmt.Sprintf("ExportKey %s under %s", keyID, kekID), err, want)
	if err != nil {
		return
	}
	if *wrapped.KeyCheckValue != k.checkValue {
		t.Fatalf("exported with check value %s, the key has %s", *wrapped.KeyCheckValue, k.checkValue)
	}
	back, err := importKey(w.Caller, engine.ImportKeyMaterial{Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kekID, WrappedKeyBlock: wrapped.KeyMaterial}})
	if want = m.quota(w.world); !kek.isKEK(false) {
		want = apc.ErrValidation
	}
	m.imported(t, w, "ImportKey", back, err, want, k.attributes)
	if err == nil && back.KeyCheckValue != k.checkValue {
		t.Fatalf("imported with check value %s, exported with %s", back.KeyCheckValue, k.checkValue)
	}
}
