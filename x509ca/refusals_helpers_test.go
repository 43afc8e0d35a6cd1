package x509ca

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
)

// How the refusals of the table are made.

// either is a if the case is to go wrong, else b.
func either[T any](wrong bool, a, b T) T {
	if wrong {
		return a
	}
	return b
}

// issued checks a leaf under a root, after the edits have changed it.
func issued(t *testing.T, r *Rules, edits ...edit) error {
	root := newRoot(t)
	r.Now = now
	return r.CheckIssued(root.leaf(t, edits...).Certificate, root.Certificate)
}

// under checks a leaf whose root the edits have changed.
func under(t *testing.T, r *Rules, edits ...edit) error {
	root := newRoot(t, edits...)
	r.Now = now
	return r.CheckIssued(root.leaf(t).Certificate, root.Certificate)
}

// leftOver sets a bit of base64 without a meaning: the last one of the
// letter before the padding.
func leftOver(text string, wrong bool) string {
	at := strings.Index(text, "=") - 1
	return text[:at] + string([]byte{text[at] + either[byte](wrong, 1, 0)}) + text[at+1:]
}

// made makes a root after the edits have changed it.
func made(edits ...edit) error {
	o := caOrder("root").with(edits)
	_, err := NewRoot(o.key, &o.Profile, &o.Request)
	return err
}

// signedWith makes a leaf whose signature is by a hash that we do not issue with.
func signedWith(t *testing.T, root *cert, h crypto.Hash) *x509.Certificate {
	t.Helper()
	oids := map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1: {1, 2, 840, 10045, 4, 1}, crypto.SHA224: {1, 2, 840, 10045, 4, 3, 1},
		crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2}, crypto.SHA512_256: {2, 999, 5},
	}
	identifier := func(h crypto.Hash) []byte { return must(asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: oids[h]})) }
	der := rewritten(t, root, root.leaf(t), identifier(crypto.SHA256), identifier(h), &algorithm{hash: h, oid: oids[h]})
	return must(Decode(EncodeCertificate(der)))
}

// extended makes a leaf with an extension of somebody's own.
func extended(t *testing.T, root *cert, id asn1.ObjectIdentifier, critical bool) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now,
		ExtraExtensions: []pkix.Extension{{Id: id, Critical: critical, Value: []byte{5, 0}}},
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(nil, template, root.Certificate, p256b().Public(), root.key))))
}

// constrained makes a root with name constraints.
func constrained(t *testing.T, critical bool) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now, BasicConstraintsValid: true, IsCA: true,
		PermittedDNSDomains: []string{"bank.example"}, PermittedDNSDomainsCritical: critical,
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(nil, template, template, p256().Public(), p256()))))
}

// bareRoot makes a root without basic constraints.
func bareRoot(t *testing.T, usage x509.KeyUsage) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now, KeyUsage: usage}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(nil, template, template, p256().Public(), p256()))))
}

// underAuthorityKey checks a leaf with this in its authority key identifier, under a root of
// key identifier 0102 and serial number 7.
func underAuthorityKey(t *testing.T, content []byte) error {
	t.Helper()
	root := &x509.Certificate{SerialNumber: big.NewInt(7), SubjectKeyId: []byte{1, 2}, Subject: pkix.Name{CommonName: "root"},
		NotBefore: now, NotAfter: now, BasicConstraintsValid: true, IsCA: true}
	ca := must(x509.ParseCertificate(must(x509.CreateCertificate(nil, root, root, p256().Public(), p256()))))
	value := must(asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: content}))
	leaf := &x509.Certificate{
		SerialNumber:    big.NewInt(8),
		NotBefore:       now,
		NotAfter:        now,
		ExtraExtensions: []pkix.Extension{{Id: idAuthorityKeyIdentifier, Value: value}},
	}
	c := must(x509.ParseCertificate(must(x509.CreateCertificate(nil, leaf, ca, p256b().Public(), p256()))))
	return (&Rules{Now: now}).CheckIssued(c, ca)
}

// padded makes a certificate of so many bytes of DER. Its key is RSA, so that
// its signature has always the same length.
func padded(t *testing.T, size int) []byte {
	t.Helper()
	value := make([]byte, size/2)
	for {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 999}, Value: value}},
		}
		der := must(x509.CreateCertificate(nil, template, template, rsa2048().Public(), rsa2048()))
		if len(der) == size {
			return der
		}
		value = make([]byte, len(value)+size-len(der))
	}
}
