package engine_test

import (
	"crypto"
	"crypto/cipher"
	"crypto/des"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

func TestRootsAreImportedOrRefusedWithTheRule(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	p256, p384 := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384())
	small, big := rsaKey(t, 2048, 0), rsaKey(t, 4096, 0)
	other := issue(t, p256, "other", nil, nil)
	for _, c := range []struct {
		what string
		cert certified
		a    apc.KeyAttributes
		rule apc.Rule // "": taken
	}{
		{"RSA_2048", issue(t, small, "r", nil, nil), publicAttributes(apc.KeyAlgorithmRSA2048), ""},
		{"RSA_4096", issue(t, big, "r", nil, nil), publicAttributes(apc.KeyAlgorithmRSA4096), ""},
		{"P-256", other, publicAttributes(apc.KeyAlgorithmECCNISTP256), ""},
		{"P-384", issue(t, p384, "r", nil, nil), publicAttributes(apc.KeyAlgorithmECCNISTP384), ""},
		{"without a key usage, as in the samples", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.KeyUsage = 0 }), publicAttributes(apc.KeyAlgorithmECCNISTP256), ""},
		{"without any extension", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.KeyUsage, c.IsCA, c.BasicConstraintsValid = 0, false, false }), publicAttributes(apc.KeyAlgorithmECCNISTP256), ""},
		{"that says it is no CA", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.IsCA = false; c.KeyUsage = 0 }), publicAttributes(apc.KeyAlgorithmECCNISTP256), "basic-constraints"},
		{"that may not sign certificates", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), publicAttributes(apc.KeyAlgorithmECCNISTP256), "key-usage"},
		{"that has expired", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }), publicAttributes(apc.KeyAlgorithmECCNISTP256), "expired"},
		{"that is not valid yet", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Hour) }), publicAttributes(apc.KeyAlgorithmECCNISTP256), "not-yet-valid"},
		{"that another signed", issue(t, p384, "r", &other, asCA), publicAttributes(apc.KeyAlgorithmECCNISTP384), "self-signed"},
		{"of another algorithm", other, publicAttributes(apc.KeyAlgorithmECCNISTP384), "key-algorithm"},
		{"for a pair", other, apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes}, "key-usage"},
		{"for a symmetric key", other, kekAttributes(apc.KeyAlgorithmAES128), "key-class"},
	} {
		in := engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{KeyAttributes: c.a, PublicKeyCertificate: c.cert.text()}}
		k, err := importMaterial(eng.Caller, in)
		if c.rule != "" {
			refused(t, "a root "+c.what, err, apc.ErrValidation, c.rule)
			continue
		}
		want, _ := kcv.PublicKey(c.cert.certificate.RawSubjectPublicKeyInfo)
		if err != nil || k.KeyCheckValue != want || k.KeyCheckValueAlgorithm != apc.KeyCheckValueAlgorithmSHA1 || k.Exportable || k.KeyOrigin != apc.KeyOriginExternal || k.KeyState != apc.KeyStateCreateComplete {
			t.Errorf("a root %s: %+v, %v; want check value %s", c.what, k, err, want)
		}
	}
	_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{KeyAttributes: publicAttributes(apc.KeyAlgorithmRSA2048), PublicKeyCertificate: "bm8="}})
	refused(t, "no certificate", err, apc.ErrValidation, "form")
}

