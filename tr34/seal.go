package tr34

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"math/bits"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Sealing is what the sender decides about a key token, besides the key. It is
// neither changed nor kept.
type Sealing struct {
	Layout Layout

	KDH    *x509.Certificate // the sender's
	Signer crypto.Signer     // the RSA key of KDH; it signs a SHA-256 by PKCS #1 v1.5
	KRD    *x509.Certificate // the receiver's; the caller has checked it

	// Header is the key block header: 16 printable characters, which say how the key may be used, and
	// perhaps optional blocks. It is not checked: version and length mean nothing in TR-34.
	Header string

	Cipher Cipher

	// One of the two: the receiver's random number, of 8 to 64 bytes
	// (two-pass), or the time of signing, cut to the second (one-pass).
	Nonce       []byte
	SigningTime time.Time

	CRL []byte // DER, from the CA of KDH; nil for none. A one-pass receiver wants it

	Rand io.Reader // for content key and IV; nil is crypto/rand
}

// The lengths of a random number that is written; any but 0 is read.
const minNonce, maxNonce = 8, 64

// Seal makes a key token around a key of any length but 0, which is neither
// changed nor kept. Signed attributes are in DER order, save in
// LayoutX9TR342012: there they are content type, nonce or signing time, header,
// digest, since its readers index by position.
//
// It refuses with class structure (layout, cipher, a token over 64 KiB), certificate, signer
// (Signer is not the key of KDH), nonce, time (neither nonce nor time, or both), crl, recipient,
// keyblock (no key) or header. An error of Rand or Signer is wrapped. The randomness of OAEP is the
// standard library's, whatever Rand is.
func Seal(s *Sealing, key []byte) ([]byte, error) {
	public, err := s.check(key)
	if err != nil {
		return nil, err
	}
	crls, err := withCRL(s.CRL)
	if err != nil {
		return nil, err
	}
	content, err := s.seal(public, key)
	if err != nil {
		return nil, err
	}
	rule := &layouts[s.Layout]
	m := signedData{version: rule.version, digests: 1, contentType: oidEnveloped, content: content, crls: crls}
	a := attributes{nonce: s.Nonce, time: toSecond(s.SigningTime), header: []byte(s.Header)}
	if err := m.sign(s.KDH, s.Signer, &a, rule.sorted); err != nil {
		return nil, err
	}
	return m.encode()
}

// check checks all that the caller decided and gives the receiver's key.
func (s *Sealing) check(key []byte) (*rsa.PublicKey, error) {
	if _, err := s.Layout.rule(); err != nil {
		return nil, err
	}
	if _, err := s.Cipher.rule(); err != nil {
		return nil, err
	}
	if err := canSign(s.KDH, s.Signer); err != nil {
		return nil, err
	}
	if err := s.checkFreshness(); err != nil {
		return nil, err
	}
	if !isHeader(s.Header) {
		return nil, &Error{
			Class:   ErrHeader,
			Field:   "key block header",
			Problem: problemHeaderForm,
			Found:   wording.Quote(s.Header, headerLength),
		}
	}
	if len(key) == 0 {
		return nil, &Error{Class: ErrKeyBlock, Field: "key", Problem: problemNoKey}
	}
	return s.receiver()
}

func (s *Sealing) checkFreshness() error {
	switch signed := !s.SigningTime.IsZero(); {
	case s.Nonce != nil && signed:
		return &Error{Class: ErrTime, Field: "freshness", Problem: problemBoth, Wanted: "one of the two"}
	case s.Nonce == nil && !signed:
		return &Error{Class: ErrTime, Field: "freshness", Problem: problemFreshness, Wanted: "one of the two"}
	case signed:
		return nil
	}
	return checkNonce(s.Nonce)
}

// checkNonce checks a random number that is to be written.
func checkNonce(nonce []byte) error {
	if len(nonce) < minNonce || len(nonce) > maxNonce {
		return &Error{
			Class:   ErrNonce,
			Field:   "random nonce",
			Problem: problemNonceLength,
			Found:   wording.Bytes(len(nonce)),
			Wanted:  "8 to 64 bytes",
		}
	}
	return nil
}

// receiver is the RSA key of the KRD.
func (s *Sealing) receiver() (*rsa.PublicKey, error) {
	if s.KRD == nil || !NameOf(s.KRD).whole() {
		return nil, &Error{Class: ErrRecipient, Field: "KRD certificate", Problem: problemNoKRD}
	}
	public, ok := rsaKey(s.KRD)
	if !ok {
		return nil, &Error{
			Class:   ErrRecipient,
			Field:   "KRD certificate",
			Problem: problemKRDNoRSA,
			Found:   s.KRD.PublicKeyAlgorithm.String(),
			Wanted:  "RSA",
		}
	}
	return public, nil
}

// seal makes the content of the token: the key block, encrypted.
func (s *Sealing) seal(public *rsa.PublicKey, key []byte) ([]byte, error) {
	rule := &ciphers[s.Cipher]
	e := envelope{layout: s.Layout, recipient: NameOf(s.KRD), cipher: s.Cipher}
	contentKey, err := s.draw(rule.key)
	defer clear(contentKey)
	if err != nil {
		return nil, err
	}
	if s.Cipher == TDESCBC {
		setOddParity(contentKey)
	}
	if e.iv, err = s.draw(rule.block); err != nil {
		return nil, err
	}
	block := keyBlock{NameOf(s.KDH), key, []byte(s.Header)}
	if e.sealed, err = block.padded(layouts[s.Layout].keyBlock, rule.block); err != nil {
		return nil, err
	}
	if err := e.encrypt(contentKey); err != nil {
		clear(e.sealed)
		return nil, err
	}
	if e.wrapped, err = wrap(public, contentKey); err != nil {
		return nil, err
	}
	return e.content()
}

// draw gives random bytes, whole or with an error.
func (s *Sealing) draw(n int) ([]byte, error) {
	source := s.Rand
	if source == nil {
		source = rand.Reader
	}
	out := make([]byte, n)
	if _, err := io.ReadFull(source, out); err != nil {
		return out, fmt.Errorf("tr34: random bytes: %w", err)
	}
	return out, nil
}

// setOddParity makes the number of ones in each byte odd, by its lowest bit.
func setOddParity(key []byte) {
	for i, b := range key {
		key[i] = b&^1 | byte(1-bits.OnesCount8(b>>1)%2)
	}
}
