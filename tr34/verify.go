package tr34

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Check is what a receiver checks a token against. With a nil *Check every token is refused. It
// is neither changed nor kept.
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
	// the token must have a signing time (one-pass); the caller compares it
	// with the last one.
	Nonce []byte

	// CRL is how revocation is checked.
	CRL CRLPolicy
}

// Verify checks who signed the token, when and for whom, and that a header is
// signed. It refuses with class certificate, signer, digest, signature, nonce,
// time, crl, recipient or header, in this order, and needs no private key.
//
// Two checks need earlier tokens and are left to the caller: that a nonce is used once, and that a
// signing time is later than the last one accepted from this KDH.
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
		return otherRecipient("recipient identifier", t.envelope.recipient, c.KRD)
	}
	if t.message.header == nil {
		return &Error{Class: ErrHeader, Field: "key block header", Problem: problemNoHeader}
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
		found, wanted := m.signer.id.difference(NameOf(c.KDH))
		return &Error{Class: ErrSigner, Field: "signer identifier", Problem: problemSigner, Found: found, Wanted: wanted}
	}
	if m.signer.attributes != nil {
		digest := sha256.Sum256(m.content)
		if subtle.ConstantTimeCompare(digest[:], m.digest) != 1 {
			return &Error{Class: ErrDigest, Field: "message digest", Problem: problemDigest}
		}
	}
	sum := m.signer.sum(m.content)
	public, _ := rsaKey(c.KDH) // which certificate found
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], m.signer.signature); err != nil {
		return &Error{Class: ErrSignature, Field: "signature", Problem: problemSignature, Err: err}
	}
	return nil
}

// certificate is check 3.
func (c *Check) certificate(usage x509.KeyUsage) error {
	if c.KDH == nil {
		return badCertificate(problemNoKDH, "", "")
	}
	if !c.within(c.KDH.NotBefore, c.KDH.NotAfter) {
		return badCertificate(problemValidity, period(c.KDH.NotBefore, c.KDH.NotAfter), at(c.now()))
	}
	if c.KDH.KeyUsage != 0 && c.KDH.KeyUsage&usage == 0 {
		return badCertificate(problemKeyUsage, usageNames(c.KDH.KeyUsage), usageNames(usage))
	}
	if _, ok := rsaKey(c.KDH); !ok {
		return badCertificate(problemNoRSA, c.KDH.PublicKeyAlgorithm.String(), "RSA")
	}
	if c.CA == nil {
		return nil
	}
	return c.issued()
}

// issued is the part of check 3 that needs the CA's certificate.
func (c *Check) issued() error {
	if !c.within(c.CA.NotBefore, c.CA.NotAfter) {
		return badCertificate(problemCAValidity, period(c.CA.NotBefore, c.CA.NotAfter), at(c.now()))
	}
	if !dn.Equal(c.KDH.RawIssuer, c.CA.RawSubject) {
		found, wanted := dn.Difference(c.KDH.RawIssuer, c.CA.RawSubject)
		return badCertificate(problemOtherCA, wording.Cut(found, mostShown), wording.Cut(wanted, mostShown))
	}
	if err := c.KDH.CheckSignatureFrom(c.CA); err != nil {
		return &Error{Class: ErrCertificate, Field: "KDH certificate", Problem: problemCASignature, Err: err}
	}
	return nil
}

func badCertificate(problem, found, wanted string) error {
	return &Error{Class: ErrCertificate, Field: "KDH certificate", Problem: problem, Found: found, Wanted: wanted}
}

// otherRecipient refuses a message for another than the owner of a certificate.
func otherRecipient(field string, found IssuerSerial, c *x509.Certificate) error {
	e := &Error{Class: ErrRecipient, Field: field, Problem: problemRecipient, Found: found.shown()}
	if c != nil {
		e.Found, e.Wanted = found.difference(NameOf(c))
	}
	return e
}

const timeForm = "2006-01-02T15:04:05Z"

// at is a time in a refusal.
func at(t time.Time) string { return "valid at " + t.UTC().Format(timeForm) }

// period is a validity in a refusal; it may have no end.
func period(from, to time.Time) string {
	s := "valid from " + from.UTC().Format(timeForm)
	if !to.IsZero() {
		s += " to " + to.UTC().Format(timeForm)
	}
	return s
}

// usageNames are those bits of a key usage that signers may have, and how many
// others there are.
func usageNames(usage x509.KeyUsage) string {
	var names []string
	for _, row := range []struct {
		bit  x509.KeyUsage
		name string
	}{
		{x509.KeyUsageDigitalSignature, "digitalSignature"}, {x509.KeyUsageContentCommitment, "nonRepudiation"},
		{x509.KeyUsageKeyEncipherment, "keyEncipherment"}, {x509.KeyUsageDataEncipherment, "dataEncipherment"},
		{x509.KeyUsageKeyAgreement, "keyAgreement"}, {x509.KeyUsageCertSign, "keyCertSign"}, {x509.KeyUsageCRLSign, "cRLSign"},
	} {
		if usage&row.bit != 0 {
			names = append(names, row.name)
		}
	}
	return strings.Join(names, " or ")
}

// now is when certificates and CRL must be valid.
func (c *Check) now() time.Time {
	if c.Now.IsZero() {
		return time.Now()
	}
	return c.Now
}

// within reports whether now is in a period, both ends included.
func (c *Check) within(from, to time.Time) bool {
	now := c.now()
	return !now.Before(from) && !now.After(to)
}

// fresh is check 6, less what needs a memory.
func (m *message) fresh(c *Check) error {
	if c.Nonce == nil {
		if m.time.IsZero() {
			return &Error{Class: ErrTime, Field: "signing time", Problem: problemNoTime}
		}
		return nil
	}
	wanted := upperHex(c.Nonce)
	if m.nonce == nil {
		return &Error{Class: ErrNonce, Field: "random nonce", Problem: problemNonceAbsent, Wanted: wanted}
	}
	if subtle.ConstantTimeCompare(m.nonce, c.Nonce) != 1 {
		return &Error{Class: ErrNonce, Field: "random nonce", Problem: problemNonce, Found: upperHex(m.nonce), Wanted: wanted}
	}
	return nil
}

// upperHex is a nonce in a refusal: at most 32 bytes of it.
func upperHex(b []byte) string {
	const most = 32
	if len(b) > most {
		return fmt.Sprintf("%X...", b[:most])
	}
	return fmt.Sprintf("%X", b)
}