func TestIntermediatesAreImportedUnderTheirParent(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	root := issue(t, ecKey(t, elliptic.P384()), "root", nil, nil)
	other := issue(t, ecKey(t, elliptic.P384()), "root", nil, nil) // of the same name
	parent, stranger := trust(t, eng.Caller, root, apc.KeyAlgorithmECCNISTP384), trust(t, eng.Caller, other, apc.KeyAlgorithmECCNISTP384)
	rsaRoot := issue(t, rsaKey(t, 2048, 0), "rsa root", nil, nil)
	rsaParent := trust(t, eng.Caller, rsaRoot, apc.KeyAlgorithmRSA2048)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	good := issue(t, ecKey(t, elliptic.P256()), "ica", &root, asCA)
	d1 := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption, KeyClass: apc.KeyClassPublicKey, KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: wrapOnly}
	under := func(parent string, c certified, a apc.KeyAttributes) (engine.Key, error) {
		return importMaterial(eng.Caller, engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
			KeyAttributes: a, PublicKeyCertificate: c.text(), CertificateAuthorityPublicKeyIdentifier: parent}})
	}
	ica, err := under(parent.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	if err != nil {
		t.Fatal(err)
	}
	leaf := issue(t, ecKey(t, elliptic.P256()), "leaf", &good, nil)
	if _, err := under(ica.KeyArn, leaf, publicAttributes(apc.KeyAlgorithmECCNISTP256)); err != nil {
		t.Errorf("a certificate under an intermediate: %v", err)
	}
	if _, err := under(rsaParent.KeyArn, issue(t, rsaKey(t, 2048, 1), "data", &rsaRoot, nil), d1); err != nil {
		t.Errorf("a key for data under a root: %v", err)
	}
	for _, c := range []struct {
		what   string
		parent string
		cert   certified
		a      apc.KeyAttributes
		rule   apc.Rule
	}{
		{"under a stranger of the same name", stranger.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256), "signature"},
		{"under another name", rsaParent.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256), "issuer"},
		{"stronger than its parent", parent.KeyArn, issue(t, ecKey(t, elliptic.P521()), "ica", &root, asCA), publicAttributes(apc.KeyAlgorithmECCNISTP521), "issuer-strength"},
		{"RSA_3072 under RSA_2048", rsaParent.KeyArn, issue(t, rsaKey(t, 3072, 0), "ica", &rsaRoot, asCA), publicAttributes(apc.KeyAlgorithmRSA3072), "issuer-strength"},
		{"that has expired", parent.KeyArn, issue(t, ecKey(t, elliptic.P256()), "ica", &root, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }), publicAttributes(apc.KeyAlgorithmECCNISTP256), "expired"},
		{"under a symmetric key", kek.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256), "certificate-authority"},
	} {
		_, err := under(c.parent, c.cert, c.a)
		refused(t, "an intermediate "+c.what, err, apc.ErrValidation, c.rule)
	}
	_, err = under(strings.Replace(parent.KeyArn, ":key/", ":key/aaaa", 1), good, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	refused(t, "an unknown parent", err, apc.ErrResourceNotFound, "key")
	_, err = eng.As(apc.Identity{Account: "444455556666"}).ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
		KeyAttributes: publicAttributes(apc.KeyAlgorithmECCNISTP256), PublicKeyCertificate: good.text(), CertificateAuthorityPublicKeyIdentifier: parent.KeyArn}}})
	refused(t, "another account's parent", err, apc.ErrAccessDenied, "account")
	clock.Advance(500 * day)
	fresh := issue(t, ecKey(t, elliptic.P256()), "ica", &root, func(c *x509.Certificate) { c.NotAfter = noon.Add(900 * day) })
	_, err = under(parent.KeyArn, fresh, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	if r := refused(t, "under a root that has expired", err, apc.ErrValidation, "expired"); !strings.HasSuffix(r.Reasons[0].Field, "CertificateAuthorityPublicKeyIdentifier") {
		t.Errorf("refused for %s", r.Reasons[0].Field)
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: ica.KeyArn}); err != nil {
		t.Fatal(err)
	}
	_, err = under(ica.KeyArn, leaf, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	refused(t, "under a stopped parent", err, apc.ErrValidation, "key-enabled")
}

func parametersForImport(t testing.TB, c *engine.Caller, m apc.KeyMaterialType, a apc.KeyAlgorithm, reuse bool) *engine.GetParametersForImportOutput {
	t.Helper()
	out, err := c.GetParametersForImport(ctx, &engine.GetParametersForImportInput{KeyMaterialType: m, WrappingKeyAlgorithm: a, ReuseLastGeneratedToken: &reuse})
	if err != nil {
		t.Fatalf("GetParametersForImport: %v", err)
	}
	return out
}

func TestTokensComeWithACertificateUnderTheAccountsRoot(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	in := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	out, err := eng.GetParametersForExport(ctx, &engine.GetParametersForExportInput{KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048})
	if err != nil {
		t.Fatal(err)
	}
	if in.WrappingKeyCertificateChain != out.SigningKeyCertificateChain {
		t.Error("two roots for one account")
	}
	if !strings.HasPrefix(in.ImportToken, "import-token-") || !strings.HasPrefix(out.ExportToken, "export-token-") || len(in.ImportToken) != 29 {
		t.Errorf("tokens %s and %s", in.ImportToken, out.ExportToken)
	}
	root := readCertificate(t, in.WrappingKeyCertificateChain)
	if bits := root.PublicKey.(*rsa.PublicKey).N.BitLen(); bits != 4096 || root.SignatureAlgorithm != x509.SHA512WithRSA {
		t.Errorf("a root of %d bits, %v", bits, root.SignatureAlgorithm)
	}
	var names []string
	for _, n := range root.Subject.Names {
		names = append(names, n.Value.(string))
	}
	if want := []string{"US", "AWS Cryptography", "AWS Payment Cryptography", "Virginia", "111122223333", "Arlington"}; !slices.Equal(names, want) {
		t.Errorf("root %q, want %q", names, want)
	}
	for text, until := range map[string]time.Time{in.WrappingKeyCertificate: in.ParametersValidUntilTimestamp, out.SigningKeyCertificate: out.ParametersValidUntilTimestamp} {
		c := readCertificate(t, text)
		pool := x509.NewCertPool()
		pool.AddCert(root)
		if _, err := c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: noon}); err != nil {
			t.Errorf("%s: %v", c.Subject, err)
		}
		if !until.Equal(noon.Add(7*day)) || !c.NotAfter.Equal(until) || !c.NotBefore.Equal(noon.Add(-time.Hour)) {
			t.Errorf("valid from %s to %s, token until %s", c.NotBefore, c.NotAfter, until)
		}
		if c.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment || c.IsCA || c.Subject.CommonName != "111122223333" ||
			len(c.Subject.SerialNumber) != 10 || len(c.SerialNumber.Bytes()) != 16 || len(c.ExtKeyUsage) != 2 {
			t.Errorf("certificate %s, serial %x, usages %v %v", c.Subject, c.SerialNumber, c.KeyUsage, c.ExtKeyUsage)
		}
	}
	opensslVerifies(t, in.WrappingKeyCertificateChain, in.WrappingKeyCertificate)
	there := parametersForImport(t, eng.As(apc.Identity{Region: "eu-west-1"}), apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	if there.WrappingKeyCertificateChain == in.WrappingKeyCertificateChain {
		t.Error("one root in two Regions")
	}
}

