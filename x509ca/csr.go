package x509ca

import (
	"crypto"
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// CSR makes a certification request (PKCS #10, RFC 2986) for the signer's key,
// RSA or ECDSA, without attributes, and returns its DER. The hash is SHA224,
// SHA256, SHA384 or SHA512. The subject is in it as [Name.DER] writes it.
//
// It is refused with [RuleName], [RuleHash], [RuleKeyType], or [RuleSignature]
// if the signer returns no signature by its key. An error of the signer is
// wrapped.
func CSR(signer crypto.Signer, hash crypto.Hash, subject Name) (der []byte, err error) {
	key, err := signerKey(signer)
	if err != nil {
		return nil, err
	}
	alg, err := algorithmFor(key.key, hash)
	if err != nil {
		return nil, err
	}
	name, err := subject.DER()
	if err != nil {
		return nil, err
	}
	var info cryptobyte.Builder
	info.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0) // v1
		b.AddBytes(name)
		b.AddBytes(key.spki)
		b.AddASN1(tag.Tag(0).Constructed().ContextSpecific(), func(*cryptobyte.Builder) {}) // no attributes
	})
	body, err := info.Bytes()
	if err != nil {
		return nil, err
	}
	return alg.sign(signer, key.key, body)
}

// sign puts a signature and its algorithm after a body: crypto/x509 does not sign
// requests with SHA-224.
func (a *algorithm) sign(signer crypto.Signer, public crypto.PublicKey, body []byte) ([]byte, error) {
	signature, err := signer.Sign(rand.Reader, a.digest(body), a.hash)
	if err != nil {
		return nil, fmt.Errorf("x509ca: signing: %w", err)
	}
	if !a.verifies(public, body, signature) {
		return nil, refuse(RuleSignature, problemWrongSignature, "", wantedSignature)
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(body)
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(a.oid)
			if a.null {
				b.AddASN1NULL()
			}
		})
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}
