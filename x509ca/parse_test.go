package x509ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/asn1kind"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// loosely is a self-signed certificate of an RSA key with one thing that is not as
// crypto/x509 wants it.
type loosely struct {
	serial     int64
	version    int64 // 0 is 3
	noCA       bool
	noNull     bool      // in the algorithm of the key
	nameTag    tag.Tag   // of the common name
	name       string    // "root"
	pss        *pssOrder // in place of PKCS #1 v1.5
	extensions func(*cryptobyte.Builder)
	inner      []byte // the signature algorithm inside, where it is another
}

type pssOrder struct {
	hash crypto.Hash
	mask crypto.Hash
	salt int
}

func (o loosely) certificate(t testing.TB) []byte {
	t.Helper()
	key := rsa2048().(*rsa.PrivateKey)
	algorithm := o.algorithm()
	inner := algorithm
	if o.inner != nil {
		inner = o.inner
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddASN1Int64((o.version + 2) % 3) })
		b.AddASN1Int64(o.serial)
		b.AddBytes(inner)
		b.AddBytes(o.dn())
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1UTCTime(now.Add(-time.Hour))
			b.AddASN1GeneralizedTime(now.AddDate(1, 0, 0))
		})
		b.AddBytes(o.dn())
		parameters := null
		if o.noNull {
			parameters = nil
		}
		b.AddBytes(spkiOf(idRSA, parameters, rsaPublic(key.N, int64(key.E)), nil))
		b.AddASN1(context3, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				addExtension(b, idBasicConstraints, true, func(b *cryptobyte.Builder) {
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Boolean(!o.noCA); b.AddASN1Int64(3) })
				})
				addExtension(b, idKeyUsage, true, func(b *cryptobyte.Builder) { b.AddBytes([]byte{3, 2, 1, 6}) })
				addExtension(b, idSubjectKeyIdentifier, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte{1, 2, 3}) })
				if o.extensions != nil {
					o.extensions(b)
				}
			})
		})
	})
	body := b.BytesOrPanic()
	var whole cryptobyte.Builder
	whole.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(body)
		b.AddBytes(algorithm)
		b.AddASN1BitString(o.sign(key, body))
	})
	return whole.BytesOrPanic()
}

func (o loosely) dn() []byte {
	if o.nameTag == 0 {
		o.nameTag, o.name = tag.UTF8String, "root"
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(CommonName)
				b.AddASN1(o.nameTag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(o.name)) })
			})
		})
	})
	return b.BytesOrPanic()
}

func addDigest(b *cryptobyte.Builder, h crypto.Hash) {
	for _, row := range digests {
		if row.hash == h {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(row.oid); b.AddASN1NULL() })
		}
	}
}

func (o loosely) algorithm() []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		if o.pss == nil {
			b.AddASN1ObjectIdentifier(hashes[1].rsa)
			b.AddASN1NULL()
			return
		}
		b.AddASN1ObjectIdentifier(idPSS)
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			if o.pss.hash != crypto.SHA1 {
				b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { addDigest(b, o.pss.hash) })
			}
			if o.pss.mask != crypto.SHA1 {
				b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(idMGF1)
						addDigest(b, o.pss.mask)
					})
				})
			}
			if o.pss.salt != 20 {
				b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(o.pss.salt)) })
			}
		})
	})
	return b.BytesOrPanic()
}

func (o loosely) sign(key *rsa.PrivateKey, body []byte) []byte {
	hash := crypto.SHA256
	if o.pss != nil {
		hash = o.pss.hash
	}
	h := hash.New()
	h.Write(body)
	if o.pss == nil {
		return must(rsa.SignPKCS1v15(nil, key, hash, h.Sum(nil)))
	}
	if o.pss.salt == 0 { // the library's 0 means any length
		return saltless(key, hash, h.Sum(nil))
	}
	return must(rsa.SignPSS(rand.Reader, key, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: o.pss.salt, Hash: hash}))
}