// opensslVerifies holds that OpenSSL takes a certificate under its root.
func opensslVerifies(t *testing.T, root, leaf string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"root.pem": root, "leaf.pem": leaf} {
		writePEM(t, filepath.Join(dir, name), text)
	}
	out, err := exec.Command("openssl", "verify", "-attime", fmt.Sprint(noon.Unix()), "-CAfile", filepath.Join(dir, "root.pem"), filepath.Join(dir, "leaf.pem")).CombinedOutput()
	if err != nil {
		t.Errorf("openssl verify: %v\n%s", err, out)
	}
}

func TestTokensAreReusedExpireAndAreCounted(t *testing.T) {
	limits := apc.Limits2026()
	limits.OpenTokens = 3
	eng, clock := clocked(t, engine.Options{Limits: limits})
	get := func(reuse bool) string {
		return parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, reuse).ImportToken
	}
	first := get(true)
	clock.Advance(time.Hour)
	second := get(false)
	if first == second || get(true) != second {
		t.Error("the last token is not given again, or always")
	}
	clock.Advance(23 * day) // the second has exactly 7 days left
	if get(true) != second {
		t.Error("a token with 7 days left is not given again")
	}
	clock.Advance(time.Second)
	third := get(true)
	if third == second {
		t.Error("a token with less than 7 days left is given again")
	}
	_, err := eng.GetParametersForImport(ctx, &engine.GetParametersForImportInput{KeyMaterialType: apc.KeyMaterialTypeKeyCryptogram, WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048})
	refused(t, "a fourth open token", err, apc.ErrServiceQuotaExceeded, "quota")
	clock.Advance(8 * day) // the first two expire
	get(false)
	for _, c := range []struct {
		what, material string
		a              apc.KeyAlgorithm
		rule           apc.Rule
	}{
		{"a token for TR-31", "TR31_KEY_BLOCK", apc.KeyAlgorithmRSA2048, "key-material-type"},
		{"a token for a root", "ROOT_PUBLIC_KEY_CERTIFICATE", apc.KeyAlgorithmRSA2048, "key-material-type"},
		{"a token for a trusted certificate", "TRUSTED_PUBLIC_KEY_CERTIFICATE", apc.KeyAlgorithmRSA2048, "key-material-type"},
		{"a token with an EC pair", "TR34_KEY_BLOCK", apc.KeyAlgorithmECCNISTP256, "key-algorithm"},
		{"a token with an AES key", "KEY_CRYPTOGRAM", apc.KeyAlgorithmAES128, "key-algorithm"},
	} {
		_, err := eng.GetParametersForImport(ctx, &engine.GetParametersForImportInput{KeyMaterialType: apc.KeyMaterialType(c.material), WrappingKeyAlgorithm: c.a})
		refused(t, c.what, err, apc.ErrValidation, c.rule)
		_, err = eng.GetParametersForExport(ctx, &engine.GetParametersForExportInput{KeyMaterialType: apc.KeyMaterialType(c.material), SigningKeyAlgorithm: c.a})
		if c.material == "KEY_CRYPTOGRAM" { // an export that needs no token
			c.rule = "key-material-type"
		}
		refused(t, c.what+" for exports", err, apc.ErrValidation, c.rule)
	}
	_, err = eng.GetParametersForExport(ctx, &engine.GetParametersForExportInput{KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, SigningKeyAlgorithm: apc.KeyAlgorithmRSA3072})
	refused(t, "a signing key of RSA_3072", err, apc.ErrValidation, "key-algorithm")
}

