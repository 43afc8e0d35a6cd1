package core

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// Authority is the certificate authority of an account in a Region.
type Authority struct {
	certificate *x509.Certificate
	Text        string
	Key         hsm.KeyRef
	Public      hsm.Public
}

const kindAuthority = keystore.Kind("authority")

// An account has two authorities in each Region: an RSA_4096 one, as the service's, and one on P-521,
// which is strong enough for every curve (GUESS G-ecc-authority: whose certificates ECC key pairs have is not
// published). The first is called "root" in stores of all versions.
const (
	rsaRoot = "root"
	eccRoot = "root-ecc"
)

var rootAlgorithms = map[string]apc.KeyAlgorithm{rsaRoot: RSA4096, eccRoot: ECCP521}

// Authority returns the caller's authority for certificates of keys of an algorithm, which is created when
// it is first asked for. Of several callers at once one creates it and the others wait for it, until their
// context ends. Of several processes the first one that commits creates it.
func (c *Call) Authority(ctx context.Context, of *Algorithm) (*Authority, error) {
	ref := keystore.Ref{Partition: c.Home(), Kind: kindAuthority, ID: rsaRoot}
	if of.Letter == hsm.EC {
		ref.ID = eccRoot
	}
	for {
		if known := c.Cloud.authorities.get(ref); known != nil {
			return known, nil
		}
		creation, ours := c.Cloud.creations.join(ref)
		if ours {
			c.createAuthority(ctx, ref, creation)
		}
		select {
		case <-creation.done:
		case <-ctx.Done():
			return nil, unavailable(apc.RuleContext, problemGaveUp, ctx.Err())
		}
		// A creation whose context has ended was another caller's: this caller tries itself.
		if creation.err != nil && (ours || !contextEnded(creation.err)) {
			refusal := *asRefusal(creation.err) // a copy: each caller changes its own
			return nil, &refusal
		}
	}
}

// contextEnded reports whether an operation failed because its context ended.
func contextEnded(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// createAuthority reads or creates the authority for all callers that wait for it. If it panics, another
// of them tries.
func (c *Call) createAuthority(ctx context.Context, ref keystore.Ref, of *creation) {
	defer c.Cloud.creations.finish(ref, of)
	var authority *Authority
	if authority, of.err = c.storedAuthority(ctx, ref); of.err == nil {
		c.Cloud.authorities.put(ref, authority)
	}
}

// storedAuthority returns the authority in the store. Where there is none it makes one and stores it.
func (c *Call) storedAuthority(ctx context.Context, ref keystore.Ref) (out *Authority, err error) {
	var made *keystore.Record // in the first attempt that finds none
	err = Retry(func() error {
		found, err := c.Cloud.Read(ctx, ref)
		if err != nil {
			return err
		}
		if rec := found[0].Record; rec.Exists() {
			out, err = decodeAuthority(&rec)
			return err
		}
		if made == nil {
			if made, err = c.newAuthority(ctx, ref); err != nil {
				return err
			}
		}
		if err := c.Cloud.Commit(ctx, keystore.Create(*made)); err != nil {
			return err
		}
		out, err = decodeAuthority(made)
		return err
	})
	return out, err
}

// newAuthority makes the record of a new authority: its key pair and the self-signed certificate.
func (c *Call) newAuthority(ctx context.Context, ref keystore.Ref) (*keystore.Record, error) {
	alg := AlgorithmNamed(rootAlgorithms[ref.ID])
	a := authorityAttributes(ref, alg)
	made, err := c.Cloud.HSM.GenerateKey(ctx, a, kcv.SHA1)
	if err != nil {
		return nil, HSMError(err)
	}
	signer, err := c.Cloud.HSM.Signer(ctx, hsm.KeyRef{Sealed: made.Sealed, Attributes: a}, made.Public)
	if err != nil {
		return nil, HSMError(err)
	}
	der, err := x509ca.NewRoot(signer, &rootProfile, &x509ca.Request{
		Subject: rootName(c.Identity.Account), Rand: c.Cloud.serials, NotBefore: c.Now.Add(-backdate), NotAfter: rootEnd(c.Now)})
	if err != nil {
		return nil, IssueError(err)
	}
	return &keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Data: encodeAuthority(alg, der, &made)}, nil
}

// rootEnd is when a root's validity ends: a certificate cannot be valid beyond
// the year 9999.
func rootEnd(now time.Time) time.Time {
	if end := now.Add(rootLife); storable(end) {
		return end
	}
	return time.UnixMilli(maxMilli).UTC()
}

// Certify issues a certificate for a public key of the caller's account, valid until a time, and returns
// it as text.
func (c *Call) Certify(ctx context.Context, ca *Authority, public hsm.Public, p *x509ca.Profile, until time.Time) (string, error) {
	signer, err := c.Cloud.HSM.Signer(ctx, ca.Key, ca.Public)
	if err != nil {
		return "", HSMError(err)
	}
	issuer, err := x509ca.NewAuthority(ca.certificate, signer)
	if err != nil {
		return "", IssueError(err)
	}
	key, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return "", Internal(err)
	}
	der, err := issuer.Issue(
		key,
		p,
		&x509ca.Request{Subject: c.leafName(), Rand: c.Cloud.serials, NotBefore: c.Now.Add(-backdate), NotAfter: until},
	)
	if err != nil {
		return "", IssueError(err)
	}
	return x509ca.EncodeCertificate(der), nil
}

// issuedTo is the certificate in a record of a key.
type issuedTo struct {
	authority *Authority
	key       string
	rev       keystore.CommitID
}

// Issued reports whether the certificate of a key names the authority as its issuer. It is read once for each record.
func (c *Call) Issued(a *Authority, k *Key) bool {
	is := issuedTo{a, k.ARN.Key, k.Rev}
	if c.Cloud.issued.get(is) {
		return true
	}
	if !a.issued(k.Certificate) {
		return false
	}
	is.key = strings.Clone(is.key) // it may be part of a request
	c.Cloud.issued.put(is, true)
	return true
}

// issued reports whether a certificate, as text, names the authority as its issuer. The authorities of an account
// have one name and differ in their key identifiers.
func (a *Authority) issued(text string) bool {
	raw, _ := base64.StdEncoding.DecodeString(text)
	block, _ := pem.Decode(raw)
	if block == nil {
		return false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	return err == nil && bytes.Equal(c.AuthorityKeyId, a.certificate.SubjectKeyId)
}

// IssueError is the refusal for a certificate or a request that was not made. Only its subject comes from
// the request; anything else is a failure of the device or of the simulator.
func IssueError(err error) error {
	refusal, ok := errors.AsType[*x509ca.Error](err)
	if !ok {
		return HSMError(err)
	}
	switch refusal.Rule {
	case x509ca.RuleName:
	case x509ca.RuleValidity:
		return clockError(refusal.Found)
	default:
		return Internal(err)
	}
	out := Invalid(
		"The certificate subject is not valid.",
		Because(apc.Rule(refusal.Rule), "CertificateSubject", refusal.Problem, refusal.Found, refusal.Wanted),
	)
	out.Err = err
	return out
}
