package engine_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// The exchange with other parties, as the state machine knows it: roots,
// tokens, key tokens, cryptograms, agreements and certificates.

// partner is the other party of all worlds: an RSA root that certifies a host
// and a receiver, and an EC certificate that is its own root. They outlive the
// machine's clock.
type partner struct {
	host, receiver certified
	root, curve    certified
}

// fitting draws a key that an operation is likely to take, as often as any.
func (m *machine) fitting(t *rapid.T, w *world, fits func(*modelKey) bool) string {
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
func (m *machine) arrange(t *rapid.T, w *world, a apc.KeyAttributes, fits func(*modelKey) bool) {
	for _, k := range w.keys {
		if fits(k) {
			return
		}
	}
	out, err := w.caller.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true)})
	same(t, "CreateKey", err, m.quota(w))
	if err == nil {
		m.born(w, out.Key, a, true, true)
	}
}

func isPINKey(k *modelKey) bool {
	return leaves(k) && k.attributes.KeyUsage == apc.KeyUsageTR31P0PINEncryptionKey
}

func isAuthority(a apc.KeyAlgorithm) func(*modelKey) bool {
	return func(k *modelKey) bool { return trusted(k, a) == nil }
}

func leaves(k *modelKey) bool { return mayLeave(k) == nil }

func isNodeKEK(k *modelKey) bool {
	return usable(k) && k.attributes.KeyUsage == apc.KeyUsageTR31K0KeyEncryptionKey && isTDES(k.attributes.KeyAlgorithm) && k.attributes.KeyModesOfUse.Wrap
}

func longLived(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
}

func newPartner(t testing.TB) *partner {
	root := issue(t, rsaKey(t, 2048, 0), "root", nil, longLived)
	return &partner{root: root, host: issue(t, rsaKey(t, 2048, 1), "host", &root, longLived), receiver: issue(t, rsaKey(t, 2048, 2), "receiver", &root, longLived),
		curve: issue(t, ecKey(t, elliptic.P256()), "party", nil, longLived)}
}

// modelToken is what must be true of an import or export token.
type modelToken struct {
	material         apc.KeyMaterialType
	export           bool
	created, expires time.Time
	certificate      string
}

const (
	modelTokenLife  = 10 * day
	modelTokenLimit = 3
)

func (m *machine) importRoot(t *rapid.T) {
	w := m.world(t)
	a, root := publicAttributes(apc.KeyAlgorithmRSA2048), m.partner.root
	if rapid.Bool().Draw(t, "curve") {
		a, root = publicAttributes(apc.KeyAlgorithmECCNISTP256), m.partner.curve
	}
	k, err := importMaterial(w.caller, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{KeyAttributes: a, PublicKeyCertificate: root.text()}})
	same(t, "ImportKey of a root", err, m.quota(w))
	if err == nil {
		m.born(w, k, a, false, true)
	}
}

func (m *machine) quota(w *world) error {
	if w.live() >= m.limits.Keys {
		return apc.ErrServiceQuotaExceeded
	}
	return nil
}

// createAgreeing makes a pair that may carry keys.
func (m *machine) createAgreeing(t *rapid.T) {
	w := m.world(t)
	a := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes}
	out, err := w.caller.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true), DeriveKeyUsage: new(apc.KeyUsageTR31K1KeyBlockProtectionKey)})
	same(t, "CreateKey", err, m.quota(w))
	if err == nil {
		m.born(w, out.Key, a, true, true)
		w.keys[out.Key.KeyArn].agrees = true
	}
}

func (m *machine) getParameters(t *rapid.T) {
	w := m.world(t)
	material := rapid.SampledFrom([]apc.KeyMaterialType{apc.KeyMaterialTypeTR34KeyBlock, apc.KeyMaterialTypeKeyCryptogram, apc.KeyMaterialTypeTR31KeyBlock}).Draw(t, "material")
	export, reuse := rapid.Bool().Draw(t, "export"), rapid.Bool().Draw(t, "reuse")
	id, certificate, until, err := m.askParameters(w, export, material, reuse)
	last := m.reusable(w, export, material)
	switch {
	case material == apc.KeyMaterialTypeTR31KeyBlock || export && material == apc.KeyMaterialTypeKeyCryptogram:
		same(t, "parameters for "+string(material), err, apc.ErrValidation)
		return
	case reuse && len(last) > 0:
		if same(t, "parameters", err, nil); !slices.Contains(last, id) || w.tokens[id].certificate != certificate || !w.tokens[id].expires.Equal(until) {
			t.Fatalf("%s until %s is given again, want one of %v", id, until, last)
		}
		return
	case m.openTokens(w) >= modelTokenLimit:
		same(t, "parameters", err, apc.ErrServiceQuotaExceeded)
		return
	}
	same(t, "parameters", err, nil)
	if w.tokens[id] != nil || !until.Equal(m.now().Add(modelTokenLife)) {
		t.Fatalf("new token %s until %s at %s", id, until, m.now())
	}
	w.tokens[id] = &modelToken{material, export, m.now(), until, certificate}
}