// cryptogram encrypts a key to the token's certificate.
func cryptogram(t testing.TB, in *engine.GetParametersForImportOutput, hash crypto.Hash, key []byte) string {
	t.Helper()
	out, err := rsa.EncryptOAEP(hash.New(), rand.Reader, readCertificate(t, in.WrappingKeyCertificate).PublicKey.(*rsa.PublicKey), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(out))
}

func TestCryptogramsTravelBothWays(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	parameters := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	key := unhex(t, "0123456789ABCDEF0123456789ABCDEF") // equal halves: the live service shows D5D44F for it
	arm := func() *engine.ImportKeyCryptogram {
		return &engine.ImportKeyCryptogram{KeyAttributes: attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
			Exportable: new(true), ImportToken: parameters.ImportToken, WrappedKeyCryptogram: cryptogram(t, parameters, crypto.SHA256, key)}
	}
	k, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: arm()})
	if err != nil || k.KeyCheckValue != "D5D44F" || !k.Exportable || k.KeyOrigin != apc.KeyOriginExternal {
		t.Fatalf("imported as %+v, %v", k, err)
	}
	again, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: arm()})
	if err != nil || again.KeyArn == k.KeyArn || again.KeyCheckValue != k.KeyCheckValue {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	other := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA3072, false)
	weak := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	stranger := eng.As(apc.Identity{Account: "444455556666"})
	for _, c := range []struct {
		what   string
		change func(*engine.ImportKeyCryptogram)
		code   apc.Code
		rule   apc.Rule
	}{
		{"with the other hash", func(a *engine.ImportKeyCryptogram) { a.WrappingSpec = new(apc.WrappingKeySpecRSAOAEPSHA512) }, apc.ErrValidation, "oaep"},
		{"with an unknown token", func(a *engine.ImportKeyCryptogram) { a.ImportToken = "import-token-aaaaaaaaaaaaaaaa" }, apc.ErrResourceNotFound, "token"},
		{"without a token", func(a *engine.ImportKeyCryptogram) { a.ImportToken = "" }, apc.ErrValidation, "required"},
		{"with a TR-34 token", func(a *engine.ImportKeyCryptogram) { a.ImportToken = other.ImportToken }, apc.ErrValidation, "token-material"},
		{"with a token of another length", func(a *engine.ImportKeyCryptogram) { a.ImportToken = weak.ImportToken }, apc.ErrValidation, "cryptogram-length"},
		{"of another length", func(a *engine.ImportKeyCryptogram) { a.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmTDES3Key }, apc.ErrValidation, "key-length"},
		{"of AES_192", func(a *engine.ImportKeyCryptogram) { a.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmAES192 }, apc.ErrValidation, "wrapping-strength"},
		{"of a pair", func(a *engine.ImportKeyCryptogram) { a.KeyAttributes = publicAttributes(apc.KeyAlgorithmRSA2048) }, apc.ErrValidation, "key-class"},
		{"with half a set of modes", func(a *engine.ImportKeyCryptogram) {
			a.KeyAttributes.KeyModesOfUse = apc.KeyModesOfUse{Encrypt: true}
		}, apc.ErrValidation, "key-modes-of-use"},
		{"with an odd digit", func(a *engine.ImportKeyCryptogram) { a.WrappedKeyCryptogram += "0" }, apc.ErrValidation, "hex"},
	} {
		a := arm()
		c.change(a)
		_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: a})
		refused(t, "a cryptogram "+c.what, err, c.code, c.rule)
	}
	_, err = importMaterial(stranger, engine.ImportKeyMaterial{KeyCryptogram: arm()})
	refused(t, "another account's token", err, apc.ErrResourceNotFound, "token")
	_, err = importMaterial(eng.As(apc.Identity{Region: "eu-west-1"}), engine.ImportKeyMaterial{KeyCryptogram: arm()})
	refused(t, "another Region's token", err, apc.ErrResourceNotFound, "token")

	// Out, to a party whose certificate chains to an imported root.
	root := issue(t, rsaKey(t, 4096, 0), "root", nil, nil)
	leaf := issue(t, rsaKey(t, 2048, 0), "receiver", &root, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmRSA4096)
	for spec, hash := range map[apc.WrappingKeySpec]crypto.Hash{apc.WrappingKeySpecRSAOAEPSHA256: crypto.SHA256, apc.WrappingKeySpecRSAOAEPSHA512: crypto.SHA512} {
		out, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: k.KeyArn, KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, WrappingKeyCertificate: leaf.text(), WrappingSpec: &spec}}})
		if err != nil {
			t.Fatal(err)
		}
		w := out.WrappedKey
		got, err := rsa.DecryptOAEP(hash.New(), nil, leaf.Signer.(*rsa.PrivateKey), unhex(t, w.KeyMaterial), nil)
		if err != nil || string(got) != string(key) || *w.KeyCheckValue != "D5D44F" || w.WrappedKeyMaterialFormat != apc.WrappedKeyMaterialFormatKeyCryptogram || w.WrappingKeyArn != ca.KeyArn {
			t.Errorf("%s: exported %+v, opened as %x, %v", spec, w, got, err)
		}
	}
	clock.Advance(7 * day)
	_, err = importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: arm()})
	refused(t, "an expired token", err, apc.ErrValidation, "token-expired")
	if err := eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	clock.Advance(-6 * day)
	_, err = importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: arm()})
	refused(t, "an expired token, with the clock set back", err, apc.ErrValidation, "token-expired")
	clock.Advance(400 * day)
	_, err = importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: arm()})
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
		_, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: key.KeyArn, KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: c.text()}}})
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
		{"to an expired certificate", export(tdes, ca.KeyArn, issue(t, rsaKey(t, 2048, 0), "old", &root, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) })), "expired"},
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
}{{apc.KeyAlgorithmECCNISTP256, elliptic.P256()}, {apc.KeyAlgorithmECCNISTP384, elliptic.P384()}, {apc.KeyAlgorithmECCNISTP521, elliptic.P521()}}

