package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// files are what is often given in place of a token or of a private key, by what it is.
func files(t *testing.T) map[string]string {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "x"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1, 0),
		SubjectKeyId: []byte{1},
		KeyUsage:     x509.KeyUsageCRLSign,
	}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	out := map[string]string{}
	for name, block := range map[string]*pem.Block{
		"a certificate": {Type: "CERTIFICATE", Bytes: certificate},
		"a certificate request": {Type: "CERTIFICATE REQUEST",
			Bytes: must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))},
		"a bare public key":                     {Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key.Public()))},
		"a private key":                         {Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))},
		"a private key of another algorithm":    {Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(ec))},
		"a private key of another algorithm, 2": {Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(ec))},
		"an encrypted private key": {Type: "ENCRYPTED PRIVATE KEY",
			Bytes: append([]byte{0x30, 11, 0x30, 5, 6, 1, 42, 0x30, 0, 4, 2}, 1, 2)},
		"an encrypted private key, 2": {Type: "RSA PRIVATE KEY",
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte{1, 2, 3}},
		"a revocation list": {Type: "X509 CRL", Bytes: must(x509.CreateRevocationList(rand.Reader,
			&x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Unix(0, 0), NextUpdate: time.Unix(1, 0)},
			template, key))},
	} {
		out[name] = string(pem.EncodeToMemory(block))
	}
	return out
}

// plain is the name of a file without what distinguishes it from another of its kind.
func plain(name string) string { return strings.TrimSuffix(name, ", 2") }