func (m *machine) askParameters(w *world, export bool, material apc.KeyMaterialType, reuse bool) (id, certificate string, until time.Time, err error) {
	if export {
		out, err := w.caller.GetParametersForExport(ctx, &engine.GetParametersForExportInput{KeyMaterialType: material, SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048, ReuseLastGeneratedToken: &reuse})
		if err != nil {
			return "", "", time.Time{}, err
		}
		return out.ExportToken, out.SigningKeyCertificate, out.ParametersValidUntilTimestamp, nil
	}
	out, err := w.caller.GetParametersForImport(ctx, &engine.GetParametersForImportInput{KeyMaterialType: material, WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048, ReuseLastGeneratedToken: &reuse})
	if err != nil {
		return "", "", time.Time{}, err
	}
	return out.ImportToken, out.WrappingKeyCertificate, out.ParametersValidUntilTimestamp, nil
}

// reusable are the tokens made last of those with 7 days left.
func (m *machine) reusable(w *world, export bool, material apc.KeyMaterialType) (ids []string) {
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

func (m *machine) openTokens(w *world) (n int) {
	for _, k := range w.tokens {
		if k.expires.After(m.now()) {
			n++
		}
	}
	return n
}

// anyToken draws a token of any world or one that never was.
func (m *machine) anyToken(t *rapid.T, export bool) (string, *modelToken) {
	prefix := map[bool]string{true: "export-token-", false: "import-token-"}[export]
	ids, all := []string{prefix + "aaaaaaaaaaaaaaaa"}, map[string]*modelToken{}
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

// judgeToken is how a token is refused to a caller of the world.
func (m *machine) judgeToken(w *world, id string, material apc.KeyMaterialType) error {
	k := w.tokens[id]
	switch {
	case k == nil || !k.expires.Add(365*day).After(m.now()):
		return apc.ErrResourceNotFound
	case !k.expires.After(m.now()) || k.material != material:
		return apc.ErrValidation
	}
	return nil
}

// trusted says how a key fares as a certificate authority over RSA or EC.
func trusted(k *modelKey, a apc.KeyAlgorithm) error {
	if !usable(k) || k.attributes != publicAttributes(a) {
		return apc.ErrValidation
	}
	return nil
}

var modelKeyBytes = bytes.Repeat([]byte{0x5D, 0x3A}, 8)

func (m *machine) importKeyToken(t *rapid.T) {
	w := m.world(t)
	caID := m.fitting(t, w, isAuthority(apc.KeyAlgorithmRSA2048))
	id, known := m.anyToken(t, false)
	krd := m.partner.receiver.text()
	if known != nil {
		krd = known.certificate
	}
	h := host{kdh: m.partner.host, ca: engine.Key{KeyArn: caID}}
	k, err := importToken(w.caller, h.arm(&id, h.seal(m.t, krd, nil, modelKeyBytes)))

	ca, want := m.find(w, caID)
	if want == nil {
		want = trusted(ca, apc.KeyAlgorithmRSA2048)
		if want != nil && usable(ca) && ca.attributes == publicAttributes(apc.KeyAlgorithmECCNISTP256) { // an authority, but not the host's
			want = cmpOr(m.judgeToken(w, id, apc.KeyMaterialTypeTR34KeyBlock), apc.ErrValidation)
		}
	}
	m.arrived(t, w, "ImportKey of a token", k, err, cmpOr(want, m.judgeToken(w, id, apc.KeyMaterialTypeTR34KeyBlock)), attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes))
}

func cmpOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// arrived judges an import: refused as wanted, or a new key if the quota has
// room for it.
func (m *machine) arrived(t *rapid.T, w *world, what string, k engine.Key, err, want error, a apc.KeyAttributes) {
	t.Helper()
	same(t, what, err, cmpOr(want, m.quota(w)))
	if err == nil {
		m.born(w, k, a, true, true)
	}
}

func (m *machine) importCryptogram(t *rapid.T) {
	w := m.world(t)
	id, known := m.anyToken(t, false)
	parameters := &engine.GetParametersForImportOutput{ImportToken: id, WrappingKeyCertificate: m.partner.receiver.text()}
	if known != nil {
		parameters.WrappingKeyCertificate = known.certificate
	}
	a := attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)
	k, err := importMaterial(w.caller, engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{
		KeyAttributes: a, Exportable: new(true), ImportToken: id, WrappedKeyCryptogram: cryptogram(m.t, parameters, crypto.SHA256, modelKeyBytes)}})
	m.arrived(t, w, "ImportKey of a cryptogram", k, err, m.judgeToken(w, id, apc.KeyMaterialTypeKeyCryptogram), a)
}