// agreeingPair is a pair that may carry keys.
func agreeingPair(t testing.TB, c *engine.Caller, a apc.KeyAlgorithm, use *apc.KeyUsage) engine.Key {
	t.Helper()
	out, err := c.CreateKey(ctx, &engine.CreateKeyInput{Exportable: new(true), DeriveKeyUsage: use, KeyAttributes: apc.KeyAttributes{
		KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: a, KeyModesOfUse: deriveModes}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Key
}

// publicKeyOf is what a party learns of a pair.
func publicKeyOf(t testing.TB, c *engine.Caller, arn string) any {
	t.Helper()
	out, err := c.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: arn})
	if err != nil {
		t.Fatal(err)
	}
	return readCertificate(t, out.KeyCertificate).PublicKey
}

// TestKeysTravelUnderAnAgreedKey: the other party agrees and derives with the
// standard library; its self-signed certificate is root and leaf, as in the
// samples.
func TestKeysTravelUnderAnAgreedKey(t *testing.T) {
	info := unhex(t, "00A1B2C3D4E5F60718293A4B5C6D7E8F")
	eng, _ := clocked(t, engine.Options{})
	for _, c := range curves {
		pair := agreeingPair(t, eng.Caller, c.a, new(apc.KeyUsageTR31K1KeyBlockProtectionKey))
		mine := ecKey(t, c.curve)
		self := issue(t, mine, "party U", nil, nil)
		ca := trust(t, eng.Caller, self, c.a)
		public, err := publicKeyOf(t, eng.Caller, pair.KeyArn).(*ecdsa.PublicKey).ECDH()
		if err != nil {
			t.Fatal(err)
		}
		private, _ := mine.ECDH()
		shared, err := private.ECDH(public)
		if err != nil {
			t.Fatal(err)
		}
		kbpk, err := tr31.NewKBPK(concatKDF(shared, info, 32))
		if err != nil {
			t.Fatal(err)
		}
		key := unhex(t, "8A8349794C9EE9A4C2927098F249FED6")
		header, _ := tr31.ParseHeader("D0000B0TX00E0000")
		want, _ := kcv.TDES(key)
		if c.a == apc.KeyAlgorithmECCNISTP384 {
			header, _ = tr31.ParseHeader("D0000M7HC00E0000")
			header.Blocks = []tr31.OptionalBlock{{ID: "HM", Data: "21"}}
			want, _ = kcv.HMAC(crypto.SHA256, key)
		}
		block, err := kbpk.Wrap(ctx, header, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		in := engine.ImportDiffieHellmanTr31KeyBlock{PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
			PublicKeyCertificate: self.text(), DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256,
			DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new(hex.EncodeToString(info))}, WrappedKeyBlock: block}
		k, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
		if err != nil || k.KeyCheckValue != want {
			t.Fatalf("%s: imported as %+v, %v; want check value %s", c.a, k, err, want)
		}
		out, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: k.KeyArn, KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, PublicKeyCertificate: self.text(),
			DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: in.DerivationData}}})
		if err != nil {
			t.Fatalf("%s: %v", c.a, err)
		}
		back, err := tr31.Parse(out.WrappedKey.KeyMaterial, tr31.Strict)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kbpk.Unwrap(ctx, back)
		if err != nil || string(got) != string(key) || out.WrappedKey.WrappingKeyArn != pair.KeyArn || *out.WrappedKey.KeyCheckValue != want {
			t.Errorf("%s: exported %+v, opened as %x, %v", c.a, out.WrappedKey, got, err)
		}
		agreementRefusals(t, eng.Caller, &in, c.a)
	}
}

