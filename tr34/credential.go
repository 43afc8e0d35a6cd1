package tr34

import "bytes"

// Credential is a credential token, by which KDH and KRD send each other their
// certificates: a SignedData with one certificate, for a KDH usually its CA's
// CRL, and no signer (X9 TR 34, annex B.6 and B.7). Nothing in it is authentic
// by itself: whether the certificate is from the right CA is the caller's to
// check.
type Credential struct {
	Certificate []byte // DER; crypto/x509 need not be able to parse it
	CRL         []byte // DER; nil for none
}

// ParseCredential reads a credential token, up to 64 KiB of BER, which is not kept. The CRL may
// also follow the signers, as in sample B.6. It refuses with class asn1 or structure.
func ParseCredential(token []byte) (*Credential, error) {
	r := openMessage(token)
	s := r.contentInfo().signedData(shapeCredential)
	if !s.contentType.Equal(oidData) || s.content != nil {
		r.refuse("content", problemNotEmpty, "", "")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return &Credential{bytes.Clone(s.certificates[0]), bytes.Clone(s.crl())}, nil
}