// mayLeave says how an exported key fares in any form.
func mayLeave(k *modelKey) error {
	if !usable(k) || k.attributes.KeyClass != apc.KeyClassSymmetricKey || !k.exportable {
		return apc.ErrValidation
	}
	return nil
}

func isTDES(a apc.KeyAlgorithm) bool {
	return a == apc.KeyAlgorithmTDES2Key || a == apc.KeyAlgorithmTDES3Key
}

// exportWithCertificate sends a key to the partner's receiver, as a token or a
// cryptogram.
func (m *machine) exportWithCertificate(t *rapid.T) {
	w := m.world(t)
	caID, keyID := m.fitting(t, w, isAuthority(apc.KeyAlgorithmRSA2048)), m.fitting(t, w, leaves)
	ca, first := m.find(w, caID)
	k, second := m.find(w, keyID)
	want := resolved(first, second)
	if want == nil {
		want = cmpOr(mayLeave(k), trusted(ca, apc.KeyAlgorithmRSA2048))
		if want == nil && !isTDES(k.attributes.KeyAlgorithm) { // to RSA_2048
			want = apc.ErrValidation
		}
	}
	if rapid.Bool().Draw(t, "cryptogram") {
		_, err := w.caller.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: keyID, KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: caID, WrappingKeyCertificate: m.partner.receiver.text()}}})
		same(t, fmt.Sprintf("ExportKey %s as a cryptogram under %s", keyID, caID), err, want)
		return
	}
	id, known := m.anyToken(t, true)
	out, err := exportToken(w.caller, keyID, &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: caID,
		WrappingKeyCertificate: m.partner.receiver.text(), ExportToken: &id, RandomNonce: new("0011223344556677")})
	same(t, fmt.Sprintf("ExportKey %s as a token under %s", keyID, caID), err, cmpOr(want, m.judgeToken(w, id, apc.KeyMaterialTypeTR34KeyBlock)))
	if err == nil {
		m.opens(t, out, k, known)
	}
}

// resolved is the refusal of identifiers: all of the caller's own account resolve before any key
// of another account is refused.
func resolved(errs ...error) (want error) {
	for _, err := range errs {
		if err == apc.ErrResourceNotFound {
			return err
		}
		want = cmpOr(want, err)
	}
	return want
}

// opens holds that the receiver opens what was exported.
func (m *machine) opens(t *rapid.T, w *engine.WrappedKey, k *modelKey, signer *modelToken) {
	token, err := tr34.Parse(unhex(m.t, w.KeyMaterial))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := token.Open(m.partner.receiver.Signer.(crypto.Decrypter), &tr34.Check{KDH: readCertificate(m.t, signer.certificate), KRD: m.partner.receiver.certificate,
		Now: m.now(), Nonce: unhex(m.t, "0011223344556677"), CRL: tr34.CRLIgnored})
	if err != nil || *w.KeyCheckValue != k.checkValue || len(opened.Key) < 16 {
		t.Fatalf("the receiver opens %v, %v; check value %s, the key's is %s", opened, err, *w.KeyCheckValue, k.checkValue)
	}
}

