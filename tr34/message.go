package tr34

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// message is what key, unbind and rebind tokens share: a SignedData with one
// signer, as received. It is never changed after it was parsed.
type message struct {
	raw []byte
	*signedData
	signer     *signerInfo
	attributes // zero where none are signed
}

// notParsed is the refusal of a token that is the zero value or made by hand.
func notParsed() error { return &Error{Class: ErrStructure, Field: "token", Problem: problemUnparsed} }

// newSigned reads a message that is signed, from a copy of what is given. The
// refusal stays in the reader.
func newSigned(in []byte) (*message, *reader) {
	raw := bytes.Clone(in[:min(len(in), maxMessage+1)]) // as much as it takes to refuse the length
	r := openMessage(raw)
	m := &message{raw: raw, signedData: r.contentInfo().signedData(shapeSigned), signer: new(signerInfo)}
	if r.fail.err != nil {
		return m, r
	}
	m.signer = &m.signers[0]
	if m.signer.attributes != nil {
		m.readAttributes(r)
	}
	return m, r
}

// readAttributes reads the signed attributes and holds them against the rest of
// the message (RFC 5652, section 5.3; RFC 6211).
func (m *message) readAttributes(r *reader) {
	in := &reader{m.signer.attributes, r.fail}
	m.attributes = in.open(constructed0, "signed attributes").attributes()
	switch {
	case m.attributes.contentType == nil:
		r.missing("content type among the signed attributes")
	case m.digest == nil:
		r.missing("message digest among the signed attributes")
	case !m.attributes.contentType.Equal(m.signedData.contentType):
		r.refuse("content type", problemSignedType, m.attributes.contentType.String(), m.signedData.contentType.String())
	case len(m.digest) != sha256.Size:
		r.refuse("message digest", problemDigestLength, wording.Bytes(len(m.digest)), wording.Bytes(sha256.Size))
	case m.protection != nil && !m.protection.Equal(m.signer.algorithm):
		r.refuse("algorithm protection", problemProtection, m.protection.String(), m.signer.algorithm.String())
	}
}

// sign makes the one signer of a message that is otherwise complete. A nil for
// the attributes signs the content itself.
func (s *signedData) sign(c *x509.Certificate, key crypto.Signer, a *attributes, sorted bool) error {
	info := signerInfo{id: NameOf(c), algorithm: oidRSA}
	if a != nil {
		digest := sha256.Sum256(s.content)
		a.contentType, a.digest = s.contentType, digest[:]
		body, err := a.encode(sorted)
		if err != nil {
			return err
		}
		info.attributes, err = encode(func(b *cryptobyte.Builder) {
			b.AddASN1(constructed0, func(b *cryptobyte.Builder) { b.AddBytes(body) })
		})
		if err != nil {
			return err
		}
	}
	sum := info.sum(s.content)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return fmt.Errorf("tr34: sign: %w", err)
	}
	info.signature = signature
	s.signers = []signerInfo{info}
	return nil
}

// canSign checks the signer.
func canSign(c *x509.Certificate, key crypto.Signer) error {
	const field = "signer's certificate"
	if c == nil || !NameOf(c).whole() {
		return &Error{Class: ErrCertificate, Field: field, Problem: problemNoCertificate}
	}
	public, ok := rsaKey(c)
	if !ok {
		return &Error{Class: ErrCertificate, Field: field, Problem: problemNoRSA, Found: c.PublicKeyAlgorithm.String(), Wanted: "RSA"}
	}
	if key == nil || !public.Equal(key.Public()) {
		return &Error{Class: ErrSigner, Field: "private key", Problem: problemSignerKey, Wanted: "the key of " + NameOf(c).shown()}
	}
	return nil
}

// withCRL is a list of one CRL, or of none.
func withCRL(crl []byte) ([][]byte, error) {
	if crl == nil {
		return nil, nil
	}
	list, err := x509.ParseRevocationList(crl)
	if err != nil || len(list.Raw) != len(crl) {
		return nil, &Error{Class: ErrCRL, Field: "CRL", Problem: problemCRLForm, Err: err}
	}
	return [][]byte{crl}, nil
}

// toSecond cuts a time to what a message can say. The zero time stays zero.
func toSecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}
