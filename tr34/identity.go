package tr34

import (
	"bytes"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// IssuerSerial names a certificate, and so its owner, the way of CMS: by issuer
// and serial number (RFC 5652, section 10.2.4). The zero value names no certificate.
type IssuerSerial struct {
	Issuer []byte // DER of the Name, as received
	Serial *big.Int
}

// NameOf is how TR-34 names the owner of a certificate. It shares the
// certificate's memory.
func NameOf(c *x509.Certificate) IssuerSerial {
	return IssuerSerial{c.RawIssuer, c.SerialNumber}
}

// Names reports whether c is the certificate that id names. Names of issuers are
// compared as RFC 5280, section 7.1, says.
func (id IssuerSerial) Names(c *x509.Certificate) bool {
	return c != nil && id.whole() && NameOf(c).whole() && dn.Equal(id.Issuer, c.RawIssuer) && id.Serial.Cmp(c.SerialNumber) == 0
}

// String is for people: the distinguished name, and the serial number in
// hexadecimal.
func (id IssuerSerial) String() string {
	if !id.whole() {
		return "no certificate"
	}
	return fmt.Sprintf("%s, serial %X", dn.String(id.Issuer), id.Serial)
}

// mostShown is how many bytes of a name an error repeats.
const mostShown = 200

// difference describes two that are not the same certificate.
func (id IssuerSerial) difference(other IssuerSerial) (found, wanted string) {
	if !id.whole() || !other.whole() || dn.Equal(id.Issuer, other.Issuer) {
		return id.shown(), other.shown()
	}
	one, two := dn.Difference(id.Issuer, other.Issuer)
	return wording.Cut(fmt.Sprintf("%s, serial %X", one, id.Serial), mostShown), wording.Cut(
		fmt.Sprintf("%s, serial %X", two, other.Serial),
		mostShown,
	)
}

// shown is String for a refusal.
func (id IssuerSerial) shown() string { return wording.Cut(id.String(), mostShown) }

// whole reports whether a certificate is named.
func (id IssuerSerial) whole() bool { return len(id.Issuer) > 0 && id.Serial != nil }

// equal compares in constant time, since one side may have been encrypted.
func (id IssuerSerial) equal(other IssuerSerial) bool {
	return subtle.ConstantTimeCompare(id.Issuer, other.Issuer) == 1 &&
		subtle.ConstantTimeCompare(id.Serial.Bytes(), other.Serial.Bytes()) == 1 &&
		id.Serial.Sign() == other.Serial.Sign()
}

// rsaKey is the RSA key of a certificate, if it has one that can be used.
func rsaKey(c *x509.Certificate) (*rsa.PublicKey, bool) {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return key, ok && key != nil && key.N != nil
}

// add writes an IssuerAndSerialNumber.
func (id IssuerSerial) add(b *cryptobyte.Builder) {
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddBytes(id.Issuer)
		b.AddASN1BigInt(id.Serial)
	})
}

// clone shares nothing.
func (id IssuerSerial) clone() IssuerSerial {
	if !id.whole() {
		return IssuerSerial{}
	}
	return IssuerSerial{bytes.Clone(id.Issuer), new(big.Int).Set(id.Serial)}
}

// issuerSerial reads an IssuerAndSerialNumber.
func (r *reader) issuerSerial(field string) IssuerSerial {
	in := r.open(der.SEQUENCE, field)
	id := IssuerSerial{Issuer: in.element(der.SEQUENCE, field), Serial: new(big.Int)}
	if r.fail.err == nil && !in.in.ReadASN1Integer(id.Serial) {
		r.missing(field + " (serial number)")
	}
	in.end(field)
	return id
}
