package tr34

import (
	"crypto"
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
)

// The messages around a key token, which this package only reads, written for its tests.

// newBinding makes the token that b describes, signed by the owner of a certificate. A CA
// unbind without nonce and time has no signed attributes, as in annex B.
func newBinding(b *Binding, signer *x509.Certificate, key crypto.Signer) ([]byte, error) {
	rule := &bindingRules[b.Kind]
	m := signedData{version: 1, digests: 1, contentType: oidData}
	var err error
	if m.crls, err = withCRL(b.CRL); err != nil {
		return nil, err
	}
	m.content, err = encode(func(out *cryptobyte.Builder) {
		b.KRD.add(out)
		if rule.byCA {
			b.OldKDH.add(out)
		}
	})
	if err == nil && rule.rebind {
		inner := signedData{version: 1, contentType: oidData, content: m.content, certificates: [][]byte{b.NewKDH}}
		m.contentType = oidSigned
		m.content, err = encode(func(out *cryptobyte.Builder) {
			if b.WithSequence {
				addSequence(out, inner.add)
			} else {
				inner.add(out)
			}
		})
	}
	var a *attributes
	if b.Kind != UnbindCA || b.Nonce != nil || !b.SigningTime.IsZero() {
		a = &attributes{nonce: b.Nonce, time: toSecond(b.SigningTime)}
	}
	if err == nil {
		err = m.sign(signer, key, a, true)
	}
	if err != nil {
		return nil, err
	}
	return m.encode()
}

// newCredential makes a credential token.
func newCredential(c *Credential) ([]byte, error) {
	s := signedData{version: 1, contentType: oidData, certificates: [][]byte{c.Certificate}}
	if c.CRL != nil {
		s.crls = [][]byte{c.CRL}
	}
	return s.encode()
}

// newRandom makes a random number token.
func newRandom(nonce []byte) ([]byte, error) {
	return encode(func(b *cryptobyte.Builder) {
		addAttribute(b, oidNonce, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
	})
}
