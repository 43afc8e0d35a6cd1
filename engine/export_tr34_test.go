package engine_test

import (
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr34"
)

func exportToken(c *engine.Caller, key string, arm *engine.ExportTr34KeyBlock) (*engine.WrappedKey, error) {
	arm.KeyBlockFormat = apc.Tr34KeyBlockFormatX9TR342012
	out, err := c.ExportKey(
		ctx,
		&engine.ExportKeyInput{ExportKeyIdentifier: key, KeyMaterial: engine.ExportKeyMaterial{Tr34KeyBlock: arm}},
	)
	if err != nil {
		return nil, err
	}
	return out.WrappedKey, nil
}

func parametersForExport(t testing.TB, c *engine.Caller) *engine.GetParametersForExportOutput {
	t.Helper()
	out, err := c.GetParametersForExport(
		ctx,
		&engine.GetParametersForExportInput{
			KeyMaterialType:     apc.KeyMaterialTypeTR34KeyBlock,
			SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestKeysAreExportedAsTheServiceWritesTokens and opened by the other party.
func TestKeysAreExportedAsTheServiceWritesTokens(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	root := issue(t, rsaKey(t, 4096, 0), "KRD CA", nil, nil)
	krd := issue(t, rsaKey(t, 3072, 0), "KRD", &root, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA4096)
	p := parametersForExport(t, eng.Caller)
	kdh := testrig.Certificate(t, p.SigningKeyCertificate)
	outside := issue(t, rsaKey(t, 4096, 1), "outside", nil, nil)
	signing, signerCert := ownPairOf(t, eng.Caller, apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
		apc.KeyModesOfUse{Sign: true}, &outside)
	bdk := load(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, deriveModes), tdesKey)
	aes := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmAES128, cipherModes), aesKey)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	w, err := exportBlock(eng.Caller, kek.KeyArn, aes.KeyArn, &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"LB": "terminal7"}})
	if err != nil {
		t.Fatal(err)
	}
	labelled, err := importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial) // a key that came with an optional block
	if err != nil {
		t.Fatal(err)
	}
	byToken := engine.ExportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
		WrappingKeyCertificate:                  krd.text(),
		ExportToken:                             &p.ExportToken,
	}
	byKey := engine.ExportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
		WrappingKeyCertificate:                  krd.text(),
		SigningKeyIdentifier:                    &signing.KeyArn,
		SigningKeyCertificate:                   new(signerCert.text()),
	}
	for _, c := range []struct {
		what   string
		arm    engine.ExportTr34KeyBlock
		key    engine.Key
		nonce  string
		change func(*engine.ExportTr34KeyBlock)
		kdh    *x509.Certificate
		header string
		clear  string
	}{
		{"two-pass, by token", byToken, bdk, "0011223344556677", nil, kdh, "D0112B0TX00E0000", tdesKey},
		{"one-pass, by token", byToken, aes, "", nil, kdh, "D0112K0AB00E0000", aesKey},
		{"by a key of the account", byKey, aes, "00112233445566778899AABBCCDDEEFF", nil, signerCert.certificate, "D0112K0AB00E0000", aesKey},
		{"narrowed", byToken, aes, "0011223344556677", func(a *engine.ExportTr34KeyBlock) {
			a.KeyBlockHeaders = &engine.KeyBlockHeaders{KeyModesOfUse: &unwrapOnly, KeyExportability: new(apc.KeyExportabilityNonExportable),
				KeyVersion: new("07")}
		}, kdh, "D0112K0AD07N0000", aesKey},
		{"optional blocks", byToken, aes, "0011223344556677", func(a *engine.ExportTr34KeyBlock) {
			a.KeyBlockHeaders = &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"LB": "terminal7", "77": "x"}}
		}, kdh, "D0112K0AB00E02007705xLB0Dterminal7", aesKey},
		{"no optional block of an import", byToken, labelled, "", nil, kdh, "D0112K0AB00E0000", aesKey},
		{"no optional block of an import beside those asked for", byToken, labelled, "", func(a *engine.ExportTr34KeyBlock) {
			a.KeyBlockHeaders = &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"77": "x"}}
		}, kdh, "D0112K0AB00E01007705x", aesKey},
	} {
		arm := c.arm
		if c.nonce != "" {
			arm.RandomNonce = &c.nonce
		}
		if c.change != nil {
			c.change(&arm)
		}
		w, err := exportToken(eng.Caller, c.key.KeyArn, &arm)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		token, err := tr34.Parse(testrig.Hex(w.KeyMaterial))
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		check := &tr34.Check{KDH: c.kdh, KRD: krd.certificate, Now: noon, CRL: tr34.CRLOptional}
		if c.nonce != "" {
			check.Nonce = testrig.Hex(c.nonce)
		}
		opened, err := token.Open(krd.Signer.(*rsa.PrivateKey), check)
		if err != nil || string(opened.Key) != string(testrig.Hex(c.clear)) || opened.Header != c.header ||
			token.Layout != tr34.LayoutX9TR342012 {
			t.Errorf("%s: opened %v, %v, layout %s; want header %s", c.what, opened, err, token.Layout, c.header)
		}
		if c.nonce == "" && !opened.SigningTime.Equal(noon) {
			t.Errorf("%s: signed at %s", c.what, opened.SigningTime)
		}
		if *w.KeyCheckValue != c.key.KeyCheckValue || w.WrappedKeyMaterialFormat != apc.WrappedKeyMaterialFormatTR34KeyBlock ||
			w.WrappingKeyArn != ca.KeyArn ||
			strings.ToUpper(w.KeyMaterial) != w.KeyMaterial {
			t.Errorf("%s: %+v", c.what, w)
		}
	}
}

