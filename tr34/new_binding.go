package tr34

import (
	"crypto"
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
)

// NewBinding makes the unbind or rebind token that a [Binding] describes, signed
// by the owner of a certificate: by RSA, PKCS #1 v1.5, SHA-256. Kind, KRD,
// OldKDH, NewKDH, Nonce, SigningTime, CRL and WithSequence count, and are neither
// changed nor kept.
//
// A KDH form needs a nonce of 8 to 64 bytes, or a signing time, or both; a CA
// form needs neither, and a CA unbind without them has no signed attributes, as
// in annex B. Signed attributes stand in DER order.
//
// It refuses with class structure (Kind, KRD, OldKDH, length), certificate
// (signer's or NewKDH), signer (key is not the certificate's), nonce, time or
// crl. What key reports is passed on wrapped.
func NewBinding(b *Binding, signer *x509.Certificate, key crypto.Signer) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	if err := canSign(signer, key); err != nil {
		return nil, err
	}
	crls, err := withCRL(b.CRL)
	if err != nil {
		return nil, err
	}
	m := signedData{version: 1, digests: 1, contentType: oidData, crls: crls}
	if m.content, err = b.names(); err != nil {
		return nil, err
	}
	if bindingRules[b.Kind].rebind {
		m.contentType = oidSigned
		if m.content, err = b.newKDH(m.content); err != nil {
			return nil, err
		}
	}
	if err := m.sign(signer, key, b.attributes(), true); err != nil {
		return nil, err
	}
	return m.encode()
}

// check judges what the token is to say.
func (b *Binding) check() error {
	if b.Kind < 0 || int(b.Kind) >= len(bindingRules) {
		return &Error{Class: ErrStructure, Field: "kind", Problem: problemKind, Found: b.Kind.String(), Wanted: "UnbindKDH, UnbindCA, RebindKDH or RebindCA"}
	}
	rule := &bindingRules[b.Kind]
	switch {
	case !b.KRD.whole():
		return &Error{Class: ErrStructure, Field: "KRD identifier", Problem: problemNoKRDName}
	case !b.OldKDH.whole() && rule.byCA:
		return &Error{Class: ErrStructure, Field: "old KDH identifier", Problem: problemNeedsOldKDH, Found: "a " + rule.name + " token"}
	case b.OldKDH.whole() && !rule.byCA:
		return &Error{Class: ErrStructure, Field: "old KDH identifier", Problem: problemHasOldKDH, Found: "a " + rule.name + " token"}
	case b.NewKDH == nil && rule.rebind:
		return &Error{Class: ErrCertificate, Field: "new KDH certificate", Problem: problemNeedsNewKDH}
	case b.NewKDH != nil && !rule.rebind:
		return &Error{Class: ErrCertificate, Field: "new KDH certificate", Problem: problemHasNewKDH}
	case b.Nonce != nil:
		return checkNonce(b.Nonce)
	case !rule.byCA && b.SigningTime.IsZero():
		return &Error{Class: ErrTime, Field: "freshness", Problem: problemFreshness}
	}
	return nil
}

// attributes are what is signed besides the content, or nil.
func (b *Binding) attributes() *attributes {
	if b.Kind == UnbindCA && b.Nonce == nil && b.SigningTime.IsZero() {
		return nil
	}
	return &attributes{nonce: b.Nonce, time: toSecond(b.SigningTime)}
}

// names is the KRD, and in the CA forms the old KDH behind it.
func (b *Binding) names() ([]byte, error) {
	return encode(func(out *cryptobyte.Builder) {
		b.KRD.add(out)
		if bindingRules[b.Kind].byCA {
			b.OldKDH.add(out)
		}
	})
}

// newKDH is the content of a rebind token: a SignedData around names and
// certificate.
func (b *Binding) newKDH(names []byte) ([]byte, error) {
	if _, err := x509.ParseCertificate(b.NewKDH); err != nil {
		return nil, &Error{Class: ErrCertificate, Field: "new KDH certificate", Problem: problemNotDER, Err: err}
	}
	inner := signedData{version: 1, contentType: oidData, content: names, certificates: [][]byte{b.NewKDH}}
	return encode(func(out *cryptobyte.Builder) {
		if b.WithSequence {
			addSequence(out, inner.add)
			return
		}
		inner.add(out)
	})
}
