package x509ca

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/dn"
)

// brokenSignatures are not taken even if they verify. crypto/x509 would take
// the ones with SHA-1 in the function we use.
var brokenSignatures = map[x509.SignatureAlgorithm]bool{
	x509.MD2WithRSA:    true,
	x509.MD5WithRSA:    true,
	x509.SHA1WithRSA:   true,
	x509.DSAWithSHA1:   true,
	x509.ECDSAWithSHA1: true,
}

// checkSignature verifies by the issuer's key alone: whether the issuer may sign
// is for other rules, which can be lenient.
func (p *path) checkSignature(i int) error {
	c, issuer := p.certificates[i], p.above(i)
	if issuer == nil {
		return nil
	}
	if brokenSignatures[c.SignatureAlgorithm] {
		return p.refuse(i, RuleSignatureAlgorithm, problemSignatureAlgorithm, c.SignatureAlgorithm.String(), "RSA or ECDSA with SHA-224 or better")
	}
	if c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
		return p.checkSHA224(i)
	}
	if err := issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return p.refuse(i, RuleSignature, problemSignature, "", "a signature by "+dn.String(issuer.RawSubject))
	}
	return nil
}

// checkSHA224 verifies the signatures with SHA-224, which crypto/x509 does not know.
func (p *path) checkSHA224(i int) error {
	c, issuer := p.certificates[i], p.above(i)
	oid := signatureOID(c.Raw)
	alg, err := algorithmFor(issuer.PublicKey, crypto.SHA224)
	if err != nil || !alg.oid.Equal(oid) {
		return p.refuse(i, RuleSignatureAlgorithm, problemSignatureAlgorithm, oid.String(), "RSA or ECDSA with SHA-224 or better")
	}
	if !alg.verifies(issuer.PublicKey, c.RawTBSCertificate, c.Signature) {
		return p.refuse(i, RuleSignature, problemSignature, "", "a signature by "+dn.String(issuer.RawSubject))
	}
	return nil
}

// signatureOID reads the algorithm of a certificate's signature; nil if there is
// none.
func signatureOID(der []byte) asn1.ObjectIdentifier {
	in := cryptobyte.String(der)
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&in, tag.SEQUENCE) || !in.SkipASN1(tag.SEQUENCE) || !in.ReadASN1(&in, tag.SEQUENCE) || !in.ReadASN1ObjectIdentifier(&oid) {
		return nil
	}
	return oid
}
