package x509ca

import (
	"crypto"
	"crypto/x509"
	"testing"
)

func TestLeafWithoutExtensionsIsTaken(t *testing.T) {
	root := newRoot(t)
	leaf := root.leaf(t, func(o *order) { o.Profile = Profile{Hash: crypto.SHA256, NoExtensions: true} })
	r := &Rules{Now: now, KeyUsage: x509.KeyUsageDigitalSignature, RequireKeyUsage: true, IssuerStrength: true}
	wantRule(t, r.CheckIssued(leaf.Certificate, root.Certificate), "")
}

func TestSelfSignedLeafNeedNotBeACA(t *testing.T) {
	c := newRoot(t, func(o *order) { o.Profile = Profile{Hash: crypto.SHA256, NoExtensions: true} }).Certificate
	wantRule(t, (&Rules{Now: now}).CheckRoot(c), RuleBasicConstraints)
	wantRule(t, (&Rules{Now: now, Leaf: true}).CheckRoot(c), "")
	other := newRoot(t).leaf(t).Certificate
	wantRule(t, (&Rules{Now: now, Leaf: true}).CheckRoot(other), RuleSelfSigned)
}

// A CA that signs itself again under its own name, with a new key, adds
// nothing to the path (RFC 5280, section 4.2.1.9).
func TestSelfIssuedCertificateDoesNotCountInPathLength(t *testing.T) {
	root := newRoot(t, func(o *order) { o.PathLength = new(0) })
	again := root.ca(t, "root", func(o *order) { o.key = p384() })
	leaf := again.leaf(t)
	wantRule(t, (&Rules{Now: now}).CheckIssued(leaf.Certificate, again.Certificate, root.Certificate), "")
	wantRule(t, (&Rules{Now: now, CA: true}).CheckIssued(again.Certificate, root.Certificate), "")
}

// Extensions bind a certificate of any version, as in OpenSSL.
func TestExtensionsOfVersion2AreChecked(t *testing.T) {
	for _, noCA := range []bool{false, true} {
		c, err := Decode(EncodeCertificate(loosely{serial: 1, version: 2, noCA: noCA}.certificate(t)))
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]Rule{false: "", true: RuleBasicConstraints}[noCA]
		wantRule(t, (&Rules{Now: now, AllowNoBasicConstraints: true}).CheckRoot(c), want)
	}
}
