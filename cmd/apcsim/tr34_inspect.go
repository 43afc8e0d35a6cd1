package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/asn1kind"
	"github.com/seed748fb4d1/apcsim/tr34"
)

var tokenInspectCommand = command{
	name:    "tr34 inspect",
	args:    "TOKEN",
	summary: "Explain a TR-34 message; no key is needed, and nothing is authenticated",
	details: tokenForms + `

A key token is explained in full; a credential, random number, unbind or rebind token
by what it names.`,
	setup: setupTokenInspect,
}

// inspectedToken is the answer for programs. What a message lacks is empty.
type inspectedToken struct {
	OK          bool   `json:"ok"`
	Message     string `json:"message"` // "key token", "KDH rebind", ...
	Layout      string `json:"layout,omitempty"`
	Version     int    `json:"version,omitempty"` // of the SignedData
	Header      string `json:"header,omitempty"`
	Signer      string `json:"signer,omitempty"`
	Recipient   string `json:"recipient,omitempty"`
	OldKDH      string `json:"old_kdh,omitempty"`
	Nonce       string `json:"nonce,omitempty"`
	SigningTime string `json:"signing_time,omitempty"`
	Cipher      string `json:"cipher,omitempty"`
	Signature   string `json:"signature_algorithm,omitempty"`
	CRL         int    `json:"crl_bytes,omitempty"`
	Certificate int    `json:"certificate_bytes,omitempty"`
}

func setupTokenInspect(fs *flag.FlagSet) action {
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if len(args) != 1 {
			return usageError("wants one token")
		}
		var answer inspectedToken
		der, err := readToken(s, args[0])
		if err == nil {
			answer, err = inspectToken(der)
		}
		return give(s.out, *asJSON, answer, err)
	}
}

// inspectToken finds out which message it is. What is none of them is refused as
// a key token.
func inspectToken(der []byte) (inspectedToken, error) {
	t, err := tr34.Parse(der)
	if err == nil {
		return keyToken(t), nil
	}
	if errors.Is(err, tr34.ErrASN1) {
		return inspectedToken{}, err
	}
	if b, err := tr34.ParseBinding(der); err == nil {
		return binding(b), nil
	}
	if c, err := tr34.ParseCredential(der); err == nil {
		return inspectedToken{OK: true, Message: "credential", CRL: len(c.CRL), Certificate: len(c.Certificate)}, nil
	}
	if nonce, err := tr34.ParseRandom(der); err == nil {
		return inspectedToken{OK: true, Message: "random number", Nonce: fmt.Sprintf("%X", nonce)}, nil
	}
	return inspectedToken{}, notToken(der, err)
}

// notToken names what is given in place of a token, if it is a thing that is known.
func notToken(der []byte, err error) error {
	if kind := asn1kind.Of(der); kind != "" && kind != asn1kind.CMS {
		return &inputError{"token", -1, problemNotToken, kind, "a TR-34 message"}
	}
	return err
}

func keyToken(t *tr34.Token) inspectedToken {
	return inspectedToken{
		OK: true, Message: "key token", Layout: t.Layout.String(), Version: t.Version, Header: t.Header,
		Signer: t.Signer.String(), Recipient: t.Recipient.String(), Nonce: fmt.Sprintf("%X", t.Nonce),
		SigningTime: moment(t.SigningTime), Cipher: t.Cipher.String(), Signature: t.SignatureAlgorithm.String(), CRL: len(t.CRL),
	}
}

func binding(b *tr34.Binding) inspectedToken {
	out := inspectedToken{
		OK: true, Message: b.Kind.String(), Signer: b.Signer.String(), Recipient: b.KRD.String(),
		Nonce: fmt.Sprintf("%X", b.Nonce), SigningTime: moment(b.SigningTime), CRL: len(b.CRL), Certificate: len(b.NewKDH),
	}
	if b.OldKDH.Serial != nil {
		out.OldKDH = b.OldKDH.String()
	}
	return out
}

// moment is a time for people and programs; empty for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// print explains the message to people. What it lacks is left out.
func (i inspectedToken) print(w io.Writer) error {
	lines := [][3]string{{"message", i.Message}}
	add := func(name, value, words string) {
		party, serial, named := strings.Cut(value, ", serial ")
		switch {
		case value == "":
		case named: // a line each, so that it fits a terminal
			lines = append(append(lines, folded(name, party)...), [3]string{"", "serial " + serial, ""})
		case len(value) > 21:
			lines = append(lines, [3]string{name, value, ""})
		default:
			lines = append(lines, [3]string{name, value, words})
		}
	}
	add("layout", i.Layout, layoutWords[i.Layout])
	if i.Version > 0 {
		add("version", fmt.Sprint(i.Version), "of the SignedData")
	}
	add("signer (KDH)", i.Signer, "")
	add("receiver (KRD)", i.Recipient, "")
	add("old KDH", i.OldKDH, "")
	add("header", i.Header, "says what the key may do; its version and length mean nothing")
	add("random nonce", i.Nonce, "two-pass: the receiver's or the request's")
	add("signing time", i.SigningTime, "one-pass freshness")
	add("content cipher", i.Cipher, "")
	add("signature", i.Signature, signatureWords[i.Signature])
	add("CRL", size(i.CRL), "")
	add("certificate", size(i.Certificate), "")
	return printAligned(w, lines, true)
}

func size(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d bytes", n)
}

var layoutWords = map[string]string{
	"standard":     "X9 TR 34 annex B: OAEP parameters without their tags",
	"rfc":          "plain CMS, which other software opens",
	"strict":       "plain CMS around the key block of annex D",
	"x9-tr34-2012": "as AWS Payment Cryptography writes it; no CMS",
}

var signatureWords = map[string]string{
	"1.2.840.113549.1.1.1":  "rsaEncryption (PKCS #1 v1.5, SHA-256)",
	"1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
}
