package engine

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
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// trustRules are what the service asks of imported certificates (control-plane, section
// 11.3), and of those under them: whatever OpenSSL asks, and that no authority signs a
// key stronger than its own. A leaf may have no extension at all.
func trustRules(c *core.Call) *x509ca.Rules {
	return &x509ca.Rules{Now: c.Now, AllowNoBasicConstraints: true, IssuerStrength: true}
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

// maxAuthorities is how many authorities a chain may have (GUESS: none is published).
const maxAuthorities = 10

// authorities are the keys of those above a certificate, each usable: first the one that
// the request names, last the root.
type authorities struct {
	keys         []core.Key
	certificates []*x509.Certificate
	field        string // the member that names the first
}

// loadAuthorities reads what is above the authority that a request names, and the
// certificates of all. Each was checked when it was imported: maybe by a version that took
// what is refused now. In a store of a version that did not note who issued a certificate,
// the chain ends there.
func loadAuthorities(ctx context.Context, c *core.Call, named *core.Key, field string) (*authorities, error) {
	all := &authorities{keys: []core.Key{*named}, field: field}
	for i := 0; ; i++ {
		last := &all.keys[i]
		cert, err := x509ca.Decode(last.Certificate)
		if err != nil {
			return nil, certificateError(err, field)
		}
		all.certificates = append(all.certificates, cert)
		if last.Authority == "" {
			return all, nil
		}
		if i+1 == maxAuthorities {
			return nil, longChain(field)
		}
		var next core.Key
		if err := c.Above(ctx, last, field, authorityRules, &next); err != nil {
			return nil, err
		}
		all.keys = append(all.keys, next)
	}
}

func longChain(field string) error {
	return core.Invalid("The certificate is not valid.",
		core.Because(apc.RuleCertificateAuthority, field, core.ProblemLongChain, "", "at most "+strconv.Itoa(maxAuthorities)))
}

// unchanged requires of a commit that the authorities are as they were read.
func (a *authorities) unchanged() (all []keystore.Change) {
	for i := range a.keys {
		all = append(all, unchanged(&a.keys[i]))
	}
	return all
}

// check holds a caller's certificate, and those above it up to the root, to the rules.
func (a *authorities) check(rules *x509ca.Rules, cert *x509.Certificate, field string) error {
	err := rules.CheckIssued(cert, a.certificates...)
	refusal, ok := errors.AsType[*x509ca.Error](err)
	if !ok || refusal.Index == 0 {
		return certificateError(err, field)
	}
	if refusal.Index > 1 {
		refusal.Found = strings.TrimSpace(refusal.Found + " in " + a.keys[refusal.Index-1].ARN.String())
	}
	return certificateError(refusal, a.field)
}

// checkTrusted holds a caller's certificate to the rules, under the authority that the
// request names and those above it.
func checkTrusted(ctx context.Context, c *core.Call, cert *x509.Certificate, field string, ca *core.Key, caField string) (*authorities, error) {
	above, err := loadAuthorities(ctx, c, ca, caField)
	if err != nil {
		return nil, err
	}
	return above, above.check(trustRules(c), cert, field)
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
