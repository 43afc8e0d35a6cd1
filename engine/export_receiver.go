package engine

import (
	"context"
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// readReceiver reads the certificate of the RSA key under which an exported key is wrapped, and checks its
// strength and its authority, but not its key usages (GUESS G-certificate-usages). The strength of a key that
// signs does not matter (GUESS G-tr34-signer).
func readReceiver(ctx context.Context, c *core.Call, p *exportPlan, text string, ca *core.Key) (*x509.Certificate, error) {
	field := p.field + ".WrappingKeyCertificate"
	cert, alg, err := core.ReadCertificate(text, field)
	if err != nil {
		return nil, err
	}
	if alg.Letter != hsm.RSA {
		return nil, core.Invalid(
			core.CertificateMessage,
			core.Because(apc.RuleKeyType, field, core.ProblemNotRSA, string(alg.Name), wording.Or(core.AnyRSA.Names())),
		)
	}
	if err := checkStrength(rsaStrength, alg, p.as.Alg, field); err != nil {
		return nil, err
	}
	_, err = core.CheckTrusted(ctx, c, cert, field, ca, authorityField(p.field))
	return cert, err
}
