package x509ca

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// hashes are what we sign with, and the signature algorithms for it: PKCS #1
// v1.5 (RFC 8017, appendix A.2.4) and ECDSA (RFC 5758, section 3.2). SHA-1 and
// MD5 have no row, and crypto/x509 has no name for those with SHA-224.
var hashes = []struct {
	hash               crypto.Hash
	rsa, ecdsa         asn1.ObjectIdentifier
	rsaX509, ecdsaX509 x509.SignatureAlgorithm
}{
	{crypto.SHA224, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 14}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 1}, 0, 0},
	{
		crypto.SHA256,
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11},
		asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2},
		x509.SHA256WithRSA,
		x509.ECDSAWithSHA256,
	},
	{
		crypto.SHA384,
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12},
		asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3},
		x509.SHA384WithRSA,
		x509.ECDSAWithSHA384,
	},
	{
		crypto.SHA512,
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13},
		asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4},
		x509.SHA512WithRSA,
		x509.ECDSAWithSHA512,
	},
}

// publicKey is a public key with what is written of it.
type publicKey struct {
	key  crypto.PublicKey
	spki []byte // DER SubjectPublicKeyInfo
	id   []byte // SHA-1 of the key's bits: RFC 5280, section 4.2.1.2, method 1
}

const (
	wantedKey       = "a key that crypto/x509 can write"
	wantedSignature = "PKCS #1 v1.5, or ECDSA in DER"
)

// newPublicKey refuses what cannot be written in a certificate, such as a nil
// key.
func newPublicKey(key crypto.PublicKey) (*publicKey, error) {
	if isEmpty(key) {
		return nil, refuse(RuleKeyType, problemNoKey, fmt.Sprintf("%T", key), "")
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, refuse(RuleKeyType, problemUnwritableKey, fmt.Sprintf("%T", key), wantedKey)
	}
	id, ok := keyID(spki)
	if !ok {
		return nil, refuse(RuleKeyType, problemUnwritableKey, fmt.Sprintf("%T", key), wantedKey)
	}
	return &publicKey{key: key, spki: spki, id: id}, nil
}

// isEmpty finds the keys on which the standard library would panic.
func isEmpty(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k == nil || k.N == nil
	case *ecdsa.PublicKey:
		//lint:ignore SA1019 PublicKey.Bytes, which is meant instead, panics on such keys
		return k == nil || k.Curve == nil || k.X == nil || k.Y == nil
	case *ecdh.PublicKey:
		return k == nil || k.Curve() == nil
	}
	return key == nil
}

// keyID makes the key identifier of a DER SubjectPublicKeyInfo.
func keyID(spki []byte) ([]byte, bool) {
	in := cryptobyte.String(spki)
	var key []byte
	if !in.ReadASN1(&in, tag.SEQUENCE) || !in.SkipASN1(tag.SEQUENCE) || !in.ReadASN1BitStringAsBytes(&key) {
		return nil, false
	}
	sum := sha1.Sum(key)
	return sum[:], true
}

// algorithm is how a kind of key signs a hash.
type algorithm struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
	null bool // parameters: NULL for RSA, absent for ECDSA
	x509 x509.SignatureAlgorithm
}

// algorithmFor finds it.
func algorithmFor(key crypto.PublicKey, h crypto.Hash) (*algorithm, error) {
	for _, row := range hashes {
		if row.hash != h {
			continue
		}
		switch key.(type) {
		case *rsa.PublicKey:
			return &algorithm{h, row.rsa, true, row.rsaX509}, nil
		case *ecdsa.PublicKey:
			return &algorithm{h, row.ecdsa, false, row.ecdsaX509}, nil
		}
		return nil, refuse(RuleKeyType, problemSignerKeyType, fmt.Sprintf("%T", key), "RSA or ECDSA")
	}
	return nil, refuse(RuleHash, problemHash, hashName(h), "SHA-224, SHA-256, SHA-384 or SHA-512")
}

func hashName(h crypto.Hash) string {
	if h == 0 {
		return "no hash"
	}
	return h.String()
}

func (a *algorithm) digest(body []byte) []byte {
	h := a.hash.New()
	h.Write(body)
	return h.Sum(nil)
}

func (a *algorithm) verifies(public crypto.PublicKey, body, signature []byte) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, a.hash, a.digest(body), signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, a.digest(body), signature)
	}
	return false
}
