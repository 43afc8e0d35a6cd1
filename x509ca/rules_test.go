package x509ca

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTrustedCertificateIsNotVerifiedAgain(t *testing.T) {
	// The chain ends in an intermediate: the caller trusts it.
	ca := newRoot(t).ca(t, "between")
	wantRule(t, (&Rules{Now: now}).CheckIssued(ca.leaf(t).Certificate, ca.Certificate), "")
}

func TestSelfSignedCertificateIsItsOwnIssuer(t *testing.T) {
	for name, o := range map[string]edit{
		"CA":                   func(*order) {},
		"CA of no further CAs": func(o *order) { o.PathLength = new(0) },
		"CA without key usage": func(o *order) { o.KeyUsage = 0 },
		"P-521":                func(o *order) { o.key = p521() },
		"RSA":                  func(o *order) { o.key = rsa2048() },
	} {
		c := newRoot(t, o).Certificate
		for _, r := range []*Rules{{Now: now, AllowNoBasicConstraints: true, IssuerStrength: true},
			{Now: now, AllowNoBasicConstraints: true, CA: true}} {
			if err := errors.Join(r.CheckRoot(c), r.CheckIssued(c, c)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// These are the certificates of a common TR-34 sample: a CA with every key
// usage, and a signer without any extension.
func TestCertificatesOfTheTR34SampleAreTaken(t *testing.T) {
	root := newRoot(t, func(o *order) {
		o.key, o.Serial, o.KeyUsage = rsa2048(), []byte{100}, allKeyUsages
		o.Subject = Name{{CommonName, "CA", ByType}, {Organization, "Bank", ByType}}
		o.NotBefore, o.NotAfter = now.AddDate(0, 0, -1), now.AddDate(0, 0, 89)
	})
	signer := root.leaf(t, func(o *order) {
		o.key, o.Serial, o.Profile = rsa2048(), []byte{200}, Profile{Hash: crypto.SHA256, NoExtensions: true}
	})
	r := &Rules{Now: now, IssuerStrength: true, KeyUsage: x509.KeyUsageDigitalSignature}
	wantRule(t, r.CheckRoot(root.Certificate), "")
	wantRule(t, r.CheckIssued(signer.Certificate, root.Certificate), "")
}

func TestErrorsNameTheCertificateInTheCallersWords(t *testing.T) {
	root := newRoot(t)
	a := root.ca(t, "a")
	b := a.ca(t, "b")
	leaf := b.leaf(t)
	chain := []*x509.Certificate{leaf.Certificate, b.Certificate, a.Certificate, root.Certificate}
	words := Rules{Certificate: "WrappingKeyCertificate", Issuer: "CertificateAuthorityPublicKeyIdentifier", Root: "its root"}
	for i, want := range []struct{ own, callers string }{
		{"certificate", "WrappingKeyCertificate"},
		{"issuer", "CertificateAuthorityPublicKeyIdentifier"},
		{"issuer 2", "CertificateAuthorityPublicKeyIdentifier 2"},
		{"root", "its root"},
	} {
		expired := *chain[i]
		expired.NotAfter = now.Add(-time.Second)
		path := slices.Clone(chain)
		path[i] = &expired
		for _, r := range []Rules{{}, words} {
			r.Now = now
			var e *Error
			if err := r.CheckIssued(path[0], path[1:]...); !errors.As(err, &e) || e.Rule != RuleExpired {
				t.Fatalf("got %v, want %v", err, RuleExpired)
			}
			if got := e.Certificate; got != want.own && r.Root == "" || got != want.callers && r.Root != "" {
				t.Errorf("got %q, want %v", got, want)
			}
		}
	}
	var e *Error
	words.Now = now
	if err := words.CheckRoot(leaf.Certificate); !errors.As(err, &e) || e.Certificate != "its root" {
		t.Errorf("got %v", err)
	}
	if err := words.CheckIssued(leaf.Certificate); !errors.As(err, &e) || e.Certificate != "WrappingKeyCertificate" {
		t.Errorf("got %v", err)
	}
}

func TestFirstRefusalIsTheOneReported(t *testing.T) {
	// Everything is wrong with it; each repair uncovers the next rule.
	root := newRoot(t)
	leaf := root.leaf(t, func(o *order) {
		o.key, o.NotAfter, o.KeyUsage = p384(), now.Add(-time.Second), x509.KeyUsageKeyAgreement
	})
	r := &Rules{Now: now, CA: true, IssuerStrength: true, Curves: []elliptic.Curve{elliptic.P256()}}
	issuer := newRoot(t, func(o *order) { o.key = newKey(elliptic.P256()); o.Subject = subject }).Certificate
	for _, step := range []struct {
		rule   Rule
		repair func()
	}{
		{RuleKeySize, func() { r.Curves = nil }},
		{RuleExpired, func() { r.Now = now.Add(-time.Minute) }},
		{RuleIssuer, func() { issuer = newRoot(t, func(o *order) { o.key = newKey(elliptic.P256()) }).Certificate }},
		{RuleSignature, func() { issuer = root.Certificate }},
		{RuleIssuerStrength, func() { r.IssuerStrength = false }},
		{RuleBasicConstraints, func() { r.CA = false; r.KeyUsage = x509.KeyUsageDigitalSignature }},
		{RuleKeyUsage, func() { r.KeyUsage = 0 }},
		{"", func() {}},
	} {
		wantRule(t, r.CheckIssued(leaf.Certificate, issuer), step.rule)
		step.repair()
	}
}

func TestNilRulesAreTheStandardsAtThePresentTime(t *testing.T) {
	valid := func(o *order) { o.NotBefore, o.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour) }
	root := newRoot(t, valid)
	var r *Rules
	wantRule(t, r.CheckRoot(root.Certificate), "")
	wantRule(t, r.CheckIssued(root.leaf(t, valid).Certificate, root.Certificate), "")
	wantRule(
		t,
		r.CheckIssued(root.leaf(t, valid, func(o *order) { o.NotAfter = o.NotBefore }).Certificate, root.Certificate),
		RuleExpired,
	)
	wantRule(t, r.CheckRoot(nil), RuleParse)
	wantRule(t, r.CheckIssued(nil), RuleIssuer)
	wantRule(t, r.CheckRoot(&x509.Certificate{}), RuleKeyType)
	wantRule(
		t,
		r.CheckIssued(&x509.Certificate{PublicKey: p256().Public(), NotAfter: time.Now().Add(time.Hour)}, &x509.Certificate{}),
		RuleSignatureAlgorithm,
	)
}

// crypto/x509 builds the same paths by itself. It is asked about random chains
// whose path lengths, usages and dates are sometimes wrong.
func TestVerdictsAgreeWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chain := drawChain(t)
		c, above := chain[0], chain[1:]
		err := (&Rules{Now: now}).CheckIssued(c, above...)
		roots, between := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(above[len(above)-1])
		for _, ca := range above[:len(above)-1] {
			between.AddCert(ca)
		}
		_, want := c.Verify(
			x509.VerifyOptions{
				Roots:         roots,
				Intermediates: between,
				CurrentTime:   now,
				KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			},
		)
		if (err == nil) != (want == nil) {
			t.Fatalf("got %v, crypto/x509 says %v", err, want)
		}
	})
}

