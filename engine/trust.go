package engine

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// trustRules are what the service asks of other people's certificates
// (control-plane, section 11.3): a CA says so where it says anything, and signs
// nothing stronger than itself; a leaf may have no extension at all.
func trustRules(c *core.Call) *x509ca.Rules {
	return &x509ca.Rules{Now: c.Now, AllowNoBasicConstraints: true, IssuerStrength: true, Issuer: "the certificate authority's", Certificate: "the certificate"}
}

// readCertificate reads a caller's certificate and the algorithm of its key.
func readCertificate(text, field string) (*x509.Certificate, *core.Algorithm, error) {
	c, err := x509ca.Decode(text)
	if err != nil {
		return nil, nil, certificateError(err, field)
	}
	alg := algorithmOfKey(c.PublicKey)
	if alg == nil {
		return nil, nil, core.Invalid("The certificate is not valid.", core.Because(apc.RuleKeyType, field, core.ProblemCertificateKey,
			keyOf(c), wording.Or((core.AnyRSA|core.AnyECC).Names())))
	}
	return c, alg, nil
}

// algorithmOfKey is the algorithm of a public key, nil where the service has none.
func algorithmOfKey(public any) *core.Algorithm {
	letter, bits := hsm.RSA, 0
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits = key.N.BitLen()
	case *ecdsa.PublicKey:
		letter, bits = hsm.EC, key.Curve.Params().BitSize
	}
	for i := range core.Algorithms {
		if a := &core.Algorithms[i]; a.Letter == letter && a.Bits == bits {
			return a
		}
	}
	return nil
}

// keyOf names the key in a certificate.
func keyOf(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA of %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA on " + key.Curve.Params().Name
	}
	return c.PublicKeyAlgorithm.String()
}

// checkTrusted holds a caller's certificate to the rules, under the certificate
// of the authority that the request names. That one alone is consulted, not
// those above it (GUESS): it was judged when it was imported.
func checkTrusted(c *core.Call, cert *x509.Certificate, field string, ca *core.Key, caField string) error {
	issuer, err := authorityCertificate(ca, caField)
	if err != nil {
		return err
	}
	rules := trustRules(c)
	err = rules.CheckIssued(cert, issuer)
	if refusal, ok := errors.AsType[*x509ca.Error](err); ok && refusal.Certificate == rules.Issuer {
		return certificateError(err, caField)
	}
	return certificateError(err, field)
}

// authorityCertificate returns the certificate of an authority's key, which was checked when
// it was imported: maybe by a version that took keys which are refused now.
func authorityCertificate(ca *core.Key, field string) (*x509.Certificate, error) {
	cert, err := x509ca.Decode(ca.Certificate)
	return cert, certificateError(err, field)
}

// trustedCertificate reads a certificate of the request and checks it under the authority that
// the request names.
func trustedCertificate(c *core.Call, text, field string, ca *core.Key, caField string) (*x509.Certificate, *core.Algorithm, error) {
	cert, alg, err := readCertificate(text, field)
	if err != nil {
		return nil, nil, err
	}
	return cert, alg, checkTrusted(c, cert, field, ca, caField)
}

// checkOwnCertificate holds a certificate that somebody else made for a pair of
// the account to that pair and its time.
func checkOwnCertificate(c *core.Call, text, field string, pair *core.Key) (*x509.Certificate, error) {
	cert, _, err := readCertificate(text, field)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, pair.Public) {
		return nil, core.Invalid("The certificate does not belong to the key.",
			core.Because(apc.RuleCertificateKey, field, core.ProblemCertificateOfWhom, "", "a certificate of "+pair.ARN.String()))
	}
	rule, problem, found := apc.RuleNotYetValid, core.ProblemNotYetValid, "valid from "+cert.NotBefore.UTC().Format(core.TimeForm)
	if c.Now.After(cert.NotAfter) {
		rule, problem, found = apc.RuleExpired, core.ProblemExpired, "valid until "+cert.NotAfter.UTC().Format(core.TimeForm)
	} else if !c.Now.Before(cert.NotBefore) {
		return cert, nil
	}
	return nil, core.Invalid("The certificate is not valid.", core.Because(rule, field, problem, found, "valid at "+c.Now.Format(core.TimeForm)))
}

// certificateError tells why a certificate was refused; nil for nil.
func certificateError(err error, field string) error {
	if err == nil {
		return nil
	}
	refusal, ok := errors.AsType[*x509ca.Error](err)
	if !ok {
		return core.Internal(err)
	}
	out := core.Invalid("The certificate is not valid.", core.Because(apc.Rule(refusal.Rule), field, refusal.Problem, refusal.Found, refusal.Wanted))
	out.Err = err
	return out
}