func agreementRefusals(t *testing.T, c *engine.Caller, good *engine.ImportDiffieHellmanTr31KeyBlock, a apc.KeyAlgorithm) {
	t.Helper()
	other := curves[0]
	if other.a == a {
		other = curves[1]
	}
	foreign := issue(t, ecKey(t, other.curve), "party U", nil, nil)
	silent, data := agreeingPair(t, c, a, nil), agreeingPair(t, c, a, new(apc.KeyUsageTR31P0PINEncryptionKey))
	kek := create(t, c, kekAttributes(apc.KeyAlgorithmAES128))
	for _, x := range []struct {
		what   string
		change func(*engine.ImportDiffieHellmanTr31KeyBlock)
		rule   apc.Rule
	}{
		{"other shared information", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.DerivationData.SharedInformation = new("00") }, "mac"},
		{"the other derivation", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			in.KeyDerivationFunction = apc.KeyDerivationFunctionANSIX963
		}, "mac"},
		{"another hash", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			in.KeyDerivationHashAlgorithm = apc.KeyDerivationHashAlgorithmSHA512
		}, "mac"},
		{"a pair that says nothing of what it derives", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PrivateKeyIdentifier = silent.KeyArn }, "derive-key-usage"},
		{"a pair that derives PIN keys", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PrivateKeyIdentifier = data.KeyArn }, "derive-key-usage"},
		{"no pair", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PrivateKeyIdentifier = kek.KeyArn }, "key-usage"},
		{"a derived HMAC key", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.DeriveKeyAlgorithm = apc.KeyAlgorithmHMACSHA256 }, "key-algorithm"},
		{"a derived TDES key for version D", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.DeriveKeyAlgorithm = apc.KeyAlgorithmTDES2Key }, "key-block-version"},
		{"a certificate of another curve", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PublicKeyCertificate = foreign.text() }, "key-algorithm"},
		{"a certificate of another root", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			for _, same := range curves {
				if same.a == a {
					in.PublicKeyCertificate = issue(t, ecKey(t, same.curve), "party V", nil, nil).text()
				}
			}
		}, "issuer"},
	} {
		in := *good
		x.change(&in)
		_, err := importMaterial(c, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
		refused(t, string(a)+", "+x.what, err, apc.ErrValidation, x.rule)
	}
}

func TestAgreementsAreAsStrongAsTheTableSays(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	keys := map[apc.KeyAlgorithm]string{}
	for _, a := range []apc.KeyAlgorithm{apc.KeyAlgorithmTDES2Key, apc.KeyAlgorithmTDES3Key, apc.KeyAlgorithmAES128, apc.KeyAlgorithmAES192, apc.KeyAlgorithmAES256} {
		keys[a] = create(t, eng.Caller, kekAttributes(a)).KeyArn
	}
	curvesOf := map[apc.KeyAlgorithm][]apc.KeyAlgorithm{ // control-plane, section 10
		apc.KeyAlgorithmTDES2Key: {apc.KeyAlgorithmECCNISTP256, apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521}, apc.KeyAlgorithmTDES3Key: {apc.KeyAlgorithmECCNISTP256, apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521},
		apc.KeyAlgorithmAES128: {apc.KeyAlgorithmECCNISTP256, apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521}, apc.KeyAlgorithmAES192: {apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521}, apc.KeyAlgorithmAES256: {apc.KeyAlgorithmECCNISTP521},
	}
	for _, c := range curves {
		self := issue(t, ecKey(t, c.curve), "party U", nil, nil)
		ca, pair := trust(t, eng.Caller, self, c.a), agreeingPair(t, eng.Caller, c.a, new(apc.KeyUsageTR31K0KeyEncryptionKey))
		for a, arn := range keys {
			for _, derived := range []apc.KeyAlgorithm{apc.KeyAlgorithmAES256, apc.KeyAlgorithmAES128} {
				_, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: arn, KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
					PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, PublicKeyCertificate: self.text(), DeriveKeyAlgorithm: derived,
					KeyDerivationFunction: apc.KeyDerivationFunctionANSIX963, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA384, DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("AB")}}}})
				want := slices.Contains(curvesOf[a], c.a) && (derived == apc.KeyAlgorithmAES256 || a != apc.KeyAlgorithmAES192 && a != apc.KeyAlgorithmAES256)
				if want != (err == nil) {
					t.Errorf("%s under %s agreed on %s: %v, want it taken: %t", a, derived, c.a, err, want)
				} else if err != nil {
					refused(t, fmt.Sprintf("%s under %s agreed on %s", a, derived, c.a), err, apc.ErrValidation, "wrapping-strength")
				}
			}
		}
	}
}

