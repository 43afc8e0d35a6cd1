package core

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// What the service's certificates look like, read off one that it published
// (control-plane, section 11.1): all are signed with SHA-512 by a root of the
// account in the Region.
var (
	rootProfile = x509ca.Profile{Hash: crypto.SHA512, CA: true, BasicConstraintsCritical: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature, KeyUsageCritical: true}

	TokenProfile = x509ca.Profile{Hash: crypto.SHA512,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, KeyUsageCritical: true,
		ExtKeyUsage: []asn1.ObjectIdentifier{x509ca.ServerAuth, x509ca.ClientAuth}}

	// agreementProfile is for EC key pairs, which encipher nothing (GUESS G-agreement-certificate: no published
	// certificate shows its usages).
	agreementProfile = x509ca.Profile{Hash: crypto.SHA512,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement, KeyUsageCritical: true,
		ExtKeyUsage: []asn1.ObjectIdentifier{x509ca.ServerAuth, x509ca.ClientAuth}}
)

// PairProfile is the profile of a key pair's certificate. RSA key pairs have that of tokens.
func PairProfile(alg *Algorithm) *x509ca.Profile {
	if alg.Letter == hsm.EC {
		return &agreementProfile
	}
	return &TokenProfile
}

const (
	rootLife = 30 * 365 * day // GUESS G-root-life: no root of the service is published
	backdate = time.Hour      // certificates begin so long before they are issued
)

// rootName is the name of a root. Its common name is the account.
func rootName(account string) x509ca.Name {
	return x509ca.Name{
		{Type: x509ca.Country, Value: "US", Form: x509ca.PrintableString},
		{Type: x509ca.Organization, Value: "AWS Cryptography", Form: x509ca.UTF8String},
		{Type: x509ca.OrganizationalUnit, Value: "AWS Payment Cryptography", Form: x509ca.UTF8String},
		{Type: x509ca.Province, Value: "Virginia", Form: x509ca.UTF8String},
		{Type: x509ca.CommonName, Value: account, Form: x509ca.UTF8String},
		{Type: x509ca.Locality, Value: "Arlington", Form: x509ca.UTF8String},
	}
}

// leafName names the account and a number that is drawn.
func (c *Call) leafName() x509ca.Name {
	return x509ca.Name{
		{Type: x509ca.CommonName, Value: c.Identity.Account, Form: x509ca.UTF8String},
		{Type: x509ca.SerialNumber, Value: c.Cloud.serials.digits(10), Form: x509ca.PrintableString},
	}
}

// Authority is the certificate authority of an account in a Region.
type Authority struct {
	certificate *x509.Certificate
	Text        string
	Key         hsm.KeyRef
	Public      hsm.Public
}

const (
	kindAuthority = keystore.Kind("authority")

	// authorityVersion is the version of an authority's record. The second has the attributes that
	// the key pair was sealed with.
	authorityVersion = 2
)

// An account has two authorities in each Region: an RSA_4096 one, as the service's, and one on P-521,
// which is strong enough for every curve (GUESS G-ecc-authority: whose certificates ECC key pairs have is not
// published). The first is called "root" in stores of all versions.
const (
	rsaRoot = "root"
	eccRoot = "root-ecc"
)

var rootAlgorithms = map[string]apc.KeyAlgorithm{rsaRoot: RSA4096, eccRoot: ECCP521}

// Authority is the caller's authority for certificates of keys of an algorithm, made when it is first
// asked for. Of several callers at once one makes it and the others wait for it, until their context ends.
// Of several processes the first commit wins.
func (c *Call) Authority(ctx context.Context, of *Algorithm) (*Authority, error) {
	ref := keystore.Ref{Partition: c.Home(), Kind: kindAuthority, ID: rsaRoot}
	if of.Letter == hsm.EC {
		ref.ID = eccRoot
	}
	for {
		if known, ok := c.Cloud.roots.Load(ref); ok {
			return known.(*Authority), nil
		}
		m, first := c.Cloud.making.of(ref)
		if first {
			c.makeFor(ctx, ref, m)
		}
		select {
		case <-m.done:
		case <-ctx.Done():
			return nil, unavailable(apc.RuleContext, problemGaveUp, ctx.Err())
		}
		if m.err != nil && (first || !gone(m.err)) {
			refusal := *asRefusal(m.err) // each caller's own
			return nil, &refusal
		}
	}
}

