package x509ca

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Request is what is particular to one certificate.
type Request struct {
	Subject Name

	// Serial is the serial number, big-endian, positive and at most 20 octets (RFC 5280, section
	// 4.1.2.2). Zero bytes in front are not written, and one is added where the first bit would
	// make the number negative. Nil draws one from Rand, nil for crypto/rand: a first byte of zero
	// is then replaced by 1, so that the number has all its bytes.
	Serial []byte
	Rand   io.Reader

	// Both ends of the validity are included, and are cut to seconds.
	NotBefore, NotAfter time.Time
}

// Authority issues certificates. It is never changed, so that goroutines may
// share it if they may share its signer. The zero Authority has no key and
// issues none.
type Authority struct {
	signer crypto.Signer
	public crypto.PublicKey
	name   []byte // DER, as in its certificate
	keyID  []byte
}

// maxSerial is how many octets of a serial number may be written.
const maxSerial = 20

// NewAuthority makes an authority of a certificate and the signer of its key: a signer of another
// key is refused with [RuleKeyMatch]. Whether the certificate says that it may sign others is not
// looked at: [Rules] do.
func NewAuthority(certificate *x509.Certificate, signer crypto.Signer) (*Authority, error) {
	if certificate == nil {
		return nil, refuse(RuleParse, problemNoCertificate, "", "")
	}
	public, err := signerKey(signer)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(public.spki, certificate.RawSubjectPublicKeyInfo) {
		return nil, refuse(RuleKeyMatch, problemKeyMatch, "", "the key of "+dn.String(certificate.RawSubject))
	}
	a := &Authority{signer, public.key, certificate.RawSubject, certificate.SubjectKeyId}
	if len(a.keyID) == 0 {
		a.keyID = public.id
	}
	return a, nil
}

// Issue makes a certificate for a public key, of any kind that
// [x509.MarshalPKIXPublicKey] takes, and returns its DER. The issuer's name and
// key identifier are those of the authority's certificate, byte for byte.
//
// It is refused with [RuleName], [RuleSerial], [RuleValidity], [RuleProfile],
// [RuleHash], [RuleKeyType], or [RuleSignature] if the signer returns no
// signature by its key. An error of the signer or of Rand is wrapped.
func (a *Authority) Issue(public crypto.PublicKey, p *Profile, r *Request) (der []byte, err error) {
	key, err := newPublicKey(public)
	if err != nil {
		return nil, err
	}
	return a.issue(key, p, r)
}

// NewRoot makes a certificate for the signer's own key, signed by that key, and
// returns its DER. Refusals and errors are those of [Authority.Issue]. Whether
// it is a CA is up to the profile.
func NewRoot(signer crypto.Signer, p *Profile, r *Request) (der []byte, err error) {
	key, err := signerKey(signer)
	if err != nil {
		return nil, err
	}
	r = cmp.Or(r, &Request{})
	name, err := r.Subject.DER()
	if err != nil {
		return nil, err
	}
	self := &Authority{signer, key.key, name, key.id}
	return self.issue(key, p, r)
}

// signerKey is the public key of a signer that may be nil.
func signerKey(signer crypto.Signer) (*publicKey, error) {
	if signer == nil {
		return nil, refuse(RuleKeyType, problemNoSigner, "", "an RSA or ECDSA key")
	}
	return newPublicKey(signer.Public())
}

// issue has crypto/x509 write the certificate and sign it.
func (a *Authority) issue(key *publicKey, p *Profile, r *Request) ([]byte, error) {
	p, r = cmp.Or(p, &Profile{}), cmp.Or(r, &Request{})
	if err := p.check(); err != nil {
		return nil, err
	}
	alg, err := algorithmFor(a.public, p.Hash)
	if err != nil {
		return nil, err
	}
	if alg.x509 == x509.UnknownSignatureAlgorithm {
		return nil, refuse(RuleHash, problemHash, hashName(p.Hash), "SHA-256, SHA-384 or SHA-512")
	}
	subject, err := r.Subject.DER()
	if err != nil {
		return nil, err
	}
	if err := r.checkValidity(); err != nil {
		return nil, err
	}
	serial, err := r.serial(p.serialSize())
	if err != nil {
		return nil, err
	}
	extensions, err := p.extensions(a.keyID, key.id)
	if err != nil {
		return nil, err
	}
	signer := &errorSigner{Signer: a.signer}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SignatureAlgorithm: alg.x509, SerialNumber: serial, RawSubject: subject,
		NotBefore: r.NotBefore.UTC(), NotAfter: r.NotAfter.UTC(), ExtraExtensions: extensions,
	}, &x509.Certificate{RawSubject: a.name}, key.key, signer)
	switch {
	case signer.err != nil:
		return nil, fmt.Errorf("x509ca: signing: %w", signer.err)
	case err != nil: // all else has been checked
		return nil, refuse(RuleSignature, problemWrongSignature, "", wantedSignature)
	}
	return der, nil
}

// errorSigner keeps the error of a signer, which crypto/x509 does not distinguish from a signature
// that does not verify.
type errorSigner struct {
	crypto.Signer
	err error
}

func (s *errorSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	signature, s.err = s.Signer.Sign(random, digest, opts)
	return signature, s.err
}

// serial is the one given, or one that is drawn.
func (r *Request) serial(size int) (*big.Int, error) {
	if r.Serial == nil {
		return drawSerial(r.Rand, size)
	}
	n := new(big.Int).SetBytes(r.Serial)
	if n.Sign() == 0 {
		return nil, refuse(RuleSerial, problemZeroSerial, "0", "a positive number")
	}
	if octets := n.BitLen()/8 + 1; octets > maxSerial {
		return nil, refuse(RuleSerial, problemLongSerial, wording.Bytes(octets), "at most "+wording.Bytes(maxSerial))
	}
	return n, nil
}

func drawSerial(from io.Reader, size int) (*big.Int, error) {
	if from == nil {
		from = rand.Reader
	}
	s := make([]byte, size)
	if _, err := io.ReadFull(from, s); err != nil {
		return nil, fmt.Errorf("x509ca: drawing a serial number: %w", err)
	}
	s[0] = max(s[0], 1)
	return new(big.Int).SetBytes(s), nil
}

func (r *Request) checkValidity() error {
	from, to := r.NotBefore.UTC(), r.NotAfter.UTC()
	switch {
	case from.Year() < 1950 || to.Year() > 9999:
		return refuse(RuleValidity, problemYears, shownTime(from)+" to "+shownTime(to), "the years 1950 to 9999")
	case to.Before(from):
		return refuse(RuleValidity, problemBackwards, shownTime(from)+" to "+shownTime(to), "")
	}
	return nil
}

func shownTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
