package model

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// fitting draws a key that an operation is likely to take, as often as any.
func (m *machine) fitting(t *rapid.T, w *seat, fits func(*key) bool) string {
	var ids []string
	for _, arn := range slices.Sorted(maps.Keys(w.keys)) {
		if fits(w.keys[arn]) {
			ids = append(ids, arn)
		}
	}
	if len(ids) == 0 || rapid.IntRange(0, 3).Draw(t, "any") == 0 {
		return m.anyKey(t, w)
	}
	return rapid.SampledFrom(ids).Draw(t, "fitting")
}

// arrange makes a key that fits where there is none, as far as the quota goes.
func (m *machine) arrange(t *rapid.T, w *seat, a apc.KeyAttributes, fits func(*key) bool) {
	for _, k := range w.keys {
		if fits(k) {
			return
		}
	}
	out, err := w.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true)})
	same(t, "CreateKey", err, m.quota(w.world))
	if err == nil {
		m.create(w.world, out.Key, a, true, true)
	}
}

func (m *machine) importRoot(t *rapid.T) {
	w := m.world(t)
	a, root := publicAttributes(apc.KeyAlgorithmRSA2048), m.partner.root
	if rapid.Bool().Draw(t, "curve") {
		a, root = publicAttributes(apc.KeyAlgorithmECCNISTP256), m.partner.curve
	}
	k, err := importKey(w.Caller, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{KeyAttributes: a, PublicKeyCertificate: root.text()}})
	same(t, "ImportKey of a root", err, m.quota(w.world))
	if err == nil {
		m.create(w.world, k, a, false, true)
	}
}

// createAgreeing makes a pair that may carry keys.
func (m *machine) createAgreeing(t *rapid.T) {
	w := m.world(t)
	a := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes}
	out, err := w.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true), DeriveKeyUsage: new(apc.KeyUsageTR31K1KeyBlockProtectionKey)})
	same(t, "CreateKey", err, m.quota(w.world))
	if err == nil {
		m.create(w.world, out.Key, a, true, true)
		w.keys[out.Key.KeyArn].agrees = true
	}
}

func (m *machine) getParameters(t *rapid.T) {
	w := m.world(t)
	material := rapid.SampledFrom([]apc.KeyMaterialType{apc.KeyMaterialTypeTR34KeyBlock, apc.KeyMaterialTypeKeyCryptogram, apc.KeyMaterialTypeTR31KeyBlock}).Draw(t, "material")
	export, reuse := rapid.Bool().Draw(t, "export"), rapid.Bool().Draw(t, "reuse")
	id, certificate, until, err := m.askParameters(w, export, material, reuse)
	last := m.reusable(w.world, export, material)
	switch {
	case material == apc.KeyMaterialTypeTR31KeyBlock || export && material == apc.KeyMaterialTypeKeyCryptogram:
		same(t, "parameters for "+string(material), err, apc.ErrValidation)
		return
	case reuse && len(last) > 0:
		if same(t, "parameters", err, nil); !slices.Contains(last, id) || w.tokens[id].certificate != certificate || !w.tokens[id].expires.Equal(until) {
			t.Fatalf("%s until %s is given again, want one of %v", id, until, last)
		}
		return
	case m.openTokens(w.world) >= m.limits.OpenTokens:
		same(t, "parameters", err, apc.ErrServiceQuotaExceeded)
		return
	}
	same(t, "parameters", err, nil)
	if w.tokens[id] != nil || !until.Equal(m.now().Add(tokenLife)) {
		t.Fatalf("new token %s until %s at %s", id, until, m.now())
	}
	w.tokens[id] = &token{material, export, m.now(), until, certificate}
}

func (m *machine) askParameters(w *seat, export bool, material apc.KeyMaterialType, reuse bool) (id, certificate string, until time.Time, err error) {
	if export {
		out, err := w.GetParametersForExport(ctx, &engine.GetParametersForExportInput{KeyMaterialType: material, SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048, ReuseLastGeneratedToken: &reuse})
		if err != nil {
			return "", "", time.Time{}, err
		}
		return out.ExportToken, out.SigningKeyCertificate, out.ParametersValidUntilTimestamp, nil
	}
	out, err := w.GetParametersForImport(ctx, &engine.GetParametersForImportInput{KeyMaterialType: material, WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048, ReuseLastGeneratedToken: &reuse})
	if err != nil {
		return "", "", time.Time{}, err
	}
	return out.ImportToken, out.WrappingKeyCertificate, out.ParametersValidUntilTimestamp, nil
}

// anyToken draws a token of any world or one that never was.
func (m *machine) anyToken(t *rapid.T, export bool) (string, *token) {
	prefix := map[bool]string{true: "export-token-", false: "import-token-"}[export]
	ids, all := []string{prefix + "aaaaaaaaaaaaaaaa"}, map[string]*token{}
	for _, p := range m.order {
		for _, id := range slices.Sorted(maps.Keys(m.places[p].tokens)) {
			if k := m.places[p].tokens[id]; k.export == export {
				ids, all[id] = append(ids, id), k
			}
		}
	}
	id := rapid.SampledFrom(ids).Draw(t, "token")
	return id, all[id]
}

