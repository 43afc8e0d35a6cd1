package tr34

import (
	"bytes"
	"encoding/asn1"
	"time"
)

// Token is a parsed key token. Its fields are not authenticated before
// [Token.Verify]. Verify and Open check the message as it was received, and not
// the fields, which may have been changed since. The zero Token passes no check. Any number of goroutines may share a Token.
type Token struct {
	Layout             Layout
	Version            int                   // of the SignedData: 1, or 3 as RFC 5652 asks
	Signer             IssuerSerial          // the KDH
	Recipient          IssuerSerial          // the KRD
	Header             string                // key block header, 16 characters and perhaps optional blocks; empty if none is signed
	Nonce              []byte                // of a two-pass token; nil if there is none
	SigningTime        time.Time             // of a one-pass token; zero if there is none
	CRL                []byte                // DER; nil if there is none
	Cipher             Cipher                // of the key block
	SignatureAlgorithm asn1.ObjectIdentifier // rsaEncryption or sha256WithRSAEncryption

	message  *message
	envelope *envelope
}

// Parse reads a key token of any layout without any key, up to 64 KiB of BER or DER:
// it checks form and structure, and refuses with class asn1 or structure. The
// bytes are not kept.
//
// It also takes what the standard does not print: SignedData version 3, either object
// identifier of the signature algorithm, signed attributes in any order, nonce and
// signing time together, CMSAlgorithmProtection, unknown attributes. There is one
// signer, one recipient and at most one CRL, and no certificate.
func Parse(der []byte) (*Token, error) {
	m, r := newSigned(der)
	switch {
	case !m.signedData.contentType.Equal(oidEnveloped) || m.content == nil:
		r.refuse("content", problemNotEnveloped, contentName(m.signedData), oidEnveloped.String())
	case m.signer.attributes == nil:
		r.refuse("signed attributes", problemNoAttributes, "", "")
	}
	e := (&reader{m.content, r.fail}).envelope()
	if err := r.err(); err != nil {
		return nil, err
	}
	return &Token{
		Layout:             e.layout,
		Version:            m.version,
		Signer:             m.signer.id.clone(),
		Recipient:          e.recipient.clone(),
		Header:             string(m.header),
		Nonce:              bytes.Clone(m.nonce),
		SigningTime:        m.time,
		CRL:                bytes.Clone(m.crl()),
		Cipher:             e.cipher,
		SignatureAlgorithm: m.signer.algorithm,
		message:            m,
		envelope:           e,
	}, nil
}

// Bytes is the message as it was received, or nil for the zero Token. It is the
// caller's.
func (t *Token) Bytes() []byte {
	if t.message == nil {
		return nil
	}
	return bytes.Clone(t.message.raw)
}

// isHeader reports whether a text can be a key block header. Its content is not
// checked: in TR-34 it carries attributes, and version and length mean nothing.
func isHeader(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7E {
			return false
		}
	}
	return len(s) >= headerLength && len(s) <= maxHeader
}

const (
	headerLength = 16   // of a TR-31 header without optional blocks
	maxHeader    = 9999 // of one with them: the longest key block
)

// contentName is what a message has as content, in a refusal.
func contentName(s *signedData) string {
	if s.content == nil {
		return "no content"
	}
	return s.contentType.String()
}
