package x509ca

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Extended key usages of RFC 5280, section 4.2.1.12. Others can be used as well.
var (
	ServerAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	ClientAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
)

// Profile is what a kind of certificate looks like. It is only read, so that
// goroutines may share one. The zero Profile is refused: it has no hash.
//
// A certificate has these extensions in this order: basic constraints,
// authority and subject key identifier, key usage if any, extended key usage if
// any.
type Profile struct {
	Hash crypto.Hash // of the signature: SHA256, SHA384 or SHA512

	// SerialSize is how many bytes of serial number are drawn for a Request
	// without one: 1 to 19, zero means 16.
	SerialSize int

	// CA makes an authority. PathLength limits how many further CAs may be
	// between it and a leaf; nil sets no limit. RFC 5280 has the extension
	// critical in a CA.
	CA                       bool
	PathLength               *int
	BasicConstraintsCritical bool

	// KeyUsage zero writes no such extension.
	KeyUsage         x509.KeyUsage
	KeyUsageCritical bool

	ExtKeyUsage []asn1.ObjectIdentifier

	// NoExtensions omits all of them, as many small authorities do for
	// their leaves. The fields above, but for Hash and SerialSize, are then zero.
	NoExtensions bool
}

const (
	defaultSerialSize = 16
	maxSerialSize     = 19 // drawn; one more could need 21 octets

	// allKeyUsages are the nine bits that section 4.2.1.3 names.
	allKeyUsages = x509.KeyUsageDecipherOnly<<1 - 1
)

// serialSize is SerialSize with its default.
func (p *Profile) serialSize() int {
	if p.SerialSize == 0 {
		return defaultSerialSize
	}
	return p.SerialSize
}

// check reports what contradicts itself. The hash is checked with the key.
func (p *Profile) check() error {
	switch size := p.serialSize(); {
	case size < 1 || size > maxSerialSize:
		return refuse(RuleProfile, problemSerialSize, wording.Bytes(size), "1 to "+strconv.Itoa(maxSerialSize))
	case p.PathLength != nil && !p.CA:
		return refuse(RuleProfile, problemPathNoCA, "", "")
	case p.PathLength != nil && *p.PathLength < 0:
		return refuse(RuleProfile, problemNegativePath, strconv.Itoa(*p.PathLength), "zero or more")
	case p.KeyUsage&^allKeyUsages != 0:
		return refuse(RuleProfile, problemUsageBits, strconv.Itoa(int(p.KeyUsage)), "the bits of RFC 5280")
	case p.NoExtensions && p.extends():
		return refuse(RuleProfile, problemExtensions, "", "one of them")
	}
	for _, oid := range p.ExtKeyUsage {
		if !validOID(oid) {
			return refuse(RuleProfile, problemExtKeyUsage, oid.String(), "")
		}
	}
	return nil
}

// extends reports whether the profile asks for anything in an extension.
func (p *Profile) extends() bool {
	return p.CA || p.BasicConstraintsCritical || p.KeyUsage != 0 || p.KeyUsageCritical || len(p.ExtKeyUsage) > 0
}

var (
	idSubjectKeyIdentifier   = asn1.ObjectIdentifier{2, 5, 29, 14}
	idKeyUsage               = asn1.ObjectIdentifier{2, 5, 29, 15}
	idSubjectAltName         = asn1.ObjectIdentifier{2, 5, 29, 17}
	idBasicConstraints       = asn1.ObjectIdentifier{2, 5, 29, 19}
	idNameConstraints        = asn1.ObjectIdentifier{2, 5, 29, 30}
	idCertificatePolicies    = asn1.ObjectIdentifier{2, 5, 29, 32}
	idAuthorityKeyIdentifier = asn1.ObjectIdentifier{2, 5, 29, 35}
	idExtKeyUsage            = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// extensions are those of a certificate (RFC 5280, section 4.1.2.9) for the key
// identifiers of the issuer and of the subject.
func (p *Profile) extensions(authority, subject []byte) (out []pkix.Extension, err error) {
	if p.NoExtensions {
		return nil, nil
	}
	add := func(id asn1.ObjectIdentifier, critical bool, value any) {
		der, failed := asn1.Marshal(value)
		out, err = append(out, pkix.Extension{Id: id, Critical: critical, Value: der}), errors.Join(err, failed)
	}
	constraints := basicConstraints{p.CA, -1}
	if p.PathLength != nil {
		constraints.PathLength = *p.PathLength
	}
	add(idBasicConstraints, p.BasicConstraintsCritical, constraints)
	add(idAuthorityKeyIdentifier, false, authorityKeyIdentifier{authority})
	add(idSubjectKeyIdentifier, false, subject)
	if p.KeyUsage != 0 {
		add(idKeyUsage, p.KeyUsageCritical, namedBits(p.KeyUsage))
	}
	if len(p.ExtKeyUsage) > 0 {
		add(idExtKeyUsage, false, p.ExtKeyUsage)
	}
	return out, err
}

type basicConstraints struct {
	CA         bool `asn1:"optional"`
	PathLength int  `asn1:"optional,default:-1"`
}

type authorityKeyIdentifier struct {
	ID []byte `asn1:"tag:0"`
}

// namedBits are usages as DER wants a list of named bits: the first one leftmost, and no
// zero bit after the last one set.
func namedBits(usage x509.KeyUsage) asn1.BitString {
	used := bits.Len16(uint16(usage))
	row := binary.BigEndian.AppendUint16(nil, bits.Reverse16(uint16(usage)))
	return asn1.BitString{Bytes: row[:(used+7)/8], BitLength: used}
}
