package tr34

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// BindingKind is which of the four tokens a [Binding] is.
type BindingKind int

const (
	UnbindKDH BindingKind = iota // the KDH ends its binding to the KRD (X9 TR 34, annex B.14)
	UnbindCA                     // the KRD's CA ends the binding (B.13)
	RebindKDH                    // the KDH binds the KRD to another KDH (B.11)
	RebindCA                     // the KRD's CA binds it to another KDH (B.10)
)

// bindingRule is a row of the table of unbind and rebind tokens.
type bindingRule struct {
	name   string
	rebind bool // the content is a SignedData with the new KDH's certificate
	byCA   bool // signed by the KRD's CA, and naming the old KDH
	usage  x509.KeyUsage
}

var bindingRules = [...]bindingRule{
	UnbindKDH: {"KDH unbind", false, false, x509.KeyUsageDigitalSignature},
	UnbindCA:  {"CA unbind", false, true, x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign},
	RebindKDH: {"KDH rebind", true, false, x509.KeyUsageDigitalSignature},
	RebindCA:  {"CA rebind", true, true, x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign},
}

// String is the token's name, such as "CA rebind".
func (k BindingKind) String() string {
	if k < 0 || int(k) >= len(bindingRules) {
		return fmt.Sprintf("BindingKind(%d)", int(k))
	}
	return bindingRules[k].name
}

// Binding is an unbind or rebind token: it ends the binding of a KRD to its KDH;
// a rebind token also binds the KRD to another KDH. The fields that
// [ParseBinding] fills are not authenticated before [Binding.Verify], which
// verifies the message as it was received.
type Binding struct {
	Kind BindingKind

	Signer IssuerSerial // the KDH, or in the CA forms the KRD's CA
	KRD    IssuerSerial // whose binding it is
	OldKDH IssuerSerial // only in the CA forms
	NewKDH []byte       // certificate, DER; only in rebind tokens

	Nonce       []byte    // nil if there is none
	SigningTime time.Time // zero if there is none
	CRL         []byte    // DER; nil if there is none

	// WithSequence reports that the SignedData within a rebind token has its
	// SEQUENCE around it, as implementations other than annex B write it.
	WithSequence bool

	message   *message // as received, with what Verify looks at
	rule      *bindingRule
	recipient IssuerSerial
}

// ParseBinding reads an unbind or rebind token without any key, up to 64 KiB of
// BER, and finds out which it is. It refuses with class asn1 or structure. The
// bytes are not kept. The KDH forms are those that name no old KDH.
func ParseBinding(token []byte) (*Binding, error) {
	m, r := newSigned(token)
	b := &Binding{
		Signer:      m.signer.id,
		Nonce:       bytes.Clone(m.nonce),
		SigningTime: m.time,
		CRL:         bytes.Clone(m.crl()),
		message:     m,
	}
	content := &reader{m.content, r.fail}
	if rebind := m.signedData.contentType.Equal(oidSigned); rebind {
		b.readRebind(content)
	} else {
		b.readUnbind(content)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	b.rule, b.recipient = &bindingRules[b.Kind], b.KRD
	b.Signer, b.KRD, b.OldKDH = b.Signer.clone(), b.KRD.clone(), b.OldKDH.clone()
	return b, nil
}

// readUnbind reads the content of an unbind token, which alone may be signed
// without attributes.
func (b *Binding) readUnbind(r *reader) {
	if !b.message.signedData.contentType.Equal(oidData) {
		r.refuse("content type", problemContentType, b.message.signedData.contentType.String(), "")
	}
	b.Kind = UnbindKDH
	if b.readNames(r) {
		b.Kind = UnbindCA
	}
}

// readRebind reads the content of a rebind token: a SignedData, usually without
// the SEQUENCE around it.
func (b *Binding) readRebind(r *reader) {
	if b.message.signer.attributes == nil {
		r.refuse("signed attributes", problemNoAttributes, "", "")
	}
	r.normalize("content", problemInnerDER)
	if b.WithSequence = r.peek(der.SEQUENCE); b.WithSequence {
		r = r.last(der.SEQUENCE, "content")
	}
	inner := r.signedData(shapeNewKDH)
	if !inner.contentType.Equal(oidData) {
		r.refuse("content type", problemNewKDH, inner.contentType.String(), oidData.String())
	}
	b.Kind = RebindKDH
	if b.readNames(&reader{inner.content, r.fail}) {
		b.Kind = RebindCA
	}
	if r.fail.err == nil {
		b.NewKDH = bytes.Clone(inner.certificates[0])
	}
}

// readNames reads the KRD and the old KDH, and reports whether there is an old KDH.
func (b *Binding) readNames(r *reader) (old bool) {
	b.KRD = r.issuerSerial("KRD identifier")
	old = r.more()
	if old {
		b.OldKDH = r.issuerSerial("old KDH identifier")
	}
	r.end("content")
	return old
}

// Bytes is the message as it was received, or nil if the Binding is not from
// [ParseBinding]. It is the caller's.
func (b *Binding) Bytes() []byte {
	if b.message == nil {
		return nil
	}
	return bytes.Clone(b.message.raw)
}

// Verify checks who signed the token, when and for whom, as [Token.Verify] does:
// with class certificate, signer, digest, signature, nonce, time, crl or
// recipient. In the CA forms c.KDH is the certificate of the KRD's CA; they need
// neither nonce nor time, unless c.Nonce asks for one, and no CRL. A Binding not
// from [ParseBinding] is refused with class structure.
//
// Left to the caller are the two checks named at [Token.Verify], and these: that OldKDH is the KDH
// to which the KRD is bound, that the CA is the KRD's, and every check of the certificate NewKDH.
func (b *Binding) Verify(c *Check) error {
	if c == nil {
		c = new(Check)
	}
	if b.message == nil {
		return notParsed()
	}
	if b.rule.byCA && c.KDH != nil && !c.KDH.IsCA {
		return badCertificate(problemNotCA, wording.Cut(dn.String(c.KDH.RawSubject), mostShown)+" with CA:FALSE", "CA:TRUE")
	}
	if err := b.message.authenticate(c, b.rule.usage); err != nil {
		return err
	}
	if !b.rule.byCA || c.Nonce != nil {
		if err := b.message.fresh(c); err != nil {
			return err
		}
	}
	if err := b.message.notRevoked(c, !b.rule.byCA && c.Nonce == nil); err != nil {
		return err
	}
	if !b.recipient.Names(c.KRD) {
		return otherRecipient("KRD identifier", b.recipient, c.KRD)
	}
	return nil
}
