package x509ca

import (
	"cmp"
	"crypto/elliptic"
	"crypto/x509"
	"strconv"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/dn"
)

// Rules are how strictly certificates are checked. The zero Rules, and nil, are the checks of RFC 5280,
// section 6.1, at the present time; they accept RSA keys of 2048, 3072 or 4096 bits and keys on P-256,
// P-384 or P-521. No method changes its Rules: goroutines may share them.
type Rules struct {
	Now time.Time // the time at which certificates must be valid; zero means time.Now

	// CA is set where the certificate given to CheckIssued is to issue others. It must then be a CA, and
	// it counts in the path lengths of the CAs above it.
	CA bool

	// Leaf is set where the certificate given to CheckRoot is not to issue others. It need not
	// be a CA then.
	Leaf bool

	// KeyUsage makes CheckIssued require at least one of these usages in a certificate that has the
	// extension; zero requires none.
	KeyUsage x509.KeyUsage

	// AllowNoBasicConstraints accepts a self-signed CA without basic constraints if it
	// is of version 1 or has the key usage keyCertSign, as OpenSSL does. Any other
	// CA must have the extension with CA set.
	AllowNoBasicConstraints bool

	// RequireKeyUsage refuses a CA without a key usage extension. A CA that has the
	// extension needs keyCertSign in it, with or without this field.
	RequireKeyUsage bool

	// IssuerStrength refuses a certificate whose key is stronger than its issuer's
	// ([RuleIssuerStrength]): RSA keys are compared by modulus, ECDSA keys by curve.
	// An ECDSA key needs an ECDSA issuer. An RSA key may have an ECDSA issuer of
	// at least the RSA key's security strength in NIST SP 800-57 part 1, table 2.
	IssuerStrength bool

	RSABits []int            // lengths of modulus that are accepted; nil means 2048, 3072, 4096
	Curves  []elliptic.Curve // curves that are accepted; nil means P-256, P-384, P-521

	// The names of the certificates in an [Error]: of c, of chain[0], and of the last one of a longer
	// chain and the one given to CheckRoot. Empty means "certificate", "issuer" and "root".
	Certificate, Issuer, Root string
}

// CheckRoot checks a certificate that the caller is about to trust: it must be self-signed and, unless
// Leaf is set, a CA.
func (r *Rules) CheckRoot(c *x509.Certificate) error {
	return r.path(true, []*x509.Certificate{c}).check()
}

// CheckIssued checks a certificate c and its chain: chain[0] is the issuer of c, chain[1] the issuer of
// chain[0], and so on. The last certificate of the chain is trusted: it need not be self-signed and
// its signature is not verified, but all other rules apply to it. For a self-signed c the chain may be c
// alone.
//
// The rules are applied to c, then to chain[0], and so on; to each certificate in the order in which
// the constants of the rules are declared. The first refusal is returned. A signature with SHA-1 or MD5
// is always refused.
func (r *Rules) CheckIssued(c *x509.Certificate, chain ...*x509.Certificate) error {
	p := r.path(false, append([]*x509.Certificate{c}, chain...))
	if len(chain) == 0 {
		return p.refuse(0, RuleIssuer, problemNoIssuer, "", "")
	}
	return p.check()
}

// path is a certificate and those above it, while they are checked.
type path struct {
	Rules
	certificates []*x509.Certificate
	alone        bool // there is one, and it is its own issuer
}

func (r *Rules) path(alone bool, certificates []*x509.Certificate) *path {
	p := &path{certificates: certificates, alone: alone}
	if r != nil {
		p.Rules = *r
	}
	if p.Now.IsZero() {
		p.Now = time.Now()
	}
	return p
}

// checks are what each certificate of a path goes through, in order.
var checks = []func(*path, int) error{
	(*path).checkKey,
	(*path).checkValidity,
	(*path).checkIssuer,
	(*path).checkSignature,
	(*path).checkAuthorityKey,
	(*path).checkStrength,
	(*path).checkExtensions,
	(*path).checkBasicConstraints,
	(*path).checkKeyUsage,
	(*path).checkPathLength,
}

func (p *path) check() error {
	for i, c := range p.certificates {
		if c == nil {
			return p.refuse(i, RuleParse, problemNoCertificate, "", "")
		}
	}
	for i := range p.certificates {
		for _, check := range checks {
			if err := check(p, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// above is the issuer of a certificate; nil above the last, which is trusted.
func (p *path) above(i int) *x509.Certificate {
	if p.alone {
		return p.certificates[i]
	}
	if i+1 < len(p.certificates) {
		return p.certificates[i+1]
	}
	return nil
}

// isCA reports whether a certificate is checked as one that signs others.
func (p *path) isCA(i int) bool { return p.alone && !p.Leaf || i > 0 || p.CA }

// refuse makes an Error about one certificate of the path.
func (p *path) refuse(i int, rule Rule, problem, found, wanted string) error {
	return &Error{Rule: rule, Certificate: p.role(i), Index: i, Problem: problem, Found: shown(found), Wanted: shown(wanted)}
}

func (p *path) role(i int) string {
	issuer := cmp.Or(p.Issuer, "issuer")
	switch last := len(p.certificates) - 1; {
	case p.alone || i > 1 && i == last:
		return cmp.Or(p.Root, "root")
	case i == 0:
		return cmp.Or(p.Certificate, "certificate")
	case i == 1:
		return issuer
	}
	return issuer + " " + strconv.Itoa(i) // counted from the certificate upwards
}

func (p *path) checkValidity(i int) error {
	c := p.certificates[i]
	switch {
	case p.Now.Before(c.NotBefore):
		return p.refuse(i, RuleNotYetValid, problemNotYetValid, "valid from "+shownTime(c.NotBefore), "valid at "+shownTime(p.Now))
	case p.Now.After(c.NotAfter):
		return p.refuse(i, RuleExpired, problemExpired, "valid until "+shownTime(c.NotAfter), "valid at "+shownTime(p.Now))
	}
	return nil
}

// checkIssuer compares names as RFC 5280, section 7.1, says.
func (p *path) checkIssuer(i int) error {
	c, issuer := p.certificates[i], p.above(i)
	if issuer == nil || dn.Equal(c.RawIssuer, issuer.RawSubject) {
		return nil
	}
	found, wanted := dn.Difference(c.RawIssuer, issuer.RawSubject)
	if p.alone {
		return p.refuse(i, RuleSelfSigned, problemSelfSigned, found, wanted)
	}
	return p.refuse(i, RuleIssuer, problemIssuer, found, wanted)
}
