package core

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// What the service's certificates look like, read off one that it published
// (control-plane, section 11.1): all are signed with SHA-512 by a root of the
// account in the Region.
var (
	rootProfile = x509ca.Profile{Hash: crypto.SHA512, CA: true, BasicConstraintsCritical: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature, KeyUsageCritical: true}

	TokenProfile = x509ca.Profile{Hash: crypto.SHA512,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, KeyUsageCritical: true,
		ExtKeyUsage: []asn1.ObjectIdentifier{x509ca.ServerAuth, x509ca.ClientAuth}}

	// agreementProfile is for EC key pairs, which encipher nothing (GUESS G-agreement-certificate: no published
	// certificate shows its usages).
	agreementProfile = x509ca.Profile{Hash: crypto.SHA512,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement, KeyUsageCritical: true,
		ExtKeyUsage: []asn1.ObjectIdentifier{x509ca.ServerAuth, x509ca.ClientAuth}}
)

// PairProfile is the profile of a key pair's certificate. RSA key pairs have that of tokens.
func PairProfile(alg *Algorithm) *x509ca.Profile {
	if alg.Letter == hsm.EC {
		return &agreementProfile
	}
	return &TokenProfile
}

const (
	rootLife = 30 * 365 * day // GUESS G-root-life: no root of the service is published
	backdate = time.Hour      // certificates begin so long before they are issued
)

// rootName is the name of a root. Its common name is the account.
func rootName(account string) x509ca.Name {
	return x509ca.Name{
		{Type: x509ca.Country, Value: "US", Form: x509ca.PrintableString},
		{Type: x509ca.Organization, Value: "AWS Cryptography", Form: x509ca.UTF8String},
		{Type: x509ca.OrganizationalUnit, Value: "AWS Payment Cryptography", Form: x509ca.UTF8String},
		{Type: x509ca.Province, Value: "Virginia", Form: x509ca.UTF8String},
		{Type: x509ca.CommonName, Value: account, Form: x509ca.UTF8String},
		{Type: x509ca.Locality, Value: "Arlington", Form: x509ca.UTF8String},
	}
}

// leafName names the account and a number that is drawn.
func (c *Call) leafName() x509ca.Name {
	return x509ca.Name{
		{Type: x509ca.CommonName, Value: c.Identity.Account, Form: x509ca.UTF8String},
		{Type: x509ca.SerialNumber, Value: c.Cloud.serials.digits(10), Form: x509ca.PrintableString},
	}
}
