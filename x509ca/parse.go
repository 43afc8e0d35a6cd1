package x509ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// parse reads a certificate, by crypto/x509 where that takes it. Of a certificate of
// version 1 or 2 crypto/x509 skips the extensions, which then have no effect; OpenSSL
// applies them.
func parse(der []byte) (*x509.Certificate, error) {
	if spki := publicKeyOf(der); spki != nil {
		if err := checkPublicKey(spki); err != nil {
			return nil, err
		}
	}
	if c, err := x509.ParseCertificate(der); err == nil && c.Version == 3 {
		return c, nil
	}
	return parseLoose(der)
}

// loose takes DER apart, element by element. The first thing that is missing or
// wrong is kept by its name, and everything read after it is empty.
type loose struct {
	in   cryptobyte.String
	fail *string // shared by all readers of one certificate
}

func (r *loose) refuse(part string) {
	if *r.fail == "" {
		*r.fail = part
	}
}

// hold refuses what was not read.
func (r *loose) hold(ok bool, part string) {
	if !ok {
		r.refuse(part)
	}
}

// open goes into the next element; whole is that with its tag and length.
func (r *loose) open(t tag.Tag, part string) (in *loose, whole []byte) {
	in = &loose{fail: r.fail}
	var element cryptobyte.String
	r.hold(r.in.ReadASN1Element(&element, t), part)
	whole = element
	r.hold(element.ReadASN1(&in.in, t), part)
	return in, whole
}

// end holds that everything was read.
func (r *loose) end(part string) { r.hold(r.in.Empty(), "the end of "+part) }

// parseLoose reads the certificates that crypto/x509 refuses and OpenSSL takes: with
// a negative serial number, an RSA key without NULL, strings with characters that
// their type does not have, or malformed extensions that nothing here looks at. It
// fills the fields that [Rules] and the packages above look at; names are in
// RawIssuer and RawSubject alone. The public key has been checked.
func parseLoose(der []byte) (*x509.Certificate, error) {
	file := &loose{bytes.Clone(der), new(string)}
	outer, whole := file.open(tag.SEQUENCE, "a certificate")
	if behind := len(file.in); *file.fail == "" && behind > 0 {
		return nil, refuse(RuleParse, problemBehind, wording.Bytes(behind), "")
	}
	c := &x509.Certificate{Raw: whole}
	body, tbs := outer.open(tag.SEQUENCE, "the part that is signed")
	_, algorithm := outer.open(tag.SEQUENCE, "the signature algorithm")
	var signature asn1.BitString
	outer.hold(outer.in.ReadASN1BitString(&signature), "the signature")
	outer.end("the certificate")
	c.RawTBSCertificate, c.Signature = tbs, signature.RightAlign()
	inner := body.body(c)
	if *file.fail != "" {
		return nil, cannotRead(der, *file.fail)
	}
	if !bytes.Equal(inner, algorithm) {
		return nil, refuse(RuleParse, problemTwoAlgorithms, algorithmName(inner), algorithmName(algorithm))
	}
	return c, nil
}

// algorithmName is the object identifier of an AlgorithmIdentifier.
func algorithmName(der []byte) string {
	in := cryptobyte.String(der)
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&in, tag.SEQUENCE) || !in.ReadASN1ObjectIdentifier(&oid) {
		return "none"
	}
	return oid.String()
}

var (
	context0 = tag.Tag(0).Constructed().ContextSpecific()
	context1 = tag.Tag(1).ContextSpecific()
	context2 = tag.Tag(2).ContextSpecific()
	context3 = tag.Tag(3).Constructed().ContextSpecific()
)

// body reads what is in a TBSCertificate (RFC 5280, section 4.1) and returns its
// signature algorithm.
func (r *loose) body(c *x509.Certificate) (algorithm []byte) {
	version := 0
	if r.in.PeekASN1Tag(context0) {
		in, _ := r.open(context0, "the version")
		r.hold(in.in.ReadASN1Integer(&version) && version >= 0 && version <= 2, "the version")
		in.end("the version")
	}
	c.Version = version + 1
	c.SerialNumber = new(big.Int)
	r.hold(r.in.ReadASN1Integer(c.SerialNumber), "the serial number")
	_, algorithm = r.open(tag.SEQUENCE, "the signature algorithm")
	_, c.RawIssuer = r.open(tag.SEQUENCE, "the issuer")
	validity, _ := r.open(tag.SEQUENCE, "the validity")
	c.NotBefore, c.NotAfter = validity.time(), validity.time()
	validity.end("the validity")
	_, c.RawSubject = r.open(tag.SEQUENCE, "the subject")
	_, c.RawSubjectPublicKeyInfo = r.open(tag.SEQUENCE, "the public key")
	c.PublicKeyAlgorithm, c.PublicKey = readPublicKey(c.RawSubjectPublicKeyInfo)
	r.hold(r.in.SkipOptionalASN1(context1) && r.in.SkipOptionalASN1(context2), "the unique identifiers")
	if r.in.PeekASN1Tag(context3) {
		in, _ := r.open(context3, "the extensions")
		in.extensions(c)
	}
	r.end("the part that is signed")
	return algorithm
}

