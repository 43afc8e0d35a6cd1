package engine_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/kcv"
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
		{"without a key usage, as in the samples", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.KeyUsage = 0 }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), ""},
		{"without basic constraints", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), ""},
		{"without any extension", issue(t, p256, "r", nil,
			func(c *x509.Certificate) { c.KeyUsage, c.IsCA, c.BasicConstraintsValid = 0, false, false }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), "basic-constraints"},
		{"of a data key without any extension", issue(t, small, "r", nil,
			func(c *x509.Certificate) { c.KeyUsage, c.IsCA, c.BasicConstraintsValid = 0, false, false }),
			apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption, KeyClass: apc.KeyClassPublicKey,
				KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: wrapOnly}, ""},
		{"that says it is no CA", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.IsCA = false; c.KeyUsage = 0 }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), "basic-constraints"},
		{"that may not sign certificates", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), "key-usage"},
		{"that has expired", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), "expired"},
		{"that is not valid yet", issue(t, p256, "r", nil, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Hour) }),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), "not-yet-valid"},
		{"that another signed", issue(t, p384, "r", &other, asCA), publicAttributes(apc.KeyAlgorithmECCNISTP384), "self-signed"},
		{"of another algorithm", other, publicAttributes(apc.KeyAlgorithmECCNISTP384), "key-algorithm"},
		{"for a pair", other, apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement,
			KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes}, "key-usage"},
		{"for a symmetric key", other, kekAttributes(apc.KeyAlgorithmAES128), "key-class"},
	} {
		in := engine.ImportKeyMaterial{
			RootCertificatePublicKey: &engine.RootCertificatePublicKey{KeyAttributes: c.a, PublicKeyCertificate: c.cert.text()},
		}
		k, err := importMaterial(eng.Caller, in)
		if c.rule != "" {
			refused(t, "a root "+c.what, err, apc.ErrValidation, c.rule)
			continue
		}
		want, _ := kcv.PublicKey(c.cert.certificate.RawSubjectPublicKeyInfo)
		if err != nil || k.KeyCheckValue != want || k.KeyCheckValueAlgorithm != apc.KeyCheckValueAlgorithmSHA1 || k.Exportable ||
			k.KeyOrigin != apc.KeyOriginExternal ||
			k.KeyState != apc.KeyStateCreateComplete {
			t.Errorf("a root %s: %+v, %v; want check value %s", c.what, k, err, want)
		}
	}
	_, err := importMaterial(
		eng.Caller,
		engine.ImportKeyMaterial{
			RootCertificatePublicKey: &engine.RootCertificatePublicKey{
				KeyAttributes:        publicAttributes(apc.KeyAlgorithmRSA2048),
				PublicKeyCertificate: "bm8=",
			},
		},
	)
	refused(t, "no certificate", err, apc.ErrValidation, "form")
}

func TestIntermediatesAreImportedUnderTheirParent(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	root := issue(t, ecKey(t, elliptic.P384()), "root", nil, nil)
	other := issue(t, ecKey(t, elliptic.P384()), "root", nil, nil) // of the same name
	parent, sameName := trust(t, eng.Caller, root, apc.KeyAlgorithmECCNISTP384), trust(t, eng.Caller, other, apc.KeyAlgorithmECCNISTP384)
	rsaRoot := issue(t, rsaKey(t, 2048, 0), "rsa root", nil, nil)
	rsaParent := trust(t, eng.Caller, rsaRoot, apc.KeyAlgorithmRSA2048)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	good := issue(t, ecKey(t, elliptic.P256()), "ica", &root, asCA)
	d1 := apc.KeyAttributes{
		KeyUsage:      apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption,
		KeyClass:      apc.KeyClassPublicKey,
		KeyAlgorithm:  apc.KeyAlgorithmRSA2048,
		KeyModesOfUse: wrapOnly,
	}
	under := func(parent string, c certified, a apc.KeyAttributes) (engine.Key, error) {
		return importMaterial(eng.Caller, engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
			KeyAttributes: a, PublicKeyCertificate: c.text(), CertificateAuthorityPublicKeyIdentifier: parent}})
	}
	ica, err := under(parent.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	if err != nil {
		t.Fatal(err)
	}
	leaf := issue(t, ecKey(t, elliptic.P256()), "leaf", &good, asCA)
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
		{"under another root of the same name", sameName.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256), "signature"},
		{"under another name", rsaParent.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256), "issuer"},
		{"stronger than its parent", parent.KeyArn, issue(t, ecKey(t, elliptic.P521()), "ica", &root, asCA),
			publicAttributes(apc.KeyAlgorithmECCNISTP521), "issuer-strength"},
		{"RSA_3072 under RSA_2048", rsaParent.KeyArn, issue(t, rsaKey(t, 3072, 0), "ica", &rsaRoot, asCA),
			publicAttributes(apc.KeyAlgorithmRSA3072), "issuer-strength"},
		{"that is no authority", parent.KeyArn, issue(t, ecKey(t, elliptic.P256()), "ica", &root, nil),
			publicAttributes(apc.KeyAlgorithmECCNISTP256), "basic-constraints"},
		{"that has expired", parent.KeyArn, issue(t, ecKey(t, elliptic.P256()), "ica", &root,
			func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }), publicAttributes(apc.KeyAlgorithmECCNISTP256), "expired"},
		{"under a symmetric key", kek.KeyArn, good, publicAttributes(apc.KeyAlgorithmECCNISTP256), "certificate-authority"},
	} {
		_, err := under(c.parent, c.cert, c.a)
		refused(t, "an intermediate "+c.what, err, apc.ErrValidation, c.rule)
	}
	_, err = under(strings.Replace(parent.KeyArn, ":key/", ":key/aaaa", 1), good, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	refused(t, "an unknown parent", err, apc.ErrResourceNotFound, "key")
	intermediate := engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
		KeyAttributes: publicAttributes(apc.KeyAlgorithmECCNISTP256), PublicKeyCertificate: good.text(),
		CertificateAuthorityPublicKeyIdentifier: parent.KeyArn}}
	_, err = eng.As(apc.Identity{Account: "444455556666"}).ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: intermediate})
	refused(t, "another account's parent", err, apc.ErrAccessDenied, "account")
	clock.Advance(500 * day)
	fresh := issue(t, ecKey(t, elliptic.P256()), "ica", &root, func(c *x509.Certificate) {
		asCA(c)
		c.NotAfter = noon.Add(900 * day)
	})
	_, err = under(parent.KeyArn, fresh, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	if r := refused(t, "under a root that has expired", err, apc.ErrValidation, "expired"); !strings.HasSuffix(
		r.Reasons[0].Field,
		"CertificateAuthorityPublicKeyIdentifier",
	) {
		t.Errorf("refused for %s", r.Reasons[0].Field)
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: ica.KeyArn}); err != nil {
		t.Fatal(err)
	}
	_, err = under(ica.KeyArn, leaf, publicAttributes(apc.KeyAlgorithmECCNISTP256))
	refused(t, "under a stopped parent", err, apc.ErrValidation, "key-enabled")
}