func TestAS2805KeysTravelUnderTheirVariant(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	kekBytes, key := "0123456789ABCDEFFEDCBA9876543210", unhex(t, "A1B2C3D4E5F60718293A4B5C6D7E8F90")
	kek := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), kekBytes)
	want, _ := kcv.TDES(key)
	for _, c := range []struct {
		variant apc.As2805KeyVariant
		mask    [2]byte
		usage   apc.KeyUsage
		modes   apc.KeyModesOfUse
	}{
		{apc.As2805KeyVariantTerminalMajorKeyVariant00, [2]byte{}, apc.KeyUsageTR31K0KeyEncryptionKey, cipherModes},
		{apc.As2805KeyVariantPINEncryptionKeyVariant28, [2]byte{0x28, 0xC0}, apc.KeyUsageTR31P0PINEncryptionKey, cipherModes},
		{apc.As2805KeyVariantMessageAuthenticationKeyVariant24, [2]byte{0x24, 0xC0}, apc.KeyUsageTR31M0ISO16609MACKey, macModes},
		{apc.As2805KeyVariantDataEncryptionKeyVariant22, [2]byte{0x22, 0xC0}, apc.KeyUsageTR31D0SymmetricDataEncryptionKey, cipherModes},
	} {
		masked := unhex(t, kekBytes)
		for i := range masked {
			masked[i] ^= c.mask[i%2]
		}
		block, err := des.NewTripleDESCipher(append(masked, masked[:8]...))
		if err != nil {
			t.Fatal(err)
		}
		wrapped := slices.Clone(key)
		cipher.NewCBCEncrypter(block, make([]byte, 8)).CryptBlocks(wrapped, wrapped)
		text := strings.ToUpper(hex.EncodeToString(wrapped))
		k, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
			As2805KeyVariant: c.variant, KeyModesOfUse: c.modes, KeyAlgorithm: apc.KeyAlgorithmTDES2Key, Exportable: new(true), WrappingKeyIdentifier: kek.KeyArn, WrappedKeyCryptogram: text}})
		if err != nil || k.KeyCheckValue != want || k.KeyAttributes.KeyUsage != c.usage {
			t.Fatalf("%s: imported as %+v, %v", c.variant, k, err)
		}
		out, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: k.KeyArn, KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
			WrappingKeyIdentifier: kek.KeyArn, As2805KeyVariant: c.variant}}})
		if err != nil || out.WrappedKey.KeyMaterial != text || out.WrappedKey.WrappedKeyMaterialFormat != apc.WrappedKeyMaterialFormatKeyCryptogram {
			t.Errorf("%s: exported %+v, %v, want %s", c.variant, out, err, text)
		}
	}
	pin := create(t, eng.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes))
	bdk := create(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, deriveModes))
	k1 := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key))
	aes := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmAES128, cipherModes))
	three := create(t, eng.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes))
	for _, c := range []struct {
		what, key, kek string
		variant        apc.As2805KeyVariant
		rule           apc.Rule
	}{
		{"a PIN key as a data key", pin.KeyArn, kek.KeyArn, apc.As2805KeyVariantDataEncryptionKeyVariant22, "as2805-variant"},
		{"a base derivation key", bdk.KeyArn, kek.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "as2805-variant"},
		{"under K1", pin.KeyArn, k1.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "wrapping-key-usage"},
		{"under AES", pin.KeyArn, aes.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "wrapping-key-algorithm"},
		{"TDES_3KEY under TDES_2KEY", three.KeyArn, kek.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "wrapping-strength"},
	} {
		_, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: c.key, KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
			WrappingKeyIdentifier: c.kek, As2805KeyVariant: c.variant}}})
		refused(t, c.what, err, apc.ErrValidation, c.rule)
	}
	for what, c := range map[string]struct {
		a    apc.KeyAlgorithm
		m    apc.KeyModesOfUse
		rule apc.Rule
	}{
		"an AES key": {apc.KeyAlgorithmAES128, cipherModes, "key-algorithm"}, "stronger than the wrapping key": {apc.KeyAlgorithmTDES3Key, cipherModes, "wrapping-strength"}, "with other modes": {apc.KeyAlgorithmTDES2Key, macModes, "key-modes-of-use"},
	} {
		_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
			As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28, KeyModesOfUse: c.m, KeyAlgorithm: c.a, Exportable: new(true), WrappingKeyIdentifier: kek.KeyArn, WrappedKeyCryptogram: strings.Repeat("0", 32)}})
		refused(t, what, err, apc.ErrValidation, c.rule)
	}
	_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
		As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28, KeyModesOfUse: cipherModes, KeyAlgorithm: apc.KeyAlgorithmTDES2Key, Exportable: new(true), WrappingKeyIdentifier: kek.KeyArn, WrappedKeyCryptogram: strings.Repeat("0", 48)}})
	refused(t, "of another length", err, apc.ErrValidation, apc.RuleCryptogramLength)
}

