package core

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// CertificateMessage is the message of every refusal of a certificate.
const CertificateMessage = "The certificate is not valid."

// TrustRules are the rules for imported certificates (control-plane, section 11.3) and for those under
// them: OpenSSL's, and that no authority signs a key stronger than its own. A leaf may have no extension.
func TrustRules(c *Call) *x509ca.Rules {
	return &x509ca.Rules{Now: c.Now, AllowNoBasicConstraints: true, IssuerStrength: true}
}

// ReadCertificate reads a caller's certificate and the algorithm of its key.
func ReadCertificate(text, field string) (*x509.Certificate, *Algorithm, error) {
	c, err := x509ca.Decode(text)
	if err != nil {
		return nil, nil, CertificateError(err, field)
	}
	alg := algorithmOfKey(c.PublicKey)
	if alg == nil {
		return nil, nil, Invalid(CertificateMessage, Because(apc.RuleKeyType, field, problemCertificateKey,
			keyOf(c), wording.Or((AnyRSA|AnyECC).Names())))
	}
	return c, alg, nil
}

// algorithmOfKey is the algorithm of a public key, nil where the service has none.
func algorithmOfKey(public any) *Algorithm {
	letter, bits := hsm.RSA, 0
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits = key.N.BitLen()
	case *ecdsa.PublicKey:
		letter, bits = hsm.EC, key.Curve.Params().BitSize
	}
	for i := range Algorithms {
		if a := &Algorithms[i]; a.Letter == letter && a.Bits == bits {
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

// MaxAuthorities is how many authorities a chain may have (GUESS G-chain-length: none is published).
const MaxAuthorities = 10

// Authorities are the keys of the authorities above a certificate. Each is CREATE_COMPLETE and enabled
// (GUESS G-certificates-consulted: that all of them are consulted).
// The first is the one that the request names, the last the root.
type Authorities struct {
	Keys         []Key
	certificates []*x509.Certificate
	Field        string // the member that names the first
}

// LoadAuthorities reads the authority that a request names and those above it, with their
// certificates. They are checked again, since an earlier version may have imported what is refused
// now. A key that was stored without the authority of its certificate is the end of the chain.
func LoadAuthorities(ctx context.Context, c *Call, named *Key, field string) (*Authorities, error) {
	all := &Authorities{Keys: []Key{*named}, Field: field}
	for i := 0; ; i++ {
		last := &all.Keys[i]
		cert, err := x509ca.Decode(last.Certificate)
		if err != nil {
			return nil, CertificateError(err, field)
		}
		all.certificates = append(all.certificates, cert)
		if last.Authority == "" {
			return all, nil
		}
		if i+1 == MaxAuthorities {
			return nil, LongChain(field)
		}
		var next Key
		if err := c.above(ctx, last, field, AuthorityRules, &next); err != nil {
			return nil, err
		}
		all.Keys = append(all.Keys, next)
	}
}

// LongChain refuses a chain of too many authorities.
func LongChain(field string) error {
	return Invalid(CertificateMessage,
		Because(apc.RuleCertificateAuthority, field, problemLongChain, "", "at most "+strconv.Itoa(MaxAuthorities)))
}

// Unchanged requires of a commit that the authorities are as they were read.
func (a *Authorities) Unchanged() (all []keystore.Change) {
	for i := range a.Keys {
		all = append(all, a.Keys[i].Unchanged())
	}
	return all
}

// Check checks a caller's certificate, and those above it up to the root, against the rules.
func (a *Authorities) Check(rules *x509ca.Rules, cert *x509.Certificate, field string) error {
	err := rules.CheckIssued(cert, a.certificates...)
	refusal, ok := errors.AsType[*x509ca.Error](err)
	if !ok || refusal.Index == 0 {
		return CertificateError(err, field)
	}
	if refusal.Index > 1 {
		refusal.Found = strings.TrimSpace(refusal.Found + " in " + a.Keys[refusal.Index-1].ARN.String())
	}
	return CertificateError(refusal, a.Field)
}

// CheckTrusted checks a caller's certificate against the rules, under the authority that the request
// names and those above it.
func CheckTrusted(ctx context.Context, c *Call, cert *x509.Certificate, field string, ca *Key, caField string) (*Authorities, error) {
	above, err := LoadAuthorities(ctx, c, ca, caField)
	if err != nil {
		return nil, err
	}
	return above, above.Check(TrustRules(c), cert, field)
}

// Peer is the other party's point in a key agreement, from its certificate, which must be on the
// curve of the key pair and under the authority that the request names.
func Peer(ctx context.Context, c *Call, text, field string, pair, ca *Key, caField string) ([]byte, *Authorities, error) {
	cert, alg, err := ReadCertificate(text, field)
	if err != nil {
		return nil, nil, err
	}
	if alg != pair.Attributes.Alg { // GUESS G-curves-match
		return nil, nil, Invalid("The certificate does not have the key's curve.",
			Because(apc.RuleKeyAlgorithm, field, problemOtherCurve, string(alg.Name), string(pair.Attributes.Alg.Name)))
	}
	above, err := CheckTrusted(ctx, c, cert, field, ca, caField)
	if err != nil {
		return nil, nil, err
	}
	point, err := cert.PublicKey.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		return nil, nil, Internal(err) // the curve is one of the service's
	}
	return point.Bytes(), above, nil
}

// CheckOwnCertificate checks a certificate that another authority issued for a key pair of
// the account: it must be one of that key pair, and valid now.
func CheckOwnCertificate(c *Call, text, field string, pair *Key) (*x509.Certificate, error) {
	cert, _, err := ReadCertificate(text, field)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, pair.Public) {
		return nil, Invalid("The certificate does not belong to the key.",
			Because(apc.RuleCertificateKey, field, problemCertificateOfWhom, "", "a certificate of "+pair.ARN.String()))
	}
	rule, problem, found := apc.RuleNotYetValid, problemNotYetValid, "valid from "+cert.NotBefore.UTC().Format(timeForm)
	if c.Now.After(cert.NotAfter) {
		rule, problem, found = apc.RuleExpired, problemExpired, "valid until "+cert.NotAfter.UTC().Format(timeForm)
	} else if !c.Now.Before(cert.NotBefore) {
		return cert, nil
	}
	return nil, Invalid(CertificateMessage, Because(rule, field, problem, found, "valid at "+c.Now.Format(timeForm)))
}

// CertificateError is the refusal for a certificate; nil for nil.
func CertificateError(err error, field string) error {
	if err == nil {
		return nil
	}
	refusal, ok := errors.AsType[*x509ca.Error](err)
	if !ok {
		return Internal(err)
	}
	out := Invalid(
		CertificateMessage,
		Because(apc.Rule(refusal.Rule), field, refusal.Problem, refusal.Found, refusal.Wanted),
	)
	out.Err = err
	return out
}

// AuthorityRules are those of an imported certificate that signs others.
var AuthorityRules = &KeyRules{Class: apc.KeyClassPublicKey, Usages: []apc.KeyUsage{UsageS0},
	Usage: RuleText{
		Rule:    apc.RuleCertificateAuthority,
		Problem: problemNotAuthority,
		Message: "The certificate authority key is not valid.",
	}}
