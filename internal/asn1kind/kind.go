// Package asn1kind names the files of cryptography that are often taken for each other.
package asn1kind

import (
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// The kinds there are.
const (
	Certificate  = "a certificate"
	Request      = "a certificate request"
	PublicKey    = "a bare public key"
	PrivateKey   = "a private key"
	EncryptedKey = "an encrypted private key"
	CRL          = "a revocation list"
	CMS          = "a PKCS #7 or CMS message"
	pkcs12       = "a PKCS #12 file"
)

// shapes are kinds of DER by the tags of the first levels, one letter each: s SEQUENCE, i INTEGER,
// b BIT STRING, o OCTET STRING, d OBJECT IDENTIFIER, t Time, 0 to 3 context tags, * anything else;
// brackets hold what is in the first SEQUENCE. A shape matches what it begins.
var shapes = []struct{ shape, kind string }{
	{"s[0isssss", Certificate}, {"s[isssss", Certificate},
	{"s[iss0]sb", Request}, {"s[iss]sb", Request}, // version, name, key, attributes
	{"s[isst", CRL}, {"s[sst", CRL}, // version, algorithm, issuer, time
	{"s[d*]b", PublicKey}, {"s[dd]b", PublicKey}, {"s[d]b", PublicKey}, {"s[ds]b", PublicKey},
	{"s[ds]o", EncryptedKey},
	{"is[d*]o", PrivateKey}, {"is[dd]o", PrivateKey}, {"is[d]o", PrivateKey}, {"is[ds]o", PrivateKey}, // PKCS #8
	{"iiiiii", PrivateKey}, {"io", PrivateKey}, // RSA, DSA and EC keys of their own
	{"is[d0]", pkcs12}, {"d0", CMS},
	{"ii", PublicKey}, // RSA
}

// Of names what DER is, by its shape, or is empty.
func Of(der []byte) string {
	in := cryptobyte.String(der)
	var body cryptobyte.String
	if !in.ReadASN1(&body, tag.SEQUENCE) {
		return ""
	}
	shape := shapeOf(body)
	for _, row := range shapes {
		if strings.HasPrefix(shape, row.shape) {
			return row.kind
		}
	}
	return ""
}

func shapeOf(in cryptobyte.String) string {
	var out strings.Builder
	for first := true; !in.Empty() && out.Len() < 40; {
		var value cryptobyte.String
		var t tag.Tag
		if !in.ReadAnyASN1(&value, &t) {
			break
		}
		out.WriteByte(letterOf(t))
		if t == tag.SEQUENCE && first {
			out.WriteString("[" + tagsOf(value) + "]")
			first = false
		}
	}
	return out.String()
}

func tagsOf(in cryptobyte.String) string {
	var out strings.Builder
	for !in.Empty() && out.Len() < 20 {
		var value cryptobyte.String
		var t tag.Tag
		if !in.ReadAnyASN1(&value, &t) {
			break
		}
		out.WriteByte(letterOf(t))
	}
	return out.String()
}

func letterOf(t tag.Tag) byte {
	switch t {
	case tag.SEQUENCE:
		return 's'
	case tag.INTEGER:
		return 'i'
	case tag.BIT_STRING:
		return 'b'
	case tag.OCTET_STRING:
		return 'o'
	case tag.OBJECT_IDENTIFIER:
		return 'd'
	case tag.UTCTime, tag.GeneralizedTime:
		return 't'
	}
	if n := t &^ 0x20; n >= 0x80 && n <= 0x83 {
		return '0' + byte(n-0x80)
	}
	return '*'
}

// labels are those of RFC 7468 and of OpenSSL.
var labels = map[string]string{
	"CERTIFICATE": Certificate, "X509 CERTIFICATE": Certificate,
	"CERTIFICATE REQUEST": Request, "NEW CERTIFICATE REQUEST": Request,
	"PUBLIC KEY": PublicKey, "RSA PUBLIC KEY": PublicKey,
	"PRIVATE KEY": PrivateKey, "RSA PRIVATE KEY": PrivateKey, "EC PRIVATE KEY": PrivateKey, "DSA PRIVATE KEY": PrivateKey,
	"ENCRYPTED PRIVATE KEY": EncryptedKey, "X509 CRL": CRL, "PKCS7": CMS, "CMS": CMS,
	"TRUSTED CERTIFICATE": "a trusted certificate of OpenSSL",
}

// OfLabel names what a block of PEM is, by its label, or is empty.
func OfLabel(label string) string { return labels[label] }