func TestPublicKeyCertificatesAreGivenAgainWhileTheyServe(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	pair := agreeingPair(t, eng.Caller, apc.KeyAlgorithmECCNISTP384, nil)
	get := func() *engine.GetPublicKeyCertificateOutput {
		t.Helper()
		out, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := get()
	c := readCertificate(t, first.KeyCertificate)
	if sum, _ := kcv.PublicKey(c.RawSubjectPublicKeyInfo); sum != pair.KeyCheckValue || !c.NotAfter.Equal(noon.Add(90*day)) || c.Subject.CommonName != "111122223333" {
		t.Errorf("certificate %s until %s, of a key with check value %s", c.Subject, c.NotAfter, sum)
	}
	opensslVerifies(t, first.KeyCertificateChain, first.KeyCertificate)
	clock.Advance(60 * day)
	if get().KeyCertificate != first.KeyCertificate {
		t.Error("another certificate while the first has 30 days left")
	}
	clock.Advance(time.Second)
	if second := get(); second.KeyCertificate == first.KeyCertificate || second.KeyCertificateChain != first.KeyCertificateChain {
		t.Error("no new certificate when less than 30 days are left, or another root")
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: pair.KeyArn}); err != nil {
		t.Fatal(err)
	}
	get() // nothing is done with the key
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: pair.KeyArn}); err != nil {
		t.Fatal(err)
	}
	_, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn})
	refused(t, "of a key that waits for its deletion", err, apc.ErrValidation, "key-state")
	_, err = eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn})
	refused(t, "of a symmetric key", err, apc.ErrValidation, "key-class")
}

func writePEM(t *testing.T, path, text string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSigningRequestsAreTakenByOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	eng, _ := clocked(t, engine.Options{})
	signing := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: apc.KeyModesOfUse{Sign: true}}
	full := engine.CertificateSubjectType{CommonName: "pay.example", OrganizationUnit: new("Keys"), Organization: new("Größe & Co"), City: new("Zürich"),
		Country: new("CH"), StateOrProvince: new("ZH"), EmailAddress: new("keys@pay.example")}
	for _, arn := range []string{create(t, eng.Caller, signing).KeyArn, agreeingPair(t, eng.Caller, apc.KeyAlgorithmECCNISTP521, nil).KeyArn} {
		for _, hash := range []apc.SigningAlgorithmType{apc.SigningAlgorithmTypeSHA224, apc.SigningAlgorithmTypeSHA256, apc.SigningAlgorithmTypeSHA384, apc.SigningAlgorithmTypeSHA512} {
			for _, subject := range []engine.CertificateSubjectType{full, {CommonName: "alone"}} {
				out, err := eng.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{KeyIdentifier: arn, SigningAlgorithm: hash, CertificateSubject: subject})
				if err != nil {
					t.Fatal(err)
				}
				raw, err := base64.StdEncoding.DecodeString(out.CertificateSigningRequest)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command("openssl", "req", "-verify", "-noout", "-subject", "-nameopt", "oneline,utf8,-esc_msb")
				cmd.Stdin = strings.NewReader(string(raw))
				told, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(told), "CN = "+subject.CommonName) {
					t.Errorf("%s, %s: openssl req: %v\n%s", arn, hash, err, told)
				}
				if subject.City != nil && !strings.Contains(string(told), "C = CH, ST = ZH, L = Zürich, O = Größe & Co, OU = Keys, CN = pay.example, emailAddress = keys@pay.example") {
					t.Errorf("subject: %s", told)
				}
				block, _ := pem.Decode(raw)
				if block == nil || block.Type != "CERTIFICATE REQUEST" {
					t.Errorf("no PEM: %s", raw)
				}
			}
		}
	}
	_, err := eng.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{KeyIdentifier: create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn, SigningAlgorithm: apc.SigningAlgorithmTypeSHA256, CertificateSubject: full})
	refused(t, "of a symmetric key", err, apc.ErrValidation, "key-class")
	typographic := full
	typographic.EmailAddress = new("o’neil@pay.example") // fits the service's pattern
	_, err = eng.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{KeyIdentifier: create(t, eng.Caller, signing).KeyArn, SigningAlgorithm: apc.SigningAlgorithmTypeSHA256, CertificateSubject: typographic})
	refused(t, "an address that no certificate can hold", err, apc.ErrValidation, "name")
}
