package engine

import (
	"context"
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

const (
	rootField    = "KeyMaterial.RootCertificatePublicKey"
	trustedField = "KeyMaterial.TrustedCertificatePublicKey"
)

// importRoot imports the public key of a self-signed certificate (GUESS G-self-signed-root: another is refused).
// Unless its key is for signatures (S0), the certificate need not be a CA's (GUESS G-self-signed-leaf).
func importRoot(ctx context.Context, c *core.Call, m *RootCertificatePublicKey, p *importPlan) error {
	if err := c.PermitImplied(ctx); err != nil {
		return err
	}
	cert, err := p.declareCertificate(core.ParseAttributes(m.KeyAttributes), rootField, m.PublicKeyCertificate)
	if err != nil {
		return err
	}
	rules := core.TrustRules(c)
	rules.Leaf = p.key.Attributes.Usage != core.UsageS0
	if err := core.CertificateError(rules.CheckRoot(cert), rootField+".PublicKeyCertificate"); err != nil {
		return err
	}
	return p.takeCertificate(cert)
}

// importTrusted imports the public key of a certificate under an imported authority.
func importTrusted(ctx context.Context, c *core.Call, m *TrustedCertificatePublicKey, p *importPlan) error {
	var ca core.Key
	err := c.Key(
		ctx,
		core.Need{Field: authorityField(trustedField), Identifier: m.CertificateAuthorityPublicKeyIdentifier, Rules: core.AuthorityRules},
		&ca,
	)
	if err != nil {
		return err
	}
	cert, err := p.declareCertificate(core.ParseAttributes(m.KeyAttributes), trustedField, m.PublicKeyCertificate)
	if err != nil {
		return err
	}
	above, err := core.LoadAuthorities(ctx, c, &ca, authorityField(trustedField))
	if err != nil {
		return err
	}
	if len(above.Keys) == core.MaxAuthorities {
		return core.LongChain(above.Field)
	}
	rules := core.TrustRules(c)
	rules.CA = p.key.Attributes.Usage == core.UsageS0 // it signs others: a leaf is never imported
	if err := above.Check(rules, cert, trustedField+".PublicKeyCertificate"); err != nil {
		return err
	}
	p.requires, p.key.Authority = append(p.requires, above.Unchanged()...), ca.ARN.String()
	return p.takeCertificate(cert)
}

// declareCertificate reads a certificate and checks the attributes of the request: a public key
// of the table, of the algorithm in the certificate (GUESS G-certificate-algorithm: ValidationException else).
func (p *importPlan) declareCertificate(a core.Attributes, arm, text string) (*x509.Certificate, error) {
	if err := checkAttributes(a, imported, arm+".KeyAttributes."); err != nil {
		return nil, err
	}
	if a.Class != apc.KeyClassPublicKey {
		return nil, attributeError(
			core.Because(apc.RuleKeyClass, arm+".KeyAttributes.KeyClass", core.ProblemPublicOnly, string(a.Class),
				string(apc.KeyClassPublicKey)),
		)
	}
	cert, alg, err := core.ReadCertificate(text, arm+".PublicKeyCertificate")
	if err != nil {
		return nil, err
	}
	if alg != a.Alg {
		return nil, core.Invalid(
			"The certificate does not have the key algorithm.",
			core.Because(apc.RuleKeyAlgorithm, arm+".KeyAttributes.KeyAlgorithm", core.ProblemOtherAlgorithm,
				string(a.Alg.Name), string(alg.Name)),
		)
	}
	p.key.Attributes = a
	return cert, nil
}

// takeCertificate makes the public key of a certificate the key that is stored. Its check value
// is that of a public key whatever the request names (the samples name others and are not
// refused); it cannot be exported. The HSM has nothing to do.
func (p *importPlan) takeCertificate(cert *x509.Certificate) error {
	value, err := kcv.PublicKey(cert.RawSubjectPublicKeyInfo)
	if err != nil {
		return core.Internal(err)
	}
	p.key.Bits, p.key.Check, p.key.CheckValue = p.key.Attributes.Alg.Bits, apc.KeyCheckValueAlgorithmSHA1, value
	p.key.Public = hsm.Public(cert.RawSubjectPublicKeyInfo)
	p.key.Certificate, p.key.Certified = x509ca.EncodeCertificate(cert.Raw), cert.NotAfter
	return nil
}