func TestInitialKeysAreExportedInEveryFormThatHasOne(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	self := issue(t, rsaKey(t, 2048, 0), "KRD", nil, nil)
	ca := trust(t, eng.Caller, self, apc.KeyAlgorithmRSA2048)
	p := parametersForExport(t, eng.Caller)
	// ANSI X9.24-1's well-known base derivation key and terminal.
	bdk := load(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, deriveModes), tdesKey)
	const want = "6AC292FAA1315B4D858AB3A3D7D5933A"
	export := func(m engine.ExportKeyMaterial) (*engine.WrappedKey, error) {
		out, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: bdk.KeyArn, KeyMaterial: m,
			ExportAttributes: &engine.ExportAttributes{
				ExportDukptInitialKey: &engine.ExportDukptInitialKey{KeySerialNumber: "FFFF9876543210E00000"},
			}})
		if err != nil {
			return nil, err
		}
		return out.WrappedKey, nil
	}
	w, err := export(
		engine.ExportKeyMaterial{
			Tr34KeyBlock: &engine.ExportTr34KeyBlock{
				CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
				WrappingKeyCertificate:                  self.text(),
				ExportToken:                             &p.ExportToken,
				KeyBlockFormat:                          apc.Tr34KeyBlockFormatX9TR342012,
			},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	token, err := tr34.Parse(testrig.Hex(w.KeyMaterial))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := token.Open(
		self.Signer.(*rsa.PrivateKey),
		&tr34.Check{KDH: testrig.Certificate(t, p.SigningKeyCertificate), KRD: self.certificate, Now: noon, CRL: tr34.CRLIgnored},
	)
	if err != nil || strings.ToUpper(hex.EncodeToString(opened.Key)) != want || opened.Header != "D0112B1TX00S0000" {
		t.Errorf("TR-34: %v, %v", opened, err)
	}
	w, err = export(
		engine.ExportKeyMaterial{
			KeyCryptogram: &engine.ExportKeyCryptogram{
				CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
				WrappingKeyCertificate:                  self.text(),
			},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	if sum, _ := kcv.TDES(testrig.Hex(want)); *w.KeyCheckValue != sum {
		t.Errorf("cryptogram with check value %s, want %s", *w.KeyCheckValue, sum)
	}
	kek := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes))
	_, err = export(
		engine.ExportKeyMaterial{
			As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
				WrappingKeyIdentifier: kek.KeyArn,
				As2805KeyVariant:      apc.As2805KeyVariantPINEncryptionKeyVariant28,
			},
		},
	)
	refused(t, "by AS 2805", err, apc.ErrValidation, "export-form")
}

