package x509ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/dn"
)

// brokenSignatures are not taken even if they verify.
var brokenSignatures = []struct {
	oid  asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 2}, "MD2-RSA"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}, "MD5-RSA"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, "SHA1-RSA"},
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 29}, "SHA1-RSA"},
	{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 3}, "DSA-SHA1"},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, "ECDSA-SHA1"},
}

var (
	idPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10} // RFC 4055, section 3.1
	idMGF1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// digests are the hashes of PSS parameters, by object identifier (RFC 4055, section
// 2.1).
var digests = []struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, crypto.SHA1},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}, crypto.SHA224},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512},
}

const takenSignatures = "RSA, RSA-PSS or ECDSA with SHA-224 or better"

// checkSignature verifies by the issuer's key alone: whether the issuer may sign
// is for other rules, which can be lenient.
func (p *path) checkSignature(i int) error {
	c, issuer := p.certificates[i], p.above(i)
	if issuer == nil {
		return nil
	}
	s, found := schemeOf(signatureAlgorithm(c.Raw))
	if found != "" {
		return p.refuse(i, RuleSignatureAlgorithm, problemSignatureAlgorithm, found, takenSignatures)
	}
	if !s.verifies(issuer.PublicKey, c.RawTBSCertificate, c.Signature) {
		return p.refuse(i, RuleSignature, problemSignature, "", "a signature by "+dn.String(issuer.RawSubject))
	}
	return nil
}

// scheme is how a signature is made.
type scheme struct {
	hash  crypto.Hash
	ecdsa bool            // by ECDSA, else by RSA: PKCS #1 v1.5 or
	pss   *rsa.PSSOptions // PSS
}

func (s *scheme) verifies(key crypto.PublicKey, body, signature []byte) bool {
	h := s.hash.New()
	h.Write(body)
	digest := h.Sum(nil)
	switch k := key.(type) {
	case *rsa.PublicKey:
		if s.pss != nil {
			return rsa.VerifyPSS(k, s.hash, digest, signature, s.pss) == nil
		}
		return !s.ecdsa && rsa.VerifyPKCS1v15(k, s.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return s.ecdsa && ecdsa.VerifyASN1(k, digest, signature)
	}
	return false
}

// schemeOf reads the content of an AlgorithmIdentifier. What is broken or unknown is
// found.
func schemeOf(algorithm cryptobyte.String) (s scheme, found string) {
	var oid asn1.ObjectIdentifier
	if !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return s, "none"
	}
	if oid.Equal(idPSS) {
		return pssScheme(algorithm)
	}
	for _, broken := range brokenSignatures {
		if broken.oid.Equal(oid) {
			return s, broken.name
		}
	}
	for _, row := range hashes {
		switch {
		case row.rsa.Equal(oid):
			return scheme{hash: row.hash}, ""
		case row.ecdsa.Equal(oid):
			return scheme{hash: row.hash, ecdsa: true}, ""
		}
	}
	return s, oid.String()
}

// pssScheme reads RSASSA-PSS-params (RFC 4055, section 3.1), whose members have
// defaults with SHA-1. The salt may have any length. The standard library has one
// hash for the message and for MGF1, so others are refused.
func pssScheme(in cryptobyte.String) (s scheme, found string) {
	const malformed = "RSA-PSS with malformed parameters"
	hash, mask, salt, trailer := crypto.SHA1, crypto.SHA1, 20, 1
	var params, part, inner cryptobyte.String
	var present bool
	ok := in.ReadASN1(&params, tag.SEQUENCE) && in.Empty()
	if ok = ok && params.ReadOptionalASN1(&part, &present, explicit(0)); ok && present {
		hash, ok = digestOf(&part)
	}
	if ok = ok && params.ReadOptionalASN1(&part, &present, explicit(1)); ok && present {
		var oid asn1.ObjectIdentifier
		if ok = part.ReadASN1(&inner, tag.SEQUENCE) && inner.ReadASN1ObjectIdentifier(&oid) && oid.Equal(idMGF1); ok {
			mask, ok = digestOf(&inner)
		}
	}
	ok = ok && params.ReadOptionalASN1Integer(&salt, explicit(2), 20) && params.ReadOptionalASN1Integer(&trailer, explicit(3), 1)
	switch {
	case !ok || !params.Empty() || salt < 0 || trailer != 1:
		return s, malformed
	case hash == 0 || mask == 0:
		return s, "RSA-PSS with an unknown hash"
	case hash == crypto.SHA1:
		return s, "RSA-PSS with SHA-1"
	case hash != mask:
		return s, fmt.Sprintf("RSA-PSS with %s and MGF1 with %s", hash, mask)
	}
	// A salt of length 0 means any in PSSOptions: it is found out.
	return scheme{hash: hash, pss: &rsa.PSSOptions{SaltLength: salt, Hash: hash}}, ""
}

func explicit(n uint8) tag.Tag { return tag.Tag(n).Constructed().ContextSpecific() }

// digestOf reads an AlgorithmIdentifier of a hash; an unknown one is 0.
func digestOf(in *cryptobyte.String) (crypto.Hash, bool) {
	var algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&algorithm, tag.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return 0, false
	}
	for _, row := range digests {
		if row.oid.Equal(oid) {
			return row.hash, true
		}
	}
	return 0, true
}

// signatureAlgorithm is the content of a certificate's signatureAlgorithm; empty if
// there is none.
func signatureAlgorithm(der []byte) cryptobyte.String {
	in := cryptobyte.String(der)
	if !in.ReadASN1(&in, tag.SEQUENCE) || !in.SkipASN1(tag.SEQUENCE) || !in.ReadASN1(&in, tag.SEQUENCE) {
		return nil
	}
	return in
}
