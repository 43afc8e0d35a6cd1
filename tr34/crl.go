package tr34

import (
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// CRLPolicy is what a receiver requires of the CRL in a token.
type CRLPolicy int

const (
	// CRLStandard is X9 TR 34: a one-pass token must have a CRL, and where
	// there is one it must be the CA's, in date, and without the signer.
	CRLStandard CRLPolicy = iota

	// CRLOptional accepts a one-pass token without CRL. A CRL that is there is checked as by
	// CRLStandard.
	CRLOptional

	// CRLIgnored does not check the CRL.
	CRLIgnored
)

// notRevoked is check 7; required is whether a CRL must be there when the
// policy is the standard's.
func (m *message) notRevoked(c *Check, required bool) error {
	switch {
	case c.CRL == CRLIgnored:
		return nil
	case m.crl() != nil:
		return c.checkCRL(m.crl())
	case required && c.CRL == CRLStandard:
		return &Error{Class: ErrCRL, Field: "CRL", Problem: problemNoCRL}
	}
	return nil
}

// checkCRL holds that a CRL is the CA's and in date, and that the signer is not
// in it (RFC 5280, section 6.3.3, for a complete CRL of one issuer).
func (c *Check) checkCRL(raw []byte) error {
	list, err := x509.ParseRevocationList(raw)
	if err != nil {
		return &Error{Class: ErrCRL, Field: "CRL", Problem: problemCRLForm, Err: err}
	}
	if c.CA == nil {
		return &Error{Class: ErrCRL, Field: "CRL", Problem: problemCRLNoCA}
	}
	if !dn.Equal(list.RawIssuer, c.CA.RawSubject) {
		found, wanted := dn.Difference(list.RawIssuer, c.CA.RawSubject)
		return &Error{
			Class:   ErrCRL,
			Field:   "CRL",
			Problem: problemCRLIssuer,
			Found:   wording.Cut(found, mostShown),
			Wanted:  wording.Cut(wanted, mostShown),
		}
	}
	if err := list.CheckSignatureFrom(c.CA); err != nil {
		return &Error{Class: ErrCRL, Field: "CRL", Problem: problemCRLSignature, Err: err}
	}
	now := c.now()
	if now.Before(list.ThisUpdate) || !list.NextUpdate.IsZero() && now.After(list.NextUpdate) {
		return &Error{
			Class:   ErrCRL,
			Field:   "CRL",
			Problem: problemCRLTime,
			Found:   period(list.ThisUpdate, list.NextUpdate),
			Wanted:  at(now),
		}
	}
	return c.notListed(list)
}

// notListed looks for the signer. A critical extension means that the list is
// partial or of several issuers, which is not understood here.
func (c *Check) notListed(list *x509.RevocationList) error {
	extensions := list.Extensions
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(c.KDH.SerialNumber) == 0 {
			return &Error{Class: ErrCRL, Field: "CRL", Problem: problemRevoked, Found: NameOf(c.KDH).shown()}
		}
		extensions = append(extensions, entry.Extensions...)
	}
	for _, x := range extensions {
		if x.Critical {
			return &Error{Class: ErrCRL, Field: "CRL", Problem: problemCRLCritical, Found: x.Id.String()}
		}
	}
	return nil
}