// drawChain draws a chain of two to five, the leaf first.
func drawChain(t *rapid.T) []*x509.Certificate {
	spoil := func(o *order) {
		if rapid.IntRange(0, 2).Draw(t, "limited") == 0 {
			o.PathLength = new(rapid.IntRange(0, 3).Draw(t, "path length"))
		}
		switch rapid.IntRange(0, 12).Draw(t, "fault") {
		case 0:
			o.KeyUsage = x509.KeyUsageDigitalSignature
		case 1:
			o.CA, o.PathLength = false, nil
		case 2:
			o.NotAfter = now.Add(-time.Second)
		case 3:
			o.NotBefore = now.Add(time.Second)
		}
	}
	at := newRoot(t, spoil)
	chain := []*x509.Certificate{at.Certificate}
	for i := range rapid.IntRange(0, 3).Draw(t, "CAs between") {
		at = at.ca(t, "ca "+strconv.Itoa(i), spoil, func(o *order) { o.key = newKey(elliptic.P256()) })
		chain = append(chain, at.Certificate)
	}
	chain = append(chain, at.leaf(t).Certificate)
	slices.Reverse(chain)
	return chain
}

func TestErrorHasWhatWasFoundAndWanted(t *testing.T) {
	root := newRoot(t)
	err := (&Rules{Now: now}).CheckIssued(
		root.leaf(t, func(o *order) { o.NotAfter = now.Add(-time.Second) }).Certificate,
		root.Certificate,
	)
	want := "x509ca: expired: certificate: the certificate has expired: found valid until 2026-06-01T11:59:59Z, wanted valid at " +
		"2026-06-01T12:00:00Z"
	if got := err.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = Decode("")
	if got, want := err.Error(), "x509ca: length: there is no certificate"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := keyUsageString(allKeyUsages); strings.Count(got, ", ") != 8 {
		t.Errorf("got %q, want nine names", got)
	}
}

// Two names that look alike differ.
func TestAnotherIssuerOfALikeNameIsDistinguished(t *testing.T) {
	named := func(name string) edit { return func(o *order) { o.Subject = Name{{CommonName, name, UTF8String}} } }
	err := (&Rules{Now: now}).CheckIssued(newRoot(t, named("root")).leaf(t).Certificate, newRoot(t, named("r\u043eot")).Certificate)
	want := `x509ca: issuer: certificate: the certificate was issued by another authority: ` +
		`found CN="root" in UTF8String, wanted CN="r\u043eot" in UTF8String`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
