package x509ca

import (
	"cmp"
	"crypto/elliptic"
	"crypto/x509"
	"strconv"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/dn"
)

// Rules check certificates. The zero Rules are those of RFC 5280, section 6.1, at the present time,
// for RSA keys of 2048, 3072 and 4096 bits and for keys on P-256, P-384 and P-521; nil Rules are
// the same. They are only read, so that goroutines may share them.
type Rules struct {
	Now time.Time // the time at which certificates must be valid; zero means time.Now

	// CA makes CheckIssued check a certificate that is to issue others. It then counts in the path
	// lengths of those above it.
	CA bool

	// KeyUsage makes CheckIssued require at least one of these usages in a certificate that has the
	// extension; zero requires none.
	KeyUsage x509.KeyUsage

	// AllowNoBasicConstraints takes a self-signed CA without that extension if it
	// is of version 1 or its key usage says keyCertSign, as OpenSSL does. Any other
	// CA must have the extension, and it must say CA.
	AllowNoBasicConstraints bool

	// RequireKeyUsage refuses a CA without that extension. One that has it must
	// say keyCertSign in any case.
	RequireKeyUsage bool

	// IssuerStrength refuses a certificate whose key is stronger than the one
	// that signed it, see [RuleIssuerStrength]: RSA by modulus and ECDSA by curve.
	// An ECDSA key needs an ECDSA issuer. An RSA key may have an ECDSA issuer of
	// at least its security strength in NIST SP 800-57 part 1, table 2.
	IssuerStrength bool

	RSABits []int            // moduli to take; nil means 2048, 3072, 4096
	Curves  []elliptic.Curve // curves to take; nil means P-256, P-384, P-521

	// The words for the certificates in an [Error]: the one checked, its issuer,
	// and the last of a longer chain or what CheckRoot is given. Empty means
	// "certificate", "issuer" and "root".
	Certificate, Issuer, Root string
}

// CheckRoot checks a certificate that is about to be trusted: it must be signed
// by itself and may sign others. It is refused with one of the rules of
// [Rules].
func (r *Rules) CheckRoot(c *x509.Certificate) error {
	return r.path(true, []*x509.Certificate{c}).check()
}

// CheckIssued checks a certificate by the chain of those above it: its issuer,
// that one's issuer, and so on. The last of the chain is trusted as it is,
// so that it need not be self-signed and its signature is not verified; all else
// about it is checked as for the others. A certificate may be the last of its own
// chain if it signs itself.
//
// Each certificate goes through the rules in the order in which their constants
// are declared, the one checked first, its issuer next; the first refusal ends it. A
// signature with SHA-1 or MD5 is always refused.
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
func (p *path) isCA(i int) bool { return p.alone || i > 0 || p.CA }

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
