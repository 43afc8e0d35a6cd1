package tr34

import (
	"bytes"
	"crypto/x509"
)

// CRLPolicy is what a receiver asks of the CRL in a token.
type CRLPolicy int

const (
	// CRLStandard is X9 TR 34: a one-pass token must have a CRL, and where
	// there is one it must be the CA's, in date, and without the signer.
	CRLStandard CRLPolicy = iota

	// CRLOptional takes a one-pass token without CRL; one that is there must
	// be as good as ever.
	CRLOptional

	// CRLIgnored does not look at it.
	CRLIgnored
)

// notRevoked is check 7; required tells whether a CRL must be there when the
// policy is the standard's.
func (m *message) notRevoked(c *Check, required bool) error {
	switch {
	case c.CRL == CRLIgnored:
		return nil
	case m.crl() != nil:
		return c.checkCRL(m.crl())
	case required && c.CRL == CRLStandard:
		return &Error{ErrCRL, "CRL", "is missing", nil}
	}
	return nil
}

// checkCRL holds that a CRL is the CA's and in date, and that the signer is not
// in it (RFC 5280, section 6.3.3, for a complete CRL of one issuer).
func (c *Check) checkCRL(raw []byte) error {
	refuse := func(message string, err error) error { return &Error{ErrCRL, "CRL", message, err} }
	list, err := x509.ParseRevocationList(raw)
	if err != nil {
		return refuse("is malformed", err)
	}
	if c.CA == nil {
		return refuse("cannot be checked without the certificate of the CA", nil)
	}
	if !bytes.Equal(list.RawIssuer, c.CA.RawSubject) {
		return refuse("is from another CA", nil)
	}
	if err := list.CheckSignatureFrom(c.CA); err != nil {
		return refuse("is not signed by the CA", err)
	}
	now := c.now()
	if now.Before(list.ThisUpdate) || !list.NextUpdate.IsZero() && now.After(list.NextUpdate) {
		return refuse("is not valid at this time", nil)
	}
	return c.notListed(list)
}

// notListed looks for the signer. A critical extension means that the list is
// partial or of several issuers, which is not understood here.
func (c *Check) notListed(list *x509.RevocationList) error {
	extensions := list.Extensions
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(c.KDH.SerialNumber) == 0 {
			return &Error{ErrCRL, "CRL", "lists the signer's certificate", nil}
		}
		extensions = append(extensions, entry.Extensions...)
	}
	for _, x := range extensions {
		if x.Critical {
			return &Error{ErrCRL, "CRL", "has a critical extension, " + x.Id.String(), nil}
		}
	}
	return nil
}
