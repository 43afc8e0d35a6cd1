package engine

import (
	"context"
	"crypto"
	"encoding/asn1"

	"github.com/seed748fb4d1/apcsim/x509ca"
)

// CertificateSubjectType is whom a certificate signing request names.
type CertificateSubjectType struct {
	CommonName       string
	OrganizationUnit *string
	Organization     *string
	City             *string
	Country          *string
	StateOrProvince  *string
	EmailAddress     *string
}

func (in *CertificateSubjectType) shape(s *shape) {
	s.text("CommonName", in.CommonName, &textCommonName)
	s.maybeText("OrganizationUnit", in.OrganizationUnit, &textOrganization)
	s.maybeText("Organization", in.Organization, &textOrganization)
	s.maybeText("City", in.City, &textPlace)
	s.maybeText("Country", in.Country, &textCountry)
	s.maybeText("StateOrProvince", in.StateOrProvince, &textPlace)
	s.maybeText("EmailAddress", in.EmailAddress, &textEmailAddress)
}

// GetCertificateSigningRequestInput is the request of GetCertificateSigningRequest.
type GetCertificateSigningRequestInput struct {
	KeyIdentifier      string
	SigningAlgorithm   SigningAlgorithmType
	CertificateSubject CertificateSubjectType
}

// GetCertificateSigningRequestOutput is the answer of GetCertificateSigningRequest.
type GetCertificateSigningRequestOutput struct {
	CertificateSigningRequest string
}

func (in *GetCertificateSigningRequestInput) shape(s *shape) {
	s.text("KeyIdentifier", in.KeyIdentifier, &textKeyArnOrKeyAliasType)
	oneOf(s, "SigningAlgorithm", in.SigningAlgorithm, allSigningAlgorithmType)
	s.inside("CertificateSubject", &in.CertificateSubject)
}

// GetCertificateSigningRequest makes a PKCS #10 request for the public half of a
// pair, to be certified by somebody else's authority.
func (c *Caller) GetCertificateSigningRequest(ctx context.Context, in *GetCertificateSigningRequestInput) (*GetCertificateSigningRequestOutput, error) {
	return run(ctx, c.caller, "GetCertificateSigningRequest", in, (*call).getCertificateSigningRequest)
}

// signingHashes are the hashes that a request may be signed with.
var signingHashes = map[SigningAlgorithmType]crypto.Hash{
	SignSHA224: crypto.SHA224, SignSHA256: crypto.SHA256, SignSHA384: crypto.SHA384, SignSHA512: crypto.SHA512,
}

func (c *call) getCertificateSigningRequest(ctx context.Context, in *GetCertificateSigningRequestInput) (*GetCertificateSigningRequestOutput, error) {
	var pair key
	if err := c.loadPair(ctx, in.KeyIdentifier, &pair); err != nil {
		return nil, err
	}
	signer, err := c.cloud.hsm.Signer(ctx, pair.ref(), pair.public)
	if err != nil {
		return nil, hsmError(err)
	}
	der, err := x509ca.CSR(signer, signingHashes[in.SigningAlgorithm], in.CertificateSubject.name())
	if err != nil {
		return nil, issueError(err)
	}
	return &GetCertificateSigningRequestOutput{CertificateSigningRequest: x509ca.EncodeCSR(der)}, nil
}

// name is the subject in the order from the country down (GUESS: no request of
// the service is published).
func (in *CertificateSubjectType) name() (out x509ca.Name) {
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value *string
		form  x509ca.Form
	}{
		{x509ca.Country, in.Country, x509ca.PrintableString},
		{x509ca.Province, in.StateOrProvince, x509ca.UTF8String},
		{x509ca.Locality, in.City, x509ca.UTF8String},
		{x509ca.Organization, in.Organization, x509ca.UTF8String},
		{x509ca.OrganizationalUnit, in.OrganizationUnit, x509ca.UTF8String},
		{x509ca.CommonName, &in.CommonName, x509ca.UTF8String},
		{x509ca.EmailAddress, in.EmailAddress, x509ca.IA5String},
	} {
		if a.value != nil {
			out = append(out, x509ca.Attribute{Type: a.oid, Value: *a.value, Form: a.form})
		}
	}
	return out
}