// makeFor makes the authority for all callers that wait for it. If it panics, another of them tries.
func (c *Call) makeFor(ctx context.Context, ref keystore.Ref, m *making) {
	defer c.Cloud.making.end(ref, m)
	m.err = c.makeAuthority(ctx, ref)
}

// gone reports whether an operation failed because its context ended.
func gone(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// makings are the authorities that are being read or made. The zero value has
// none.
type makings struct {
	mu  sync.Mutex // guards all
	all map[keystore.Ref]*making
}

type making struct {
	done chan struct{} // closed when err is set
	err  error
}

// of is the making of an authority, and whether it is for the caller to do.
func (s *makings) of(ref keystore.Ref) (m *making, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m = s.all[ref]; m != nil {
		return m, false
	}
	if s.all == nil {
		s.all = map[keystore.Ref]*making{}
	}
	m = &making{done: make(chan struct{})}
	s.all[ref] = m
	return m, true
}

func (s *makings) end(ref keystore.Ref, m *making) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, ref)
	close(m.done)
}

// makeAuthority reads the caller's authority, or makes it.
func (c *Call) makeAuthority(ctx context.Context, ref keystore.Ref) error {
	var out *Authority
	var made *keystore.Record
	err := Retry(func() error {
		found, err := c.Cloud.Store.Read(ctx, ref)
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
	if err == nil {
		c.Cloud.roots.Store(ref, out)
	}
	return err
}

// newAuthority makes the pair and its self-signed certificate.
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

func encodeAuthority(alg *Algorithm, der []byte, made *hsm.Made) []byte {
	w := &writer{b: []byte{authorityVersion}}
	w.text(string(alg.Name))
	w.bytes(der)
	w.bytes(made.Public)
	w.bytes(made.Sealed)
	bound, _ := made.Attributes.AppendBinary(nil) // it does not fail
	w.bytes(bound)
	return w.record()
}

// authorityAttributes are those with which a new authority's key pair is sealed (TR-31's S1: the key
// pair of a CA), and with which those in records of the first version were.
func authorityAttributes(ref keystore.Ref, alg *Algorithm) hsm.Attributes {
	prefix := "ca-"
	if ref.ID == eccRoot {
		prefix = "ca-ecc-"
	}
	return hsm.Attributes{
		KeyID:         prefix + ref.Partition.Account + "-" + ref.Partition.Region,
		Usage:         "S1",
		Algorithm:     alg.Letter,
		Mode:          'S',
		Exportability: 'N',
		Bits:          alg.Bits,
	}
}

func decodeAuthority(rec *keystore.Record) (*Authority, error) {
	r := newReader(rec.Data, "authority", authorityVersion)
	alg := AlgorithmNamed(member(&r, keyAlgorithms))
	der := r.bytes()
	out := &Authority{Public: r.bytes()}
	out.Key.Sealed = r.bytes()
	bound := []byte(nil)
	if r.version > 1 {
		bound = r.bytes()
	}
	if err := r.end(); err != nil {
		return nil, unreadable(rec, err)
	}
	if alg == nil {
		return nil, unreadable(rec, errRecord)
	}
	var err error
	if out.Key.Attributes, err = authorityBinding(rec, alg, bound); err != nil {
		return nil, unreadable(rec, err)
	}
	if out.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, unreadable(rec, errRecord)
	}
	out.Text = x509ca.EncodeCertificate(der)
	return out, nil
}

// authorityBinding is the attributes that an authority's key pair was sealed with; nil bytes are a
// record of the first version. Those of another authority are a damaged record.
func authorityBinding(rec *keystore.Record, alg *Algorithm, bound []byte) (hsm.Attributes, error) {
	now := authorityAttributes(rec.Ref(), alg)
	if bound == nil {
		return now, nil
	}
	var a hsm.Attributes
	if err := a.UnmarshalBinary(bound); err != nil || a.KeyID != now.KeyID || a.Usage != now.Usage || a.Algorithm != now.Algorithm ||
		a.Bits != now.Bits {
		return a, errRecord
	}
	return a, nil
}

// Certify issues a certificate for a public key of the caller's account, as
// text.
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

// Issued reports whether a certificate, as text, names the authority as its issuer. The authorities of an account
// have one name and differ in their key identifiers.
func (a *Authority) Issued(text string) bool {
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
