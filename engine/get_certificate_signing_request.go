package engine

import (
	"context"
	"crypto"
	"encoding/asn1"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// GetCertificateSigningRequest returns a PKCS #10 request for the public half of a key pair, for an
// authority outside of the service.
func (c *Caller) GetCertificateSigningRequest(
	ctx context.Context,
	in *GetCertificateSigningRequestInput,
) (*GetCertificateSigningRequestOutput, error) {
	return core.Run(ctx, c.caller, "GetCertificateSigningRequest", in, getCertificateSigningRequest)
}

// signingHashes are the hashes that a request may be signed with.
var signingHashes = map[apc.SigningAlgorithmType]crypto.Hash{
	apc.SigningAlgorithmTypeSHA224: crypto.SHA224, apc.SigningAlgorithmTypeSHA256: crypto.SHA256,
	apc.SigningAlgorithmTypeSHA384: crypto.SHA384, apc.SigningAlgorithmTypeSHA512: crypto.SHA512,
}

func getCertificateSigningRequest(
	ctx context.Context,
	c *core.Call,
	in *GetCertificateSigningRequestInput,
) (*GetCertificateSigningRequestOutput, error) {
	pair, err := loadPair(ctx, c, in.KeyIdentifier)
	if err != nil {
		return nil, err
	}
	signer, err := c.Cloud.HSM.Signer(ctx, pair.Ref(), pair.Public)
	if err != nil {
		return nil, core.HSMError(err)
	}
	der, err := x509ca.CSR(signer, signingHashes[in.SigningAlgorithm], in.CertificateSubject.name())
	if err != nil {
		return nil, core.IssueError(err)
	}
	return &GetCertificateSigningRequestOutput{CertificateSigningRequest: x509ca.EncodeCSR(der)}, nil
}

// name is the subject in the order from the country down (GUESS G-csr-subject-order: no request of
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
