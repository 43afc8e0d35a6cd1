package enginetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// Partner is the other party of key exchanges: an acquirer, a processor, a card scheme. It works
// with the format and algorithm packages and the standard library, and does not use the inside of
// the simulator. Its authority certifies a key distribution host (KDH), a key receiving device
// (KRD) and an EC key; the certificates are valid from 2020 to 2100.
//
// An error of a Partner fails the test that it was made for. It is for one goroutine.
type Partner struct {
	Name string

	t    T
	sim  *Sim
	n    int // of the test's partners, from 0
	kbpk *tr31.KBPK
	kek  []byte

	rsaRoot, ecRoot string // ARNs, once imported
}

// Partner makes another party. Several in one test have different keys.
func (s *Sim) Partner(t T, name string) *Partner {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partners++
	return &Partner{Name: name, t: t, sim: s, n: s.partners - 1}
}

// identity is a private key and its certificate.
type identity struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// text is the certificate as the service takes it.
func (i identity) text() string { return x509ca.EncodeCertificate(i.certificate.Raw) }

// papers are what a partner's authority and devices have.
type papers struct{ rsaRoot, kdh, krd, ecRoot, agree identity }

// allPapers are the papers of partners by name and number. They cost milliseconds and never change,
// so that a process makes them once.
var allPapers sync.Map // of paperKey to func() (*papers, error)

type paperKey struct {
	name string
	n    int
}

func (p *Partner) papers() *papers {
	p.t.Helper()
	once, _ := allPapers.LoadOrStore(paperKey{p.Name, p.n}, sync.OnceValues(func() (*papers, error) { return newPapers(p.Name, p.n) }))
	all, err := once.(func() (*papers, error))()
	if err != nil {
		p.t.Fatalf("enginetest: the certificates of %s: %v", p.Name, err)
	}
	return all
}

func newPapers(name string, n int) (*papers, error) {
	all := &papers{}
	for i, c := range []struct {
		who, by *identity
		role    string
		curve   bool
	}{
		{who: &all.rsaRoot, role: "CA"}, {who: &all.kdh, by: &all.rsaRoot, role: "KDH"}, {who: &all.krd, by: &all.rsaRoot, role: "KRD"},
		{who: &all.ecRoot, role: "EC CA", curve: true}, {who: &all.agree, by: &all.ecRoot, role: "ECDH", curve: true},
	} {
		key, err := newIdentityKey(c.curve, 3*n+i)
		if err == nil {
			*c.who, err = certify(key, name+" "+c.role, c.by, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func newIdentityKey(curve bool, n int) (crypto.Signer, error) {
	if curve {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return PartnerRSA(2048, n)
}

// certify makes a certificate of a key; without an issuer it is a root.
func certify(key crypto.Signer, name string, by *identity, until time.Time) (identity, error) {
	request := &x509ca.Request{Subject: x509ca.Name{{Type: x509ca.CommonName, Value: name}},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: until}
	var der []byte
	var err error
	if by == nil {
		der, err = x509ca.NewRoot(
			key,
			&x509ca.Profile{Hash: crypto.SHA256, CA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature},
			request,
		)
	} else {
		var authority *x509ca.Authority
		if authority, err = x509ca.NewAuthority(by.certificate, by.key); err == nil {
			der, err = authority.Issue(key.Public(), &x509ca.Profile{Hash: crypto.SHA256}, request)
		}
	}
	if err != nil {
		return identity{}, err
	}
	c, err := x509.ParseCertificate(der)
	return identity{key, c}, err
}

// Root is the ARN of the partner's RSA authority, which is imported when it is first asked for.
func (p *Partner) Root() string {
	p.t.Helper()
	if p.rsaRoot == "" {
		p.rsaRoot = p.trust(p.papers().rsaRoot, apc.KeyAlgorithmRSA2048)
	}
	return p.rsaRoot
}

// CurveRoot is the ARN of the authority of the partner's EC key.
func (p *Partner) CurveRoot() string {
	p.t.Helper()
	if p.ecRoot == "" {
		p.ecRoot = p.trust(p.papers().ecRoot, apc.KeyAlgorithmECCNISTP256)
	}
	return p.ecRoot
}

func (p *Partner) trust(root identity, a apc.KeyAlgorithm) string {
	p.t.Helper()
	out, err := p.sim.Inspect().ImportKey(ctx(), &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
		RootCertificatePublicKey: &engine.RootCertificatePublicKey{PublicKeyCertificate: root.text(), KeyAttributes: apc.KeyAttributes{
			KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassPublicKey, KeyAlgorithm: a,
			KeyModesOfUse: apc.KeyModesOfUse{Verify: true}}}}})
	if err != nil {
		p.t.Fatalf("enginetest: importing the authority of %s: %v", p.Name, err)
	}
	return out.Key.KeyArn
}

// RootCertificate is the certificate of the RSA authority, as the service takes certificates.
func (p *Partner) RootCertificate() string { return p.papers().rsaRoot.text() }

// CurveRootCertificate is the certificate of the authority of the EC key.
func (p *Partner) CurveRootCertificate() string { return p.papers().ecRoot.text() }

// HostCertificate is the certificate of the KDH, which signs what the partner sends.
func (p *Partner) HostCertificate() string { return p.papers().kdh.text() }

// Certificate is the certificate of the KRD, which keys are encrypted to.
func (p *Partner) Certificate() string { return p.papers().krd.text() }

// CurveCertificate is the certificate of the EC key on P-256.
func (p *Partner) CurveCertificate() string { return p.papers().agree.text() }

// ExpiredCertificate is a certificate of the KRD that ended on 1 January 2021.
func (p *Partner) ExpiredCertificate() string {
	p.t.Helper()
	all := p.papers()
	i, err := certify(all.krd.key, p.Name+" KRD", &all.rsaRoot, time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		p.t.Fatalf("enginetest: an expired certificate of %s: %v", p.Name, err)
	}
	return i.text()
}

// Format prints only the name, whatever the verb.
func (p *Partner) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "Partner(%q)", p.Name) }

// readyRSA are the ready key pairs by their bits, last first.
var readyRSA = sync.OnceValues(func() (map[int][]*rsa.PrivateKey, error) {
	out, source := map[int][]*rsa.PrivateKey{}, testkeys.Ready()
	for _, bits := range []int{2048, 3072, 4096} {
		for {
			private, _, ok := source.Next(bits)
			if !ok {
				break
			}
			err := private.Expose(func(der []byte) error {
				key, err := x509.ParsePKCS1PrivateKey(der)
				out[bits] = append([]*rsa.PrivateKey{key}, out[bits]...)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
})

// PartnerRSA returns the nth RSA key pair for other parties, counted from 0. The first six are
// ready ones of [testkeys], beginning with the last, which a simulator uses last; the others are
// generated.
func PartnerRSA(bits, n int) (*rsa.PrivateKey, error) {
	ready, err := readyRSA()
	if err != nil {
		return nil, err
	}
	if n < min(6, len(ready[bits])) {
		return ready[bits][n], nil
	}
	return rsa.GenerateKey(rand.Reader, bits)
}
