package engine

import (
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// receiver reads the certificate of the RSA key that an exported key is wrapped to, and checks its
// strength and its authority.
func (c *call) receiver(p *exportPlan, text string, ca *key) (*x509.Certificate, error) {
	field := p.field + ".WrappingKeyCertificate"
	cert, alg, err := readCertificate(text, field)
	if err != nil {
		return nil, err
	}
	if alg.letter != hsm.RSA {
		return nil, invalid("The certificate is not valid.", because(apc.RuleKeyType, field, problemNotRSA, string(alg.name), wording.Or(anyRSA.names())))
	}
	if err := checkStrength(rsaStrength, alg, p.as.alg, field); err != nil {
		return nil, err
	}
	return cert, c.checkTrusted(cert, field, ca, authorityField(p.field))
}
