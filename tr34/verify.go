package tr34

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"time"
)

// Check is what the receiver knows. A nil *Check knows nothing, and nothing
// passes it. It is neither changed nor kept.
type Check struct {
	// KDH is the signer's certificate: that of the KDH, or in the CA forms of
	// unbind and rebind that of the KRD's CA. It is always needed. Where
	// crypto/x509 does not parse a certificate, one filled in by hand will do
	// if CA is nil: RawIssuer, SerialNumber, an RSA PublicKey, NotBefore,
	// NotAfter and KeyUsage are looked at.
	KDH *x509.Certificate

	// CA is the certificate of KDH's issuer. With nil the chain is the
	// caller's to check, and no CRL can be checked.
	CA *x509.Certificate

	// KRD is the certificate of the recipient. It is always needed.
	KRD *x509.Certificate

	// Now is when certificates and CRL must be valid. Zero means time.Now.
	Now time.Time

	// Nonce is the random number that the token must have (two-pass). With nil
	// the token is fresh by its signing time (one-pass), whose comparison with
	// the last one is the caller's.
	Nonce []byte

	// CRL says what to do about revocation.
	CRL CRLPolicy
}

// Verify checks who signed the token, when and for whom: numbers 3 to 8 of the
// checks of a receiver, in this order, and that a header is signed. It refuses
// with class certificate, signer, digest, signature, nonce, time, crl,
// recipient or header, and needs no private key.
//
// Two checks need a memory and are the caller's: that a nonce is used once, and
// that a signing time is later than the last one accepted from this KDH.
func (t *Token) Verify(c *Check) error {
	if c == nil {
		c = new(Check)
	}
	if t.message == nil {
		return notParsed()
	}
	if err := t.message.authenticate(c, x509.KeyUsageDigitalSignature); err != nil {
		return err
	}
	if err := t.message.fresh(c); err != nil {
		return err
	}
	if err := t.message.notRevoked(c, c.Nonce == nil); err != nil {
		return err
	}
	if !t.envelope.recipient.Names(c.KRD) {
		return &Error{ErrRecipient, "recipient identifier", "does not name the KRD certificate", nil}
	}
	if t.message.header == nil {
		return &Error{ErrHeader, "key block header", "is not among the signed attributes", nil}
	}
	return nil
}

// authenticate is checks 3 to 5. The certificate's key usage, where it has one,
// must share a bit with usage.
func (m *message) authenticate(c *Check, usage x509.KeyUsage) error {
	if err := c.certificate(usage); err != nil {
		return err
	}
	if !m.signer.id.Names(c.KDH) {
		return &Error{ErrSigner, "signer identifier", "does not name the KDH certificate", nil}
	}
	if m.signer.attributes != nil {
		digest := sha256.Sum256(m.content)
		if subtle.ConstantTimeCompare(digest[:], m.digest) != 1 {
			return &Error{ErrDigest, "message digest", "is not that of the content", nil}
		}
	}
	sum := m.signer.sum(m.content)
	public, _ := rsaKey(c.KDH) // which certificate found
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], m.signer.signature); err != nil {
		return &Error{ErrSignature, "signature", "is not the signer's", err}
	}
	return nil
}

// certificate is check 3.
func (c *Check) certificate(usage x509.KeyUsage) error {
	if c.KDH == nil {
		return badCertificate("is missing", nil)
	}
	if !c.within(c.KDH.NotBefore, c.KDH.NotAfter) {
		return badCertificate("is not valid at this time", nil)
	}
	if c.KDH.KeyUsage != 0 && c.KDH.KeyUsage&usage == 0 {
		return badCertificate("is not for signatures", nil)
	}
	if _, ok := rsaKey(c.KDH); !ok {
		return badCertificate("has no RSA key", nil)
	}
	if c.CA == nil {
		return nil
	}
	return c.issued()
}

// issued is the part of check 3 that needs the CA's certificate.
func (c *Check) issued() error {
	if !c.within(c.CA.NotBefore, c.CA.NotAfter) {
		return badCertificate("is from a CA whose own is not valid at this time", nil)
	}
	if !bytes.Equal(c.KDH.RawIssuer, c.CA.RawSubject) {
		return badCertificate("is from another CA", nil)
	}
	if err := c.KDH.CheckSignatureFrom(c.CA); err != nil {
		return badCertificate("is not signed by its CA", err)
	}
	return nil
}

func badCertificate(message string, cause error) error {
	return &Error{ErrCertificate, "KDH certificate", message, cause}
}

// now is when certificates and CRL must be valid.
func (c *Check) now() time.Time {
	if c.Now.IsZero() {
		return time.Now()
	}
	return c.Now
}

// within tells whether now is in a period, both ends included.
func (c *Check) within(from, to time.Time) bool {
	now := c.now()
	return !now.Before(from) && !now.After(to)
}

// fresh is check 6, less what needs a memory.
func (m *message) fresh(c *Check) error {
	if c.Nonce == nil {
		if m.time.IsZero() {
			return &Error{ErrTime, "signing time", "is missing, and no nonce is expected", nil}
		}
		return nil
	}
	if m.nonce == nil || subtle.ConstantTimeCompare(m.nonce, c.Nonce) != 1 {
		return &Error{ErrNonce, "random nonce", "is missing, or not the one expected", nil}
	}
	return nil
}
