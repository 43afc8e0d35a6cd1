package engine_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// pretender is a key whose public half is another's, to have that one certified.
type pretender struct {
	crypto.Signer
	public crypto.PublicKey
}

func (p pretender) Public() crypto.PublicKey { return p.public }

// certificateForms are the forms of key material that have a certificate: each is used with one, and
// is named by the member that has it.
func certificateForms(t *testing.T, eng *engine.Engine, h host) map[string]func(text string) error {
	t.Helper()
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	token := h.seal(t, p.WrappingKeyCertificate, nil, testrig.Hex(tdesKey))
	key := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)).KeyArn
	exporting := parametersForExport(t, eng.Caller).ExportToken
	pair := agreeingPair(t, eng.Caller, apc.KeyAlgorithmECCNISTP256, new(apc.KeyUsageTR31K1KeyBlockProtectionKey)).KeyArn
	derivation := engine.DiffieHellmanDerivationData{SharedInformation: new("0102")}
	block, err := exportBlock(
		eng.Caller,
		create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn,
		create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn,
		nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	export := func(m engine.ExportKeyMaterial) error {
		_, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: key, KeyMaterial: m})
		return err
	}
	return map[string]func(text string) error{
		"KeyMaterial.RootCertificatePublicKey.PublicKeyCertificate": func(text string) error {
			_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
				KeyAttributes: publicAttributes(apc.KeyAlgorithmRSA2048), PublicKeyCertificate: text}})
			return err
		},
		"KeyMaterial.TrustedCertificatePublicKey.PublicKeyCertificate": func(text string) error {
			_, err := importMaterial(
				eng.Caller,
				engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
					KeyAttributes: publicAttributes(
						apc.KeyAlgorithmRSA2048,
					), PublicKeyCertificate: text, CertificateAuthorityPublicKeyIdentifier: h.ca.KeyArn}},
			)
			return err
		},
		"KeyMaterial.Tr34KeyBlock.SigningKeyCertificate": func(text string) error {
			arm := h.arm(&p.ImportToken, token)
			arm.SigningKeyCertificate = text
			_, err := importToken(eng.Caller, arm)
			return err
		},
		"KeyMaterial.Tr34KeyBlock.WrappingKeyCertificate": func(text string) error {
			return export(engine.ExportKeyMaterial{Tr34KeyBlock: &engine.ExportTr34KeyBlock{
				CertificateAuthorityPublicKeyIdentifier: h.ca.KeyArn, WrappingKeyCertificate: text, ExportToken: &exporting,
				KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012}})
		},
		"KeyMaterial.KeyCryptogram.WrappingKeyCertificate": func(text string) error {
			return export(engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
				CertificateAuthorityPublicKeyIdentifier: h.ca.KeyArn, WrappingKeyCertificate: text}})
		},
		"KeyMaterial.DiffieHellmanTr31KeyBlock.PublicKeyCertificate": func(text string) error {
			return export(engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
				PrivateKeyIdentifier: pair, CertificateAuthorityPublicKeyIdentifier: h.ca.KeyArn, PublicKeyCertificate: text,
				DeriveKeyAlgorithm:    apc.KeyAlgorithmAES256,
				KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256,
				DerivationData: derivation}})
		},
		"KeyMaterial.DiffieHellmanTr31KeyBlock.PublicKeyCertificate ": func(text string) error { // and imports
			_, err := importMaterial(
				eng.Caller,
				engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ImportDiffieHellmanTr31KeyBlock{
					PrivateKeyIdentifier: pair, CertificateAuthorityPublicKeyIdentifier: h.ca.KeyArn, PublicKeyCertificate: text,
					DeriveKeyAlgorithm:    apc.KeyAlgorithmAES256,
					KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256,
					DerivationData: derivation, WrappedKeyBlock: block.KeyMaterial}},
			)
			return err
		},
	}
}

// TestPublicKeysThatNoProgramMakesAreRefused: the same key by the same rule in
// every form of key material that has a certificate.
func TestPublicKeysThatNoProgramMakesAreRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	root := issue(t, rsaKey(t, 2048, 0), "KDH CA", nil, nil) // the host's authority, again
	forms := certificateForms(t, eng, newHost(t, eng.Caller))
	n := rsaKey(t, 2048, 1).N
	even := new(big.Int).Sub(n, big.NewInt(1))
	for _, c := range []struct {
		what   string
		rule   apc.Rule
		public crypto.PublicKey
	}{
		{"exponent 1", "key-exponent", &rsa.PublicKey{N: n, E: 1}},
		{"an even exponent", "key-exponent", &rsa.PublicKey{N: n, E: 65536}},
		{"an exponent of 32 bits", "key-exponent", &rsa.PublicKey{N: n, E: 1<<32 - 1}},
		{"an even modulus", "key-modulus", &rsa.PublicKey{N: even, E: 65537}},
	} {
		text := issue(t, pretender{rsaKey(t, 2048, 1), c.public}, "strange", &root, nil).text()
		for form, use := range forms {
			refusal := refused(t, c.what+" in "+form, use(text), apc.ErrValidation, c.rule)
			if got := refusal.Reasons[0].Field; got != strings.TrimSpace(form) {
				t.Errorf("%s in %s: the reason is about %s", c.what, form, got)
			}
		}
	}
}

func TestPointsOffTheCurveAreRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	root := issue(t, rsaKey(t, 2048, 0), "KDH CA", nil, nil)
	forms := certificateForms(t, eng, newHost(t, eng.Caller))
	// The library certifies no such point: the last byte of a good one is changed.
	c := issue(t, ecKey(t, elliptic.P256()), "strange", &root, nil).certificate
	spki := slices.Clone(c.RawSubjectPublicKeyInfo)
	spki[len(spki)-1] ^= 1
	text := certificateText(bytes.Replace(c.Raw, c.RawSubjectPublicKeyInfo, spki, 1))
	for form, use := range forms {
		refused(t, "a point off the curve in "+form, use(text), apc.ErrValidation, "key-point")
	}
}

// TestAStoredAuthorityWithAStrangeKeyIsRefusedAtUse: one of a store that an earlier
// version wrote, which took it.
func TestAStoredAuthorityWithAStrangeKeyIsRefusedAtUse(t *testing.T) {
	clock := engine.NewClock(noon)
	store := simtest.Store(t)
	eng := simtest.On(t, simtest.Backend(t, nil), store, &engine.Options{Now: clock.Now})
	root := issue(t, rsaKey(t, 2048, 0), "CA", nil, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA2048).KeyArn
	spoil(t, store, "key", idOf(ca), func(data []byte) []byte {
		n := len(root.text())
		at := bytes.Index(data, []byte(root.text()))
		strange := bytes.Replace(root.certificate.Raw, []byte{2, 3, 1, 0, 1}, []byte{2, 3, 1, 0, 0}, 1)
		return append(append(data[:at:at], certificateText(strange)...), data[at+n:]...)
	})
	key := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key)).KeyArn
	_, err := eng.ExportKey(
		ctx,
		&engine.ExportKeyInput{ExportKeyIdentifier: key, KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: issue(t, rsaKey(t, 2048, 1), "KRD", &root, nil).text()}}},
	)
	refusal := refused(t, "ExportKey", err, apc.ErrValidation, "key-exponent")
	if field := refusal.Reasons[0].Field; field != "KeyMaterial.KeyCryptogram.CertificateAuthorityPublicKeyIdentifier" {
		t.Errorf("the reason is about %s", field)
	}
}