// time reads a Time (section 4.1.2.5).
func (r *loose) time() (t time.Time) {
	if r.in.PeekASN1Tag(tag.UTCTime) {
		r.hold(r.in.ReadASN1UTCTime(&t), "the validity")
	} else {
		r.hold(r.in.ReadASN1GeneralizedTime(&t), "the validity")
	}
	return t
}

// extensions reads all of them, and those apart that the rules look at. One that
// appears twice is refused (section 4.2).
func (r *loose) extensions(c *x509.Certificate) {
	list, _ := r.open(tag.SEQUENCE, "the extensions")
	r.end("the extensions")
	for !list.in.Empty() && *r.fail == "" {
		var e pkix.Extension
		var value cryptobyte.String
		one, _ := list.open(tag.SEQUENCE, "an extension")
		one.hold(one.in.ReadASN1ObjectIdentifier(&e.Id), "the type of an extension")
		if one.in.PeekASN1Tag(tag.BOOLEAN) {
			one.hold(one.in.ReadASN1Boolean(&e.Critical), "an extension's critical")
		}
		one.hold(one.in.ReadASN1(&value, tag.OCTET_STRING), "the value of an extension")
		one.end("an extension")
		twice := slices.ContainsFunc(c.Extensions, func(o pkix.Extension) bool { return o.Id.Equal(e.Id) })
		one.hold(!twice, "extension "+e.Id.String()+" once")
		e.Value = value
		c.Extensions = append(c.Extensions, e)
		(&loose{value, r.fail}).extension(c, e.Id)
	}
}

// extension reads the content of one.
func (r *loose) extension(c *x509.Certificate, id asn1.ObjectIdentifier) {
	part := "extension " + id.String() + " in its form"
	switch {
	case id.Equal(idBasicConstraints):
		r.basicConstraints(c, part)
	case id.Equal(idKeyUsage):
		var bits asn1.BitString
		r.hold(r.in.ReadASN1BitString(&bits), part)
		for i := range keyUsageNames {
			if bits.At(i) != 0 {
				c.KeyUsage |= 1 << i
			}
		}
	case id.Equal(idSubjectKeyIdentifier):
		r.hold(r.in.ReadASN1Bytes(&c.SubjectKeyId, tag.OCTET_STRING), part)
	default: // what nothing looks at
		return
	}
	r.end(part)
}

// basicConstraints reads a CA flag and a path length (section 4.2.1.9).
func (r *loose) basicConstraints(c *x509.Certificate, part string) {
	in, _ := r.open(tag.SEQUENCE, part)
	c.MaxPathLen = -1 // as crypto/x509 says that there is none
	if in.in.PeekASN1Tag(tag.BOOLEAN) {
		in.hold(in.in.ReadASN1Boolean(&c.IsCA), part)
	}
	if in.in.PeekASN1Tag(tag.INTEGER) {
		in.hold(in.in.ReadASN1Integer(&c.MaxPathLen) && c.MaxPathLen >= 0, part)
	}
	in.end(part)
	c.BasicConstraintsValid, c.MaxPathLenZero = true, c.MaxPathLen == 0
}

// readPublicKey is the key in a SubjectPublicKeyInfo that has been checked; one of
// another algorithm is nil.
func readPublicKey(spki []byte) (x509.PublicKeyAlgorithm, any) {
	in := cryptobyte.String(spki)
	var algorithm, seq cryptobyte.String
	var oid, curve asn1.ObjectIdentifier
	var key []byte
	if !in.ReadASN1(&in, tag.SEQUENCE) || !in.ReadASN1(&algorithm, tag.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) || !in.ReadASN1BitStringAsBytes(&key) {
		return x509.UnknownPublicKeyAlgorithm, nil
	}
	if oid.Equal(idRSA) {
		rest, public := cryptobyte.String(key), &rsa.PublicKey{N: new(big.Int)}
		if rest.ReadASN1(&seq, tag.SEQUENCE) && seq.ReadASN1Integer(public.N) && seq.ReadASN1Integer(&public.E) {
			return x509.RSA, public
		}
	}
	if oid.Equal(idEC) && algorithm.ReadASN1ObjectIdentifier(&curve) {
		for _, known := range knownCurves {
			if !known.oid.Equal(curve) {
				continue
			}
			if public, err := ecdsa.ParseUncompressedPublicKey(known.curve, key); err == nil {
				return x509.ECDSA, public
			}
		}
	}
	return x509.UnknownPublicKeyAlgorithm, nil
}
