package asn1kind

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// must is the DER that a call of the standard library gives.
func must(der []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return der
}

// sequence is the DER of a SEQUENCE of parts, each of which is DER.
func sequence(parts ...[]byte) []byte {
	raw := asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true}
	for _, p := range parts {
		raw.Bytes = append(raw.Bytes, p...)
	}
	return must(asn1.Marshal(raw))
}

// context is the DER of parts within a context tag.
func context(tag int, parts ...[]byte) []byte {
	return must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: sequence(parts...)}))
}

func integers(n ...int) []byte { return must(asn1.Marshal(n)) }

var (
	version = must(asn1.Marshal(0))
	octets  = must(asn1.Marshal([]byte{1, 2, 3}))
	bits    = must(asn1.Marshal(asn1.BitString{Bytes: []byte{1, 2, 3}, BitLength: 24}))
	moment  = must(asn1.Marshal(time.Unix(0, 0).UTC()))
	oid     = must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}))
)

// TestFilesAreNamedByTheirShape has files of each kind as the standard library writes them, and those of kinds that it does
// not write with the members that their standards have.
func TestFilesAreNamedByTheirShape(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey, "EC": ecKey, "Ed25519": edKey} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(0, 0).AddDate(100, 0, 0),
			SubjectKeyId: []byte{1}, KeyUsage: x509.KeyUsageCRLSign}
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Unix(0, 0), NextUpdate: time.Unix(1, 0)}
		late := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Unix(1<<32, 0), NextUpdate: time.Unix(1<<33, 0)}
		if got := Of(must(x509.CreateRevocationList(rand.Reader, late, template, key))); got != CRL {
			t.Errorf("%s, %s after 2049, which has another type of time: got %q", name, CRL, got)
		}
		for want, der := range map[string][]byte{
			Certificate: must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)),
			Request:     must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)),
			PublicKey:   must(x509.MarshalPKIXPublicKey(key.Public())),
			PrivateKey:  must(x509.MarshalPKCS8PrivateKey(key)),
			CRL:         must(x509.CreateRevocationList(rand.Reader, list, template, key)),
		} {
			if got := Of(der); got != want {
				t.Errorf("%s, %s: got %q: %x", name, want, got, der)
			}
		}
	}
	algorithm := sequence(oid, sequence())
	versionOne := sequence(version, algorithm, sequence(), sequence(), sequence(), algorithm)
	for name, c := range map[string]struct {
		der  []byte
		want string
	}{
		"RSA public key (PKCS #1)":             {x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), PublicKey},
		"RSA private key (PKCS #1)":            {x509.MarshalPKCS1PrivateKey(rsaKey), PrivateKey},
		"DSA private key of OpenSSL":           {integers(0, 1, 2, 3, 4, 5), PrivateKey},
		"EC private key (SEC 1)":               {must(x509.MarshalECPrivateKey(ecKey)), PrivateKey},
		"public key with parameters":           {sequence(algorithm, bits), PublicKey},
		"private key with parameters":          {sequence(version, algorithm, octets), PrivateKey},
		"encrypted private key":                {sequence(algorithm, octets), EncryptedKey},
		"certificate of version 1":             {sequence(versionOne), Certificate},
		"revocation list of version 1":         {sequence(sequence(algorithm, sequence(), moment), algorithm, bits), CRL},
		"request without attributes":           {sequence(sequence(version, sequence(), algorithm), algorithm, bits), Request},
		"CMS (RFC 5652, section 3)":            {sequence(oid, context(0)), CMS},
		"PKCS #12 (RFC 7292, section 4)":       {sequence(version, sequence(oid, context(0)), sequence()), pkcs12},
		"CMS of no content":                    {sequence(oid), ""},
		"OCTET STRING":                         {octets, ""},
		"SEQUENCE of nothing":                  {sequence(), ""},
		"SEQUENCE of an OCTET STRING":          {sequence(octets), ""},
		"nothing":                              {nil, ""},
		"SEQUENCE that ends before its length": {sequence(oid, context(0))[:10], ""},
	} {
		if got := Of(c.der); got != c.want {
			t.Errorf("%s: got %q, want %q: %x", name, got, c.want, c.der)
		}
	}
}

// TestFilesOfManyMembersAreReadToABound: what follows the members that tell the kinds apart is not read.
func TestFilesOfManyMembersAreReadToABound(t *testing.T) {
	many := make([]int, 100_000)
	if got := shapeOf(integers(many...)[4:]); len(got) != 40 {
		t.Errorf("a SEQUENCE of %d INTEGERs has a shape of %d letters, want 40", len(many), len(got))
	}
	if got := tagsOf(integers(many...)[4:]); len(got) != 20 {
		t.Errorf("a SEQUENCE of %d INTEGERs has %d tags, want 20", len(many), len(got))
	}
}

func TestLabelsNameTheirKind(t *testing.T) {
	for label, want := range map[string]string{
		"CERTIFICATE": Certificate, "NEW CERTIFICATE REQUEST": Request, "RSA PUBLIC KEY": PublicKey, "EC PRIVATE KEY": PrivateKey,
		"DSA PRIVATE KEY": PrivateKey, "ENCRYPTED PRIVATE KEY": EncryptedKey, "X509 CRL": CRL, "PKCS7": CMS, "CMS": CMS,
		"": "", "certificate": "", " CERTIFICATE": "", "CERTIFICATES": "",
	} {
		if got := OfLabel(label); got != want {
			t.Errorf("label %q: got %q, want %q", label, got, want)
		}
	}
}