// saltless signs by PSS without a salt (RFC 8017, section 9.1.1).
func saltless(key *rsa.PrivateKey, hash crypto.Hash, digest []byte) []byte {
	size := key.Size()
	h := hash.New()
	h.Write(append(make([]byte, 8), digest...))
	sum := h.Sum(nil)
	em := make([]byte, size)
	db := em[:size-len(sum)-1]
	db[len(db)-1] = 1
	for i, at := uint32(0), 0; at < len(db); i++ {
		h.Reset()
		h.Write(sum)
		h.Write([]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		for _, c := range h.Sum(nil) {
			if at < len(db) {
				db[at] ^= c
				at++
			}
		}
	}
	em[0] &= 0x7F
	copy(em[len(db):], sum)
	em[size-1] = 0xBC
	m := new(big.Int).SetBytes(em)
	return m.Exp(m, key.D, key.N).FillBytes(make([]byte, size))
}

// What crypto/x509 refuses, or does not verify, and OpenSSL takes, is taken.
func TestCertificatesThatOpenSSLTakesAreTaken(t *testing.T) {
	malformed := func(b *cryptobyte.Builder) {
		addExtension(b, idSubjectAltName, false, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.Tag(1).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte("k\xe4se@bank.example")) })
			})
		})
	}
	negative := func(b *cryptobyte.Builder) {
		addExtension(b, idAuthorityKeyIdentifier, false, func(b *cryptobyte.Builder) { b.AddBytes([]byte{0x30, 3, 0x82, 1, 0xF9}) })
	}
	for what, o := range map[string]loosely{
		"as it should be":                  {serial: 7},
		"a negative one of its issuer":     {serial: -7, extensions: negative},
		"a negative serial number":         {serial: -7},
		"serial number zero":               {},
		"an RSA key without NULL":          {serial: 1, noNull: true},
		"an underscore in PrintableString": {serial: 1, nameTag: tag.PrintableString, name: "HSM_Root_CA"},
		"an at sign in PrintableString":    {serial: 1, nameTag: tag.PrintableString, name: "ca@bank.example"},
		"Latin-1 in PrintableString":       {serial: 1, nameTag: tag.PrintableString, name: "B\xe4r"},
		"Latin-1 in TeletexString":         {serial: 1, nameTag: tag.T61String, name: "B\xe4r"},
		"UniversalString":                  {serial: 1, nameTag: tag.Tag(28), name: "\x00\x00\x00B"},
		"a malformed alternative name":     {serial: 1, extensions: malformed},
		"PSS, salt of 32":                  {serial: 1, pss: &pssOrder{crypto.SHA256, crypto.SHA256, 32}},
		"PSS, salt of 20":                  {serial: 1, pss: &pssOrder{crypto.SHA256, crypto.SHA256, 20}},
		"PSS, salt of 222":                 {serial: 1, pss: &pssOrder{crypto.SHA256, crypto.SHA256, 222}},
		"PSS, no salt":                     {serial: 1, pss: &pssOrder{crypto.SHA256, crypto.SHA256, 0}},
		"PSS with SHA-512":                 {serial: 1, pss: &pssOrder{crypto.SHA512, crypto.SHA512, 17}},
	} {
		t.Run(what, func(t *testing.T) {
			der := o.certificate(t)
			c, err := Decode(EncodeCertificate(der))
			if err != nil {
				t.Fatalf("%X: %v", der, err)
			}
			if err := (&Rules{Now: now}).CheckRoot(c); err != nil {
				t.Errorf("%X: %v", der, err)
			}
			if !bytes.Equal(c.Raw, der) || c.SerialNumber.Int64() != o.serial || !c.IsCA || c.MaxPathLen != 3 ||
				c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign ||
				string(c.SubjectKeyId) != "\x01\x02\x03" {
				t.Errorf("read as %+v", c)
			}
			if !c.PublicKey.(*rsa.PublicKey).Equal(rsa2048().Public()) {
				t.Error("the public key is another")
			}
			file := testrig.OwnFile(t, "root.pem", pem.EncodeToMemory(&pem.Block{Type: certificateType, Bytes: der}))
			if out, err := openssl(t, "verify", "-attime", "1780315200", "-CAfile", file, file); err != nil ||
				!strings.Contains(out, "OK") {
				t.Errorf("openssl: %v\n%s", err, out)
			}
			// One byte of the signature or of what is signed makes it another.
			for _, at := range []int{len(der) - 1, 60} {
				bad := bytes.Clone(der)
				bad[at] ^= 1
				if c, err := Decode(EncodeCertificate(bad)); err == nil && (&Rules{Now: now}).CheckRoot(c) == nil {
					t.Errorf("byte %d changed: taken", at)
				}
			}
		})
	}
}

