package x509ca

import (
	"bytes"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/ber"
)

// What is often given in place of a certificate.
const (
	kindRequest      = "a certificate request"
	kindPublicKey    = "a bare public key"
	kindPrivateKey   = "a private key"
	kindEncryptedKey = "an encrypted private key"
	kindCRL          = "a revocation list"
	kindCMS          = "a PKCS #7 or CMS message"
	kindPKCS12       = "a PKCS #12 file"
)

// shapes tell what DER is by the tags of its first levels, one letter each: s
// SEQUENCE, i INTEGER, b BIT STRING, o OCTET STRING, d OBJECT IDENTIFIER, t Time, 0
// to 3 context tags, * anything else; brackets hold what is in the first SEQUENCE.
// A shape matches what it begins.
var shapes = []struct{ shape, kind string }{
	{"s[iss0]sb", kindRequest}, {"s[iss]sb", kindRequest}, // version, name, key, attributes
	{"s[isst", kindCRL}, {"s[sst", kindCRL}, // version, algorithm, issuer, time
	{"s[d*]b", kindPublicKey}, {"s[dd]b", kindPublicKey}, {"s[d]b", kindPublicKey}, {"s[ds]b", kindPublicKey},
	{"s[ds]o", kindEncryptedKey},
	{"is[d*]o", kindPrivateKey}, {"is[dd]o", kindPrivateKey}, {"is[d]o", kindPrivateKey}, // PKCS #8
	{"iiiiiiiii", kindPrivateKey}, {"io", kindPrivateKey}, // RSA and EC keys of their own
	{"is[d0]", kindPKCS12}, {"d0", kindCMS},
	{"ii", kindPublicKey}, // RSA
}

// kindOf names what is no certificate, or is empty.
func kindOf(der []byte) string {
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

// isBER reports whether something has the lengths or the constructed strings that
// BER allows and DER (X.690, section 10) does not.
func isBER(in []byte) bool {
	der, ok := ber.Normalize(in)
	return ok && !bytes.Equal(der, in)
}

// cannotRead says why DER that no reader takes is refused.
func cannotRead(der []byte, part string) error {
	if kind := kindOf(der); kind != "" {
		return refuse(RuleParse, problemNotCertificate, kind, "a certificate")
	}
	if isBER(der) {
		return refuse(RuleParse, problemBER, "BER", "DER; openssl asn1parse -inform DER shows the indefinite lengths")
	}
	return refuse(RuleParse, problemParse, "", part)
}
