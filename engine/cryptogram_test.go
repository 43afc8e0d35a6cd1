package engine_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// cryptogram encrypts a key to the token's certificate.
func cryptogram(t testing.TB, in *engine.GetParametersForImportOutput, hash crypto.Hash, key []byte) string {
	t.Helper()
	out, err := rsa.EncryptOAEP(hash.New(), rand.Reader,
		testrig.Certificate(t, in.WrappingKeyCertificate).PublicKey.(*rsa.PublicKey), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(out))
}

// cryptogramKey has equal halves: the live service shows D5D44F for it.
const cryptogramKey = "0123456789ABCDEF0123456789ABCDEF"

// keyArm imports the key by a cryptogram for the token.
func keyArm(t *testing.T, token *engine.GetParametersForImportOutput) *engine.ImportKeyCryptogram {
	t.Helper()
	return &engine.ImportKeyCryptogram{
		KeyAttributes:        attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
		Exportable:           new(true),
		ImportToken:          token.ImportToken,
		WrappedKeyCryptogram: cryptogram(t, token, crypto.SHA256, testrig.Hex(cryptogramKey)),
	}
}

func TestCryptogramsAreImportedAndExported(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	parameters := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	k, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	if err != nil || k.KeyCheckValue != "D5D44F" || !k.Exportable || k.KeyOrigin != apc.KeyOriginExternal {
		t.Fatalf("imported as %+v, %v", k, err)
	}
	again, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	if err != nil || again.KeyArn == k.KeyArn || again.KeyCheckValue != k.KeyCheckValue {
		t.Errorf("a second time: %+v, %v", again, err)
	}

	// Out, to a party whose certificate chains to an imported root.
	root := issue(t, rsaKey(t, 4096, 0), "root", nil, nil)
	leaf := issue(t, rsaKey(t, 2048, 0), "receiver", &root, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA4096)
	for spec, hash := range map[apc.WrappingKeySpec]crypto.Hash{apc.WrappingKeySpecRSAOAEPSHA256: crypto.SHA256,
		apc.WrappingKeySpecRSAOAEPSHA512: crypto.SHA512} {
		out, err := eng.ExportKey(
			ctx,
			&engine.ExportKeyInput{
				ExportKeyIdentifier: k.KeyArn,
				KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
					CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, WrappingKeyCertificate: leaf.text(), WrappingSpec: &spec}},
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		w := out.WrappedKey
		got, err := rsa.DecryptOAEP(hash.New(), nil, leaf.Signer.(*rsa.PrivateKey), testrig.Hex(w.KeyMaterial), nil)
		if err != nil || string(got) != string(testrig.Hex(cryptogramKey)) || *w.KeyCheckValue != "D5D44F" ||
			w.WrappedKeyMaterialFormat != apc.WrappedKeyMaterialFormatKeyCryptogram ||
			w.WrappingKeyArn != ca.KeyArn {
			t.Errorf("%s: exported %+v, opened as %x, %v", spec, w, got, err)
		}
	}
}

func TestCryptogramsThatDoNotFitAreRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	parameters := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	other := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA3072, false)
	weak := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	otherAccount := eng.As(apc.Identity{Account: "444455556666"})
	for _, c := range []struct {
		what   string
		change func(*engine.ImportKeyCryptogram)
		code   apc.Code
		rule   apc.Rule
	}{
		{"with the other hash", func(a *engine.ImportKeyCryptogram) { a.WrappingSpec = new(apc.WrappingKeySpecRSAOAEPSHA512) },
			apc.ErrValidation, "oaep"},
		{"with an unknown token", func(a *engine.ImportKeyCryptogram) { a.ImportToken = "import-token-aaaaaaaaaaaaaaaa" },
			apc.ErrResourceNotFound, "token"},
		{"without a token", func(a *engine.ImportKeyCryptogram) { a.ImportToken = "" }, apc.ErrValidation, "required"},
		{"with a TR-34 token", func(a *engine.ImportKeyCryptogram) { a.ImportToken = other.ImportToken }, apc.ErrValidation, "token-material"},
		{"with a token of another length", func(a *engine.ImportKeyCryptogram) { a.ImportToken = weak.ImportToken }, apc.ErrValidation,
			"cryptogram-length"},
		{"of another length", func(a *engine.ImportKeyCryptogram) { a.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmTDES3Key },
			apc.ErrValidation, "key-length"},
		{"of AES_192", func(a *engine.ImportKeyCryptogram) { a.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmAES192 }, apc.ErrValidation,
			"wrapping-strength"},
		{"of a pair", func(a *engine.ImportKeyCryptogram) { a.KeyAttributes = publicAttributes(apc.KeyAlgorithmRSA2048) }, apc.ErrValidation,
			"key-class"},
		{"with half a set of modes", func(a *engine.ImportKeyCryptogram) {
			a.KeyAttributes.KeyModesOfUse = apc.KeyModesOfUse{Encrypt: true}
		}, apc.ErrValidation, "key-modes-of-use"},
		{"with an odd digit", func(a *engine.ImportKeyCryptogram) { a.WrappedKeyCryptogram += "0" }, apc.ErrValidation, "hex"},
	} {
		a := keyArm(t, parameters)
		c.change(a)
		_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: a})
		refused(t, "a cryptogram "+c.what, err, c.code, c.rule)
	}
	_, err := importMaterial(otherAccount, engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	refused(t, "another account's token", err, apc.ErrResourceNotFound, "token")
	_, err = importMaterial(eng.As(apc.Identity{Region: "eu-west-1"}), engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	refused(t, "another Region's token", err, apc.ErrResourceNotFound, "token")
}

func TestCryptogramsAreRefusedWhenTheirTokenHasExpired(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	parameters := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	clock.Advance(30 * day)
	_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	refused(t, "an expired token", err, apc.ErrValidation, "token-expired")
	if err := eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	clock.Advance(-6 * day)
	_, err = importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	refused(t, "an expired token, with the clock set back", err, apc.ErrValidation, "token-expired")
	clock.Advance(400 * day)
	_, err = importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: keyArm(t, parameters)})
	refused(t, "a token expired for more than a year", err, apc.ErrResourceNotFound, "token")
}

func TestExportsByCertificateRefuseWhatDoesNotFit(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	root := issue(t, rsaKey(t, 3072, 0), "root", nil, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA3072)
	tdes := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES3Key))
	aes := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	strong := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	good := issue(t, rsaKey(t, 2048, 0), "receiver", &root, nil)
	large := issue(t, rsaKey(t, 3072, 1), "receiver", &root, nil)
	self := issue(t, rsaKey(t, 2048, 1), "self", nil, nil)
	selfCA := trust(t, eng.Caller, self, apc.KeyAlgorithmRSA2048)
	export := func(key engine.Key, ca string, c certified) error {
		_, err := eng.ExportKey(
			ctx,
			&engine.ExportKeyInput{
				ExportKeyIdentifier: key.KeyArn,
				KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
					CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: c.text()}},
			},
		)
		return err
	}
	for what, err := range map[string]error{
		"TDES_3KEY to RSA_2048": export(tdes, ca.KeyArn, good), "AES_128 to RSA_3072": export(aes, ca.KeyArn, large),
		"one self-signed certificate as root and leaf": export(tdes, selfCA.KeyArn, self),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, c := range []struct {
		what string
		err  error
		rule apc.Rule
	}{
		{"AES_128 to RSA_2048", export(aes, ca.KeyArn, good), "wrapping-strength"},
		{"AES_256 to RSA_3072", export(strong, ca.KeyArn, large), "wrapping-strength"},
		{"to a certificate of another root", export(tdes, ca.KeyArn, self), "issuer"},
		{"to an EC key", export(tdes, ca.KeyArn, issue(t, ecKey(t, elliptic.P256()), "ec", &root, nil)), "key-type"},
		{"to an expired certificate", export(tdes, ca.KeyArn,
			issue(t, rsaKey(t, 2048, 0), "old", &root, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) })), "expired"},
		{"under a key that is no authority", export(tdes, strong.KeyArn, good), "certificate-authority"},
	} {
		refused(t, c.what, c.err, apc.ErrValidation, c.rule)
	}
	clock.Advance(401 * day)
	refused(t, "when all have expired", export(tdes, ca.KeyArn, good), apc.ErrValidation, "expired")
}

var curves = []struct {
	a     apc.KeyAlgorithm
	curve elliptic.Curve
}{{apc.KeyAlgorithmECCNISTP256, elliptic.P256()}, {apc.KeyAlgorithmECCNISTP384, elliptic.P384()},
	{apc.KeyAlgorithmECCNISTP521, elliptic.P521()}}
