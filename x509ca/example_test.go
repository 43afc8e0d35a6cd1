package x509ca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/seed748fb4d1/apcsim/x509ca"
)

// What a root and a leaf look like.
var (
	ca = &x509ca.Profile{
		Hash: crypto.SHA256, CA: true, BasicConstraintsCritical: true,
		KeyUsage: x509.KeyUsageCertSign, KeyUsageCritical: true,
	}
	leaf = &x509ca.Profile{Hash: crypto.SHA256, KeyUsage: x509.KeyUsageDigitalSignature, KeyUsageCritical: true}
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func Example() {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // any crypto.Signer
	request := &x509ca.Request{
		Subject:   x509ca.Name{{Type: x509ca.Country, Value: "US"}, {Type: x509ca.CommonName, Value: "Bank CA"}},
		NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
	}
	rootDER, err := x509ca.NewRoot(key, ca, request)
	if err != nil {
		panic(err)
	}
	root, _ := x509.ParseCertificate(rootDER)
	authority, _ := x509ca.NewAuthority(root, key)

	terminal, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	leafDER, err := authority.Issue(&terminal.PublicKey, leaf, &x509ca.Request{
		Subject:   x509ca.Name{{Type: x509ca.CommonName, Value: "Terminal 7"}},
		NotBefore: now, NotAfter: now.AddDate(0, 0, 7),
	})
	if err != nil {
		panic(err)
	}
	text := x509ca.EncodeCertificate(leafDER) // one line, for JSON

	certificate, _ := x509ca.Decode(text)
	fmt.Println(certificate.Subject, "by", certificate.Issuer)
	fmt.Println((&x509ca.Rules{Now: now}).CheckIssued(certificate, root))
	late := &x509ca.Rules{Now: now.AddDate(0, 0, 8)}
	err = late.CheckIssued(certificate, root)
	fmt.Println(err)
	fmt.Println(errors.Is(err, x509ca.RuleExpired))
	// Output:
	// CN=Terminal 7 by CN=Bank CA,C=US
	// <nil>
	// x509ca: expired: certificate: the certificate has expired: found valid until 2026-06-08T12:00:00Z, wanted valid at 2026-06-09T12:00:00Z
	// true
}

func ExampleCSR() {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err := x509ca.CSR(key, crypto.SHA256, x509ca.Name{
		{Type: x509ca.CommonName, Value: "Terminal 7"},
		{Type: x509ca.EmailAddress, Value: "keys@bank.example"},
	})
	if err != nil {
		panic(err)
	}
	csr, _ := x509.ParseCertificateRequest(der)
	fmt.Println(csr.Subject, csr.SignatureAlgorithm)
	fmt.Println(x509ca.EncodeCSR(der)[:20])
	// Output:
	// CN=Terminal 7,1.2.840.113549.1.9.1=#0c116b6579734062616e6b2e6578616d706c65 ECDSA-SHA256
	// LS0tLS1CRUdJTiBDRVJU
}

// A root that says keyCertSign without basic constraints is refused by the standard
// and taken by OpenSSL.
func ExampleRules() {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	old := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Old CA"},
		NotBefore: now, NotAfter: now, KeyUsage: x509.KeyUsageCertSign,
	}
	der, _ := x509.CreateCertificate(rand.Reader, old, old, key.Public(), key)
	root, _ := x509.ParseCertificate(der)
	fmt.Println((&x509ca.Rules{Now: now, Root: "PublicKeyCertificate"}).CheckRoot(root))
	fmt.Println((&x509ca.Rules{Now: now, AllowNoBasicConstraints: true}).CheckRoot(root))
	// Output:
	// x509ca: basic-constraints: PublicKeyCertificate: the certificate of an authority has no basic-constraints extension: wanted CA:TRUE
	// <nil>
}