var knownKey = bytes.Repeat([]byte{0x5D, 0x3A}, 8)

func (m *machine) importKeyToken(t *rapid.T) {
	w := m.world(t)
	caID := m.fitting(t, w, authority(apc.KeyAlgorithmRSA2048))
	id, known := m.anyToken(t, false)
	krd := m.partner.receiver.text()
	if known != nil {
		krd = known.certificate
	}
	block, err := m.partner.seal(krd, knownKey)
	must(t, "sealing a token", err)
	k, err := importKey(w.Caller, engine.ImportKeyMaterial{Tr34KeyBlock: &engine.ImportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: caID, SigningKeyCertificate: m.partner.host.text(), ImportToken: &id,
		WrappedKeyBlock: block, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: new(nonce)}})

	ca, unresolved := m.find(w.world, caID)
	refusal := m.tokenRefusal(w.world, id, apc.KeyMaterialTypeTR34KeyBlock)
	want := firstError(unknown(refusal), unresolved)
	if want == nil {
		switch want = refusal; {
		case ca.certifies(apc.KeyAlgorithmECCNISTP256): // an authority, but not the host's
			want = firstError(want, apc.ErrValidation)
		case !ca.certifies(apc.KeyAlgorithmRSA2048):
			want = apc.ErrValidation
		}
	}
	m.imported(t, w, "ImportKey of a token", k, err, want, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes))
}

// imported checks an import: refused as wanted, or a new key if the quota has room for it.
func (m *machine) imported(t *rapid.T, w *seat, what string, k engine.Key, err, want error, a apc.KeyAttributes) {
	t.Helper()
	same(t, what, err, firstError(want, m.quota(w.world)))
	if err == nil {
		m.create(w.world, k, a, true, true)
	}
}

func (m *machine) importCryptogram(t *rapid.T) {
	w := m.world(t)
	id, known := m.anyToken(t, false)
	to := m.partner.receiver.text()
	if known != nil {
		to = known.certificate
	}
	wrapped, err := cryptogram(to, knownKey)
	must(t, "a cryptogram", err)
	a := attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)
	k, err := importKey(w.Caller, engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{
		KeyAttributes: a, Exportable: new(true), ImportToken: id, WrappedKeyCryptogram: wrapped}})
	m.imported(t, w, "ImportKey of a cryptogram", k, err, m.tokenRefusal(w.world, id, apc.KeyMaterialTypeKeyCryptogram), a)
}

// exportWithCertificate sends a key to the partner's receiver, as a token or a
// cryptogram.
func (m *machine) exportWithCertificate(t *rapid.T) {
	w := m.world(t)
	caID, keyID := m.fitting(t, w, authority(apc.KeyAlgorithmRSA2048)), m.fitting(t, w, (*key).leaves)
	ca, first := m.find(w.world, caID)
	k, second := m.find(w.world, keyID)
	want := resolved(first, second)
	if want == nil {
		if !k.leaves() || !ca.certifies(apc.KeyAlgorithmRSA2048) || !isTDES(k.attributes.KeyAlgorithm) { // to RSA_2048
			want = apc.ErrValidation
		}
	}
	if rapid.Bool().Draw(t, "cryptogram") {
		_, err := w.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: keyID, KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: caID, WrappingKeyCertificate: m.partner.receiver.text()}}})
		same(t, fmt.Sprintf("ExportKey %s as a cryptogram under %s", keyID, caID), err, want)
		return
	}
	id, known := m.anyToken(t, true)
	out, err := exportKey(w.Caller, keyID, engine.ExportKeyMaterial{Tr34KeyBlock: &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: caID,
		WrappingKeyCertificate: m.partner.receiver.text(), ExportToken: &id, RandomNonce: new(nonce), KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012}})
	refusal := m.tokenRefusal(w.world, id, apc.KeyMaterialTypeTR34KeyBlock)
	same(t, fmt.Sprintf("ExportKey %s as a token under %s", keyID, caID), err, firstError(unknown(refusal), want, refusal))
	if err == nil {
		m.opens(t, out, k, known)
	}
}

// opens checks that the receiver opens what was exported.
func (m *machine) opens(t *rapid.T, w *engine.WrappedKey, k *key, signer *token) {
	opened, err := m.partner.open(w.KeyMaterial, signer.certificate, m.now())
	if err != nil || *w.KeyCheckValue != k.checkValue || len(opened.Key) < 16 {
		t.Fatalf("the receiver opens %v, %v; check value %s, the key's is %s", opened, err, *w.KeyCheckValue, k.checkValue)
	}
}