// What no reader takes is refused in our words.
func TestCertificatesThatNoReaderTakesAreRefusedInOurWords(t *testing.T) {
	good := loosely{serial: 1}
	der := good.certificate(t)
	twice := func(b *cryptobyte.Builder) {
		addExtension(b, idKeyUsage, true, func(b *cryptobyte.Builder) { b.AddBytes([]byte{3, 2, 1, 6}) })
	}
	broken := func(b *cryptobyte.Builder) {
		addExtension(b, idExtKeyUsage, true, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1}) })
	}
	sha1 := loosely{serial: 1, pss: &pssOrder{crypto.SHA1, crypto.SHA1, 20}}
	mixed := loosely{serial: 1, pss: &pssOrder{crypto.SHA256, crypto.SHA1, 32}}
	for _, c := range []struct {
		what string
		der  []byte
		want string // of Decode or of CheckRoot
	}{
		{"an extension twice", loosely{serial: 1, extensions: twice}.certificate(t),
			"x509ca: parse: a part of the certificate is missing or malformed: wanted extension 2.5.29.15 once"},
		{"bytes behind it", append(bytes.Clone(der), 1, 2), "x509ca: parse: there are bytes behind the certificate: found 2 bytes"},
		{"cut short", der[:len(der)-1], "x509ca: parse: a part of the certificate is missing or malformed: wanted a certificate"},
		{"another algorithm inside", loosely{serial: 1, inner: sha1.algorithm()}.certificate(t),
			"x509ca: parse: the certificate names one signature algorithm inside and another one outside: found 1.2.840.113549.1.1.10, " +
				"wanted 1.2.840.113549.1.1.11"},
		{"a malformed usage", loosely{serial: 1, extensions: broken}.certificate(t), ""},
		{"PSS with SHA-1", sha1.certificate(t), "x509ca: signature-algorithm: root: the certificate is signed with an algorithm that is " +
			"not allowed: found RSA-PSS with SHA-1, wanted RSA, RSA-PSS or ECDSA with SHA-224 or better"},
		{"PSS with two hashes", mixed.certificate(t),
			"x509ca: signature-algorithm: root: the certificate is signed with an algorithm that is not allowed: found RSA-PSS with SHA-256 " +
				"and MGF1 with SHA-1, wanted RSA, RSA-PSS or ECDSA with SHA-224 or better"},
		{"indefinite lengths", openLength(der), "x509ca: parse: the certificate is in BER, not in DER: found BER, wanted DER; openssl " +
			"asn1parse -inform DER shows the indefinite lengths"},
		{"a long length in front", append([]byte{0x30, 0x83, 0, der[2], der[3]}, der[4:]...),
			"x509ca: parse: the certificate is in BER, not in DER: found BER, wanted DER; openssl asn1parse -inform DER shows the indefinite " +
				"lengths"},
	} {
		cert, err := Decode(EncodeCertificate(c.der))
		if err == nil {
			err = (&Rules{Now: now}).CheckRoot(cert)
		}
		if got := textOf(err); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got, c.want)
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// openLength writes the outermost SEQUENCE with an indefinite length.
func openLength(der []byte) []byte {
	in := cryptobyte.String(der)
	var body cryptobyte.String
	in.ReadASN1(&body, tag.SEQUENCE)
	return append(append([]byte{0x30, 0x80}, body...), 0, 0)
}