// TestReceiversCertificateMayBeForAnything: the key usages of a certificate that a key is wrapped under are not checked.
func TestReceiversCertificateMayBeForAnything(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	root := issue(t, rsaKey(t, 2048, 0), "KRD CA", nil, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA2048)
	key := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), tdesKey)
	p := parametersForExport(t, eng.Caller)
	for _, usage := range []x509.KeyUsage{0, x509.KeyUsageKeyEncipherment, x509.KeyUsageDigitalSignature} {
		krd := issue(t, rsaKey(t, 2048, 1), "KRD", &root, func(c *x509.Certificate) { c.KeyUsage = usage })
		if _, err := exportToken(eng.Caller, key.KeyArn, &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
			WrappingKeyCertificate: krd.text(), ExportToken: &p.ExportToken, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012}); err != nil {
			t.Errorf("key usage %b: %v", usage, err)
		}
	}
}

func TestTokenExportsAreRefusedWithTheRule(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	root := issue(t, rsaKey(t, 3072, 0), "KRD CA", nil, nil)
	krd := issue(t, rsaKey(t, 2048, 0), "KRD", &root, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA3072)
	p := parametersForExport(t, eng.Caller)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key))
	aes := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	hmac := create(t, eng.Caller, attributes(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256, macModes))
	verifying, verifyingCert := ownPairOf(t, eng.Caller, apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
		apc.KeyModesOfUse{Verify: true}, &root)
	signing, _ := ownPairOf(t, eng.Caller, apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, apc.KeyModesOfUse{Sign: true}, &root)
	for _, c := range []struct {
		what   string
		key    engine.Key
		change func(*engine.ExportTr34KeyBlock)
		code   apc.Code
		rule   apc.Rule
	}{
		{"AES_128 to RSA_2048", aes, func(*engine.ExportTr34KeyBlock) {}, apc.ErrValidation, "wrapping-strength"},
		{"an HMAC key", hmac, func(*engine.ExportTr34KeyBlock) {}, apc.ErrValidation, "wrapping-strength"},
		{"an unknown token", k, func(a *engine.ExportTr34KeyBlock) { a.ExportToken = new("export-token-aaaaaaaaaaaaaaaa") },
			apc.ErrResourceNotFound, "token"},
		{"no token", k, func(a *engine.ExportTr34KeyBlock) { a.ExportToken = nil }, apc.ErrValidation, "one-of"},
		{"a key that may not sign", k, func(a *engine.ExportTr34KeyBlock) {
			a.ExportToken, a.SigningKeyIdentifier, a.SigningKeyCertificate = nil, &verifying.KeyArn, new(verifyingCert.text())
		}, apc.ErrValidation, "key-modes-of-use"},
		{"another key's certificate", k, func(a *engine.ExportTr34KeyBlock) {
			a.ExportToken, a.SigningKeyIdentifier, a.SigningKeyCertificate = nil, &signing.KeyArn, new(verifyingCert.text())
		}, apc.ErrValidation, "certificate-key"},
		{"a PB block", k, func(a *engine.ExportTr34KeyBlock) {
			a.KeyBlockHeaders = &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"PB": "x"}}
		}, apc.ErrValidation, "optional-block"},
		{"wider modes", k, func(a *engine.ExportTr34KeyBlock) {
			a.KeyBlockHeaders = &engine.KeyBlockHeaders{KeyModesOfUse: &macModes}
		}, apc.ErrValidation, "key-modes-of-use"},
		{"an EC certificate", k, func(a *engine.ExportTr34KeyBlock) {
			a.WrappingKeyCertificate = issue(t, ecKey(t, elliptic.P256()), "KRD", &root, nil).text()
		}, apc.ErrValidation, "key-type"},
	} {
		arm := &engine.ExportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
			WrappingKeyCertificate:                  krd.text(),
			ExportToken:                             &p.ExportToken,
		}
		c.change(arm)
		_, err := exportToken(eng.Caller, c.key.KeyArn, arm)
		refused(t, c.what, err, c.code, c.rule)
	}
	clock.Advance(30 * day)
	_, err := exportToken(
		eng.Caller,
		k.KeyArn,
		&engine.ExportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
			WrappingKeyCertificate:                  krd.text(),
			ExportToken:                             &p.ExportToken,
		},
	)
	refused(t, "an expired token", err, apc.ErrValidation, "token-expired")
}
