package engine

import (
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// receiver reads the certificate of the RSA key that a departing key is wrapped
// to, and holds it to its strength and its authority.
func (k *call) receiver(d *departure, text string, ca *key) (*x509.Certificate, error) {
	field, caField := d.field+".WrappingKeyCertificate", d.field+".CertificateAuthorityPublicKeyIdentifier"
	issuer, err := checkAuthority(ca, caField)
	if err != nil {
		return nil, err
	}
	c, alg, err := readCertificate(text, field)
	if err != nil {
		return nil, err
	}
	if alg.letter != hsm.RSA {
		return nil, invalid("The certificate is not valid.", because(RuleKeyType, field, problemNotRSA, string(alg.name), wording.Or(anyRSA.names())))
	}
	if err := checkStrength(rsaStrength, alg, d.as.alg, field); err != nil {
		return nil, err
	}
	return c, k.checkTrusted(c, field, issuer, caField)
}
