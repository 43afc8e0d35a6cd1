package engine

import (
	"context"
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

const (
	rootField    = "KeyMaterial.RootCertificatePublicKey"
	trustedField = "KeyMaterial.TrustedCertificatePublicKey"
)

// importRoot imports the public key of a self-signed certificate.
func importRoot(c *call, m *RootCertificatePublicKey, p *importPlan) error {
	cert, err := p.declareCertificate(parseAttributes(m.KeyAttributes), rootField, m.PublicKeyCertificate)
	if err != nil {
		return err
	}
	if err := certificateError(c.trustRules().CheckRoot(cert), rootField+".PublicKeyCertificate"); err != nil {
		return err
	}
	return p.takeCertificate(cert)
}

// importTrusted imports the public key of a certificate under an imported authority.
func importTrusted(ctx context.Context, c *call, m *TrustedCertificatePublicKey, p *importPlan) error {
	var ca key
	err := c.key(ctx, need{authorityField(trustedField), m.CertificateAuthorityPublicKeyIdentifier, authorityRules}, &ca)
	if err != nil {
		return err
	}
	p.requires = append(p.requires, ca.unchanged())
	cert, err := p.declareCertificate(parseAttributes(m.KeyAttributes), trustedField, m.PublicKeyCertificate)
	if err != nil {
		return err
	}
	if err := c.checkTrusted(cert, trustedField+".PublicKeyCertificate", &ca, authorityField(trustedField)); err != nil {
		return err
	}
	return p.takeCertificate(cert)
}

// declareCertificate reads a certificate and checks the attributes of the request: a public key
// of the table, of the algorithm in the certificate.
func (p *importPlan) declareCertificate(a attributes, arm, text string) (*x509.Certificate, error) {
	if err := checkAttributes(a, imported, arm+".KeyAttributes."); err != nil {
		return nil, err
	}
	if a.class != apc.KeyClassPublicKey {
		return nil, attributeError(because(apc.RuleKeyClass, arm+".KeyAttributes.KeyClass", problemPublicOnly, string(a.class), string(apc.KeyClassPublicKey)))
	}
	cert, alg, err := readCertificate(text, arm+".PublicKeyCertificate")
	if err != nil {
		return nil, err
	}
	if alg != a.alg {
		return nil, invalid("The certificate does not have the key algorithm.",
			because(apc.RuleKeyAlgorithm, arm+".KeyAttributes.KeyAlgorithm", problemOtherAlgorithm, string(a.alg.name), string(alg.name)))
	}
	p.key.attributes = a
	return cert, nil
}

// takeCertificate makes the public key of a certificate the key that is stored. Its check value
// is that of a public key whatever the request names (the samples name others and are not
// refused); it cannot be exported. The HSM has nothing to do.
func (p *importPlan) takeCertificate(cert *x509.Certificate) error {
	value, err := kcv.PublicKey(cert.RawSubjectPublicKeyInfo)
	if err != nil {
		return internal(err)
	}
	p.key.bits, p.key.check, p.key.checkValue = p.key.attributes.alg.bits, apc.KeyCheckValueAlgorithmSHA1, value
	p.key.public = hsm.Public(cert.RawSubjectPublicKeyInfo)
	p.key.certificate, p.key.certified = x509ca.EncodeCertificate(cert.Raw), cert.NotAfter
	return nil
}
