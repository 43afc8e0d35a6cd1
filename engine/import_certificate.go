package engine

import (
	"context"
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

func (k *call) importRoot(ctx context.Context, in *ImportKeyInput, arm *RootCertificatePublicKey, out *key) error {
	p := &publicArrival{field: "KeyMaterial.RootCertificatePublicKey", spec: arm.KeyAttributes.parse(), text: arm.PublicKeyCertificate}
	p.trust = func(c *x509.Certificate) error {
		return certificateError(k.trustRules().CheckRoot(c), p.field+".PublicKeyCertificate")
	}
	p.load = func() error { return nil }
	return k.importCertificate(ctx, in, p, out)
}

func (k *call) importTrusted(ctx context.Context, in *ImportKeyInput, arm *TrustedCertificatePublicKey, out *key) error {
	p := &publicArrival{field: "KeyMaterial.TrustedCertificatePublicKey", spec: arm.KeyAttributes.parse(), text: arm.PublicKeyCertificate}
	caField := p.field + ".CertificateAuthorityPublicKeyIdentifier"
	var issuer *x509.Certificate
	p.load = func() (err error) {
		var ca key
		if err := k.loadKey(ctx, arm.CertificateAuthorityPublicKeyIdentifier, &ca); err != nil {
			return err
		}
		p.participants = []keystore.Change{ca.unchanged()}
		issuer, err = checkAuthority(&ca, caField)
		return err
	}
	p.trust = func(c *x509.Certificate) error {
		return k.checkTrusted(c, p.field+".PublicKeyCertificate", issuer, caField)
	}
	return k.importCertificate(ctx, in, p, out)
}

// publicArrival is a public key on its way in, in a certificate.
type publicArrival struct {
	field string // of the arm
	spec  attributes
	text  string

	load         func() error // what else takes part
	trust        func(*x509.Certificate) error
	participants []keystore.Change
}

// importCertificate stores the public key of a certificate. Its check value is
// that of a public key whatever the request names (the samples name others and
// are not refused); it cannot be exported.
func (k *call) importCertificate(ctx context.Context, in *ImportKeyInput, p *publicArrival, out *key) error {
	// Parse: the certificate.
	c, alg, err := readCertificate(p.text, p.field+".PublicKeyCertificate")
	if err != nil {
		return err
	}
	value, err := kcv.PublicKey(c.RawSubjectPublicKeyInfo)
	if err != nil {
		return internal(err)
	}
	tags, err := k.newTags(in.Tags)
	if err != nil {
		return err
	}
	return k.storeNewKey(ctx, out, func(id string) ([]keystore.Change, error) {
		// Load and validate.
		k.resources = k.resources[:0]
		if err := p.load(); err != nil {
			return nil, err
		}
		if err := p.checkAttributes(alg); err != nil {
			return nil, err
		}
		if err := p.trust(c); err != nil {
			return nil, err
		}
		// Transition: there is nothing for the HSM to do.
		k.newKey(out, id, p.spec, OriginExternal, in.Enabled, tags)
		out.bits, out.check, out.checkValue = alg.bits, KCVSHA1, value
		out.public, out.certificate, out.certified = hsm.Public(c.RawSubjectPublicKeyInfo), x509ca.EncodeCertificate(c.Raw), c.NotAfter
		return p.participants, nil
	})
}

// checkAttributes: what the request declares must be a public key of the table
// and the certificate's.
func (p *publicArrival) checkAttributes(alg *algorithm) error {
	if err := checkAttributes(p.spec, imported, p.field+".KeyAttributes."); err != nil {
		return err
	}
	if p.spec.class != PublicKey {
		return attributeError(because(RuleKeyClass, p.field+".KeyAttributes.KeyClass", problemPublicOnly, string(p.spec.class), string(PublicKey)))
	}
	if alg != p.spec.alg {
		return invalid("The certificate does not have the key algorithm.",
			because(RuleKeyAlgorithm, p.field+".KeyAttributes.KeyAlgorithm", problemOtherAlgorithm, string(p.spec.alg.name), string(alg.name)))
	}
	return nil
}