// What is often given in place of a certificate is named.
func TestWhatIsNoCertificateIsNamed(t *testing.T) {
	key := rsa2048().(*rsa.PrivateKey)
	ec := p256()
	crl := must(
		x509.CreateRevocationList(
			rand.Reader,
			&x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.AddDate(0, 1, 0)},
			newRoot(t).Certificate,
			p256(),
		),
	)
	encrypted := encryptedKey(t, key)
	for _, c := range []struct {
		label string
		der   []byte
		want  string
	}{
		{"CERTIFICATE REQUEST", must(CSR(key, crypto.SHA256, subject)), asn1kind.Request},
		{"NEW CERTIFICATE REQUEST", must(CSR(ec, crypto.SHA256, subject)), asn1kind.Request},
		{"PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key.Public())), asn1kind.PublicKey},
		{"PUBLIC KEY", must(x509.MarshalPKIXPublicKey(ec.Public())), asn1kind.PublicKey},
		{"RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey), asn1kind.PublicKey},
		{"PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)), asn1kind.PrivateKey},
		{"PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ec)), asn1kind.PrivateKey},
		{"RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), asn1kind.PrivateKey},
		{"EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKeyOf(ec))), asn1kind.PrivateKey},
		{"ENCRYPTED PRIVATE KEY", encrypted, asn1kind.EncryptedKey},
		{"X509 CRL", crl, asn1kind.CRL},
	} {
		for form, text := range map[string]string{"PEM": inPEM(c.label, c.der), "DER": string(c.der),
			"mislabelled": inPEM(certificateType, c.der)} {
			_, err := Decode(text)
			if err == nil || !strings.HasSuffix(err.Error(), ": found "+c.want+", wanted a certificate") {
				t.Errorf("%s as %s: got %v, want %s", c.label, form, err, c.want)
			}
		}
	}
}

// FuzzParseLoose: the own reader reads what crypto/x509 reads, and the same.
func FuzzParseLoose(f *testing.F) {
	f.Add(loosely{serial: 7}.certificate(f))
	f.Add(loosely{serial: -7, noNull: true}.certificate(f))
	f.Add(loosely{serial: 1, pss: &pssOrder{crypto.SHA256, crypto.SHA256, 222}}.certificate(f))
	root := newRoot(f)
	f.Add(root.Raw)
	f.Add(root.leaf(f).Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		if spki := publicKeyOf(der); spki == nil || checkPublicKey(spki) != nil {
			return
		}
		want, failed := x509.ParseCertificate(der)
		got, err := parseLoose(der)
		if failed != nil || want.Version != 3 { // of others crypto/x509 skips the extensions
			return
		}
		if err != nil &&
			(strings.Contains(err.Error(), "the end of") || strings.Contains(err.Error(), "BER")) { // crypto/x509 does not look at every end
			return
		}
		if err != nil {
			t.Fatalf("%X: %v", der, err)
		}
		for _, field := range []string{"Raw", "RawTBSCertificate", "RawSubjectPublicKeyInfo", "RawSubject", "RawIssuer", "Signature",
			"Version", "NotBefore", "NotAfter",
			"KeyUsage", "BasicConstraintsValid", "IsCA", "MaxPathLen", "MaxPathLenZero", "SubjectKeyId"} {
			a, b := reflect.ValueOf(got).
				Elem().
				FieldByName(field).
				Interface(),
				reflect.ValueOf(want).
					Elem().
					FieldByName(field).
					Interface()
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%X: %s is %v, want %v", der, field, a, b)
			}
		}
		if got.SerialNumber.Cmp(want.SerialNumber) != 0 || len(got.Extensions) != len(want.Extensions) {
			t.Fatalf("%X: read as %+v, want %+v", der, got, want)
		}
	})
}

func ecKeyOf(s crypto.Signer) *ecdsa.PrivateKey { return s.(*ecdsa.PrivateKey) }

// encryptedKey has the form of PKCS #8's EncryptedPrivateKeyInfo (RFC 5958, section 3).
func encryptedKey(t testing.TB, key *rsa.PrivateKey) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13})
			b.AddASN1(tag.SEQUENCE, func(*cryptobyte.Builder) {})
		})
		b.AddASN1OctetString(x509.MarshalPKCS1PrivateKey(key))
	})
	return b.BytesOrPanic()
}

// addExtension writes an Extension (RFC 5280, section 4.1).
func addExtension(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, critical bool, content func(*cryptobyte.Builder)) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(tag.OCTET_STRING, content)
	})
}