// exportAgreed sends a key to the partner under an agreed key.
func (m *machine) exportAgreed(t *rapid.T) {
	w := m.world(t)
	pairID := m.fitting(t, w, func(k *modelKey) bool { return usable(k) && k.agrees })
	caID, keyID := m.fitting(t, w, isAuthority(apc.KeyAlgorithmECCNISTP256)), m.fitting(t, w, leaves)
	pair, first := m.find(w, pairID)
	ca, second := m.find(w, caID)
	k, third := m.find(w, keyID)
	want := resolved(first, second, third)
	if want == nil {
		a := k.attributes.KeyAlgorithm
		want = cmpOr(mayLeave(k), trusted(ca, apc.KeyAlgorithmECCNISTP256))
		if want == nil && !(usable(pair) && pair.agrees && (isTDES(a) || a == apc.KeyAlgorithmAES128)) { // on P-256
			want = apc.ErrValidation
		}
	}
	in := engine.ImportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: pairID, CertificateAuthorityPublicKeyIdentifier: caID, PublicKeyCertificate: m.partner.curve.text(), DeriveKeyAlgorithm: apc.KeyAlgorithmAES256,
		KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("AB")}}
	out, err := w.caller.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: keyID, KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: in.PrivateKeyIdentifier, CertificateAuthorityPublicKeyIdentifier: in.CertificateAuthorityPublicKeyIdentifier, PublicKeyCertificate: in.PublicKeyCertificate,
		DeriveKeyAlgorithm: in.DeriveKeyAlgorithm, KeyDerivationFunction: in.KeyDerivationFunction, KeyDerivationHashAlgorithm: in.KeyDerivationHashAlgorithm, DerivationData: in.DerivationData}}})
	same(t, fmt.Sprintf("ExportKey %s agreed on by %s under %s", keyID, pairID, caID), err, want)
	if err != nil {
		return
	}
	in.WrappedKeyBlock = out.WrappedKey.KeyMaterial
	back, err := importMaterial(w.caller, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
	m.arrived(t, w, "ImportKey of an agreed block", back, err, nil, k.attributes)
	if err == nil && back.KeyCheckValue != k.checkValue {
		t.Fatalf("came back with check value %s, left with %s", back.KeyCheckValue, k.checkValue)
	}
}

// exportAndImportAS2805 sends a key out under a variant and brings it back.
func (m *machine) exportAndImportAS2805(t *rapid.T) {
	w := m.world(t)
	m.arrange(t, w, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes), isNodeKEK)
	m.arrange(t, w, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), isPINKey)
	kekID, keyID := m.fitting(t, w, isNodeKEK), m.fitting(t, w, isPINKey)
	kek, first := m.find(w, kekID)
	k, second := m.find(w, keyID)
	want := resolved(first, second)
	if want == nil {
		fits := isNodeKEK(kek) && leaves(k) && k.attributes.KeyUsage == apc.KeyUsageTR31P0PINEncryptionKey && isTDES(k.attributes.KeyAlgorithm)
		if !fits || !strong(kek.attributes.KeyAlgorithm, k.attributes.KeyAlgorithm) {
			want = apc.ErrValidation
		}
	}
	out, err := w.caller.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: keyID, KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
		WrappingKeyIdentifier: kekID, As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28}}})
	same(t, fmt.Sprintf("ExportKey %s by AS 2805 under %s", keyID, kekID), err, want)
	if err != nil {
		return
	}
	back, err := importMaterial(w.caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28,
		KeyModesOfUse: cipherModes, KeyAlgorithm: k.attributes.KeyAlgorithm, Exportable: new(true), WrappingKeyIdentifier: kekID, WrappedKeyCryptogram: out.WrappedKey.KeyMaterial}})
	m.arrived(t, w, "ImportKey by AS 2805", back, err, nil, attributes(apc.KeyUsageTR31P0PINEncryptionKey, k.attributes.KeyAlgorithm, cipherModes))
	if err == nil && back.KeyCheckValue != k.checkValue {
		t.Fatalf("came back with check value %s, left with %s", back.KeyCheckValue, k.checkValue)
	}
}

// publicKeyCertificate: the same one for 60 days.
func (m *machine) publicKeyCertificate(t *rapid.T) {
	w := m.world(t)
	id := m.anyKey(t, w)
	k, want := m.find(w, id)
	if want == nil && (k.state != apc.KeyStateCreateComplete || k.attributes.KeyClass != apc.KeyClassAsymmetricKeyPair) {
		want = apc.ErrValidation
	}
	out, err := w.caller.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: id})
	same(t, "GetPublicKeyCertificate "+id, err, want)
	_, csrErr := w.caller.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{KeyIdentifier: id,
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
	c := readCertificate(m.t, out.KeyCertificate)
	if until := m.now().Add(90 * day).Truncate(time.Second); out.KeyCertificate == k.certificate || !c.NotAfter.Equal(until) || !strings.HasPrefix(c.Subject.String(), "SERIALNUMBER=") {
		t.Fatalf("%s: certificate of %s until %s, want a new one until %s", id, c.Subject, c.NotAfter, until)
	}
	k.certificate, k.certified = out.KeyCertificate, m.now().Add(90*day)
}
