package x509ca

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/dn"
)

// issuerID is what an authority key identifier (RFC 5280, section 4.2.1.1) says of the
// issuer. Each part may be absent.
type issuerID struct {
	key    []byte
	name   []byte // DER of the name of the issuer's issuer
	serial *big.Int
}

// checkAuthorityKey compares what a certificate says of its issuer's certificate with that
// certificate. The standard gives the extension for finding an issuer; OpenSSL refuses one that
// does not fit, and so do we. It also takes a certificate that may be self-signed, by what it
// says, for an untrusted root.
func (p *path) checkAuthorityKey(i int) error {
	c, issuer := p.certificates[i], p.above(i)
	if issuer == nil {
		return nil
	}
	id := authorityKey(c)
	if err := p.compareIssuer(i, &id, issuer); err != nil {
		return err
	}
	if bytes.Equal(c.Raw, issuer.Raw) || !dn.Equal(c.RawSubject, c.RawIssuer) ||
		has(c, idKeyUsage) && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil
	}
	if p.compareIssuer(i, &id, c) == nil {
		return p.refuse(i, RuleIssuer, problemAuthorityUnnamed, "", "key identifiers that distinguish the two")
	}
	return nil
}

// compareIssuer refuses an issuer that is not the one that the identifier is of.
func (p *path) compareIssuer(i int, id *issuerID, issuer *x509.Certificate) error {
	if len(id.key) > 0 && len(issuer.SubjectKeyId) > 0 && !bytes.Equal(id.key, issuer.SubjectKeyId) {
		return p.refuse(i, RuleIssuer, problemAuthorityKey, "key identifier "+hex.EncodeToString(id.key),
			hex.EncodeToString(issuer.SubjectKeyId))
	}
	if id.serial != nil && id.serial.Cmp(issuer.SerialNumber) != 0 {
		return p.refuse(i, RuleIssuer, problemAuthoritySerial, "serial number "+id.serial.Text(16), issuer.SerialNumber.Text(16))
	}
	if id.name != nil && !dn.Equal(id.name, issuer.RawIssuer) {
		found, wanted := dn.Difference(id.name, issuer.RawIssuer)
		return p.refuse(i, RuleIssuer, problemAuthoritySerial, found, wanted)
	}
	return nil
}

// authorityKey reads the extension. What cannot be read is absent.
func authorityKey(c *x509.Certificate) (id issuerID) {
	for _, e := range c.Extensions {
		if !e.Id.Equal(idAuthorityKeyIdentifier) {
			continue
		}
		in := cryptobyte.String(e.Value)
		var key, names, serial cryptobyte.String
		var hasKey, hasNames, hasSerial bool
		if !in.ReadASN1(&in, tag.SEQUENCE) || !in.ReadOptionalASN1(&key, &hasKey, tag.Tag(0).ContextSpecific()) ||
			!in.ReadOptionalASN1(&names, &hasNames, context1.Constructed()) || !in.ReadOptionalASN1(&serial, &hasSerial, context2) {
			return issuerID{}
		}
		id.key, id.name = key, directoryName(names)
		if hasSerial {
			id.serial = integer(serial)
		}
	}
	return id
}

// integer is the number that the content of an INTEGER is, in two's complement.
func integer(content []byte) *big.Int {
	n := new(big.Int).SetBytes(content)
	if len(content) > 0 && content[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(content))))
	}
	return n
}

// directoryName is the first one of GeneralNames, or nil.
func directoryName(names cryptobyte.String) []byte {
	for !names.Empty() {
		var name cryptobyte.String
		var t tag.Tag
		if !names.ReadAnyASN1(&name, &t) {
			return nil
		}
		if t == tag.Tag(4).Constructed().ContextSpecific() {
			return name
		}
	}
	return nil
}