// exportAgreed sends a key to the partner under an agreed key.
func (m *machine) exportAgreed(t *rapid.T) {
	w := m.world(t)
	pairID := m.fitting(t, w, func(k *key) bool { return k.usable() && k.agrees })
	caID, keyID := m.fitting(t, w, authority(apc.KeyAlgorithmECCNISTP256)), m.fitting(t, w, (*key).leaves)
	pair, first := m.find(w.world, pairID)
	ca, second := m.find(w.world, caID)
	k, third := m.find(w.world, keyID)
	want := resolved(first, second, third)
	if want == nil {
		a := k.attributes.KeyAlgorithm
		if !k.leaves() || !ca.certifies(apc.KeyAlgorithmECCNISTP256) || !pair.usable() || !pair.agrees || !isTDES(a) && a != apc.KeyAlgorithmAES128 { // on P-256
			want = apc.ErrValidation
		}
	}
	in := engine.ImportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: pairID, CertificateAuthorityPublicKeyIdentifier: caID, PublicKeyCertificate: m.partner.curve.text(), DeriveKeyAlgorithm: apc.KeyAlgorithmAES256,
		KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("AB")}}
	out, err := w.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: keyID, KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: in.PrivateKeyIdentifier, CertificateAuthorityPublicKeyIdentifier: in.CertificateAuthorityPublicKeyIdentifier, PublicKeyCertificate: in.PublicKeyCertificate,
		DeriveKeyAlgorithm: in.DeriveKeyAlgorithm, KeyDerivationFunction: in.KeyDerivationFunction, KeyDerivationHashAlgorithm: in.KeyDerivationHashAlgorithm, DerivationData: in.DerivationData}}})
	same(t, fmt.Sprintf("ExportKey %s agreed on by %s under %s", keyID, pairID, caID), err, want)
	if err != nil {
		return
	}
	in.WrappedKeyBlock = out.WrappedKey.KeyMaterial
	back, err := importKey(w.Caller, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
	m.imported(t, w, "ImportKey of an agreed block", back, err, nil, k.attributes)
	if err == nil && back.KeyCheckValue != k.checkValue {
		t.Fatalf("came back with check value %s, left with %s", back.KeyCheckValue, k.checkValue)
	}
}

// exportAndImportAS2805 sends a key out under a variant and brings it back.
func (m *machine) exportAndImportAS2805(t *rapid.T) {
	w := m.world(t)
	m.arrange(t, w, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes), (*key).isNodeKEK)
	m.arrange(t, w, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), (*key).isPINKey)
	kekID, keyID := m.fitting(t, w, (*key).isNodeKEK), m.fitting(t, w, (*key).isPINKey)
	kek, first := m.find(w.world, kekID)
	k, second := m.find(w.world, keyID)
	want := resolved(first, second)
	if want == nil {
		fits := kek.isNodeKEK() && k.isPINKey() && isTDES(k.attributes.KeyAlgorithm)
		if !fits || !strong(kek.attributes.KeyAlgorithm, k.attributes.KeyAlgorithm) {
			want = apc.ErrValidation
		}
	}
	out, err := w.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: keyID, KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
		WrappingKeyIdentifier: kekID, As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28}}})
	same(t, fmt.Sprintf("ExportKey %s by AS 2805 under %s", keyID, kekID), err, want)
	if err != nil {
		return
	}
	back, err := importKey(w.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28,
		KeyModesOfUse: cipherModes, KeyAlgorithm: k.attributes.KeyAlgorithm, Exportable: new(true), WrappingKeyIdentifier: kekID, WrappedKeyCryptogram: out.WrappedKey.KeyMaterial}})
	m.imported(t, w, "ImportKey by AS 2805", back, err, nil, attributes(apc.KeyUsageTR31P0PINEncryptionKey, k.attributes.KeyAlgorithm, cipherModes))
	if err == nil && back.KeyCheckValue != k.checkValue {
		t.Fatalf("came back with check value %s, left with %s", back.KeyCheckValue, k.checkValue)
	}
}

// publicKeyCertificate: the same one for 60 days.
func (m *machine) publicKeyCertificate(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	k, want := m.find(w.world, id)
	if want == nil && (k.state != apc.KeyStateCreateComplete || k.attributes.KeyClass != apc.KeyClassAsymmetricKeyPair) {
		want = apc.ErrValidation
	}
	out, err := w.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: id})
	same(t, "GetPublicKeyCertificate "+id, err, want)
	_, csrErr := w.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{KeyIdentifier: id,
		SigningAlgorithm: apc.SigningAlgorithmTypeSHA256, CertificateSubject: engine.CertificateSubjectType{CommonName: "x"}})
	same(t, "GetCertificateSigningRequest "+id, csrErr, want)
	if err != nil {
		return
	}
	if k.certificate != "" && k.certified.Sub(m.now()) >= 30*day {
		if out.KeyCertificate != k.certificate {
			t.Fatalf("%s: another certificate with %s left", id, k.certified.Sub(m.now()))
		}
		return
	}
	c, err := x509ca.Decode(out.KeyCertificate)
	must(t, "reading the certificate", err)
	if until := m.now().Add(90 * day).Truncate(time.Second); out.KeyCertificate == k.certificate || !c.NotAfter.Equal(until) || !strings.HasPrefix(c.Subject.String(), "SERIALNUMBER=") {
		t.Fatalf("%s: certificate of %s until %s, want a new one until %s", id, c.Subject, c.NotAfter, until)
	}
	k.certificate, k.certified = out.KeyCertificate, m.now().Add(90*day)
}
