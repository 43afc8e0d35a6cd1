package x509ca

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestCertificatesAreEncodedAsOneLineOfBase64OverPEM(t *testing.T) {
	a, b := newRoot(t).Raw, newRoot(t).Raw
	if got, want := EncodeCertificate(a), inBase64(inPEM("CERTIFICATE", a)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := EncodeCertificate(a, b), inBase64(inPEM("CERTIFICATE", a)+inPEM("CERTIFICATE", b)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := EncodeCertificate(); got != "" {
		t.Errorf("got %q of nothing", got)
	}
	csr := must(CSR(p256(), crypto.SHA256, subject))
	if got, want := EncodeCSR(csr), inBase64(inPEM("CERTIFICATE REQUEST", csr)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, text := range []string{EncodeCertificate(a, b), EncodeCSR(csr)} {
		if strings.ContainsAny(text, " \r\n") || !strings.HasPrefix(text, "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS") {
			t.Errorf("got %s", text)
		}
		if plain := must(base64.StdEncoding.DecodeString(text)); !bytes.HasSuffix(plain, []byte("-----\n")) {
			t.Errorf("got %q, want a line end after it", plain)
		}
	}
}

func TestDecodeReadsEveryForm(t *testing.T) {
	der := newRoot(t).Raw
	text := inPEM("CERTIFICATE", der)
	long := begin + "CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END CERTIFICATE-----"
	for what, text := range map[string]string{
		"as encoded":                      EncodeCertificate(der),
		"line ends around the base64":     "\n" + EncodeCertificate(der) + " \r\n",
		"base64 in lines":                 wrap(EncodeCertificate(der), 76, "\r\n"),
		"no line end after the PEM":       inBase64(strings.TrimSpace(text)),
		"blank lines after the PEM":       inBase64(text + "\r\n \n"),
		"CRLF":                            inBase64(strings.ReplaceAll(text, "\n", "\r\n")),
		"PEM with one long line":          inBase64(long),
		"PEM not in base64":               text,
		"PEM not in base64, CRLF":         strings.ReplaceAll(text, "\n", "\r\n"),
		"base64 of DER":                   base64.StdEncoding.EncodeToString(der),
		"base64 of DER in lines of 64":    wrap(base64.StdEncoding.EncodeToString(der), 64, "\n"),
		"DER":                             string(der),
		"the other label":                 strings.ReplaceAll(text, "CERTIFICATE", "X509 CERTIFICATE"),
		"Bag Attributes":                  inBase64("Bag Attributes\n    localKeyID: 01 02\nsubject=CN = root\n" + text),
		"what openssl x509 -text writes":  "Certificate:\n    Data:\n        Version: 3 (0x2)\n" + text,
		"text behind it":                  inBase64(text + "\nissued in 2026\n"),
		"spaces at the ends of lines":     inBase64(strings.ReplaceAll(text, "\n", " \r\n")),
		"one line with spaces":            strings.ReplaceAll(text, "\n", " "),
		"PEM whose end is on a long line": inBase64(strings.Replace(text, "\n-----END", "-----END", 1)),
	} {
		c, err := Decode(text)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		} else if !bytes.Equal(c.Raw, der) {
			t.Errorf("%s: got %x, want %x", what, c.Raw, der)
		}
	}
}

// wrap breaks text into lines.
func wrap(s string, width int, lineEnd string) string {
	var out strings.Builder
	for len(s) > width {
		out.WriteString(s[:width] + lineEnd)
		s = s[width:]
	}
	return out.String() + s + lineEnd
}

// A file with a key in front of the certificate is a likely mistake.
func TestDecodeShowsNothingOfAKey(t *testing.T) {
	text := inPEM("CERTIFICATE", newRoot(t).Raw)
	const secret = "QUJDREVGR0hJSktM"
	key := "-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----\n"
	for _, mistake := range []string{key + text, text + key, key, secret, secret + "\n" + key, begin + secret + text,
		begin + "CERTIFICATE-----" + secret} {
		for _, form := range []string{mistake, inBase64(mistake)} {
			if _, err := Decode(form); err == nil || strings.Contains(err.Error(), secret) ||
				strings.Contains(err.Error(), "ABCDEFGHIJKL") {
				t.Errorf("%q: got %v", mistake, err)
			}
		}
	}
}

func TestErrorsStayShortAndOnOneLine(t *testing.T) {
	_, err := Decode(
		"-----BEGIN " + strings.Repeat("x\x1b[31m\xff", 2000) + "-----\n-----END " + strings.Repeat("x\x1b[31m\xff", 2000) + "-----",
	)
	if wantRule(t, err, RulePEMType); len(err.Error()) > 2*mostShown || strings.ContainsAny(err.Error(), "\n\x1b") ||
		!utf8.ValidString(err.Error()) {
		t.Errorf("got %q", err)
	}
}

// A certificate with one byte changed is refused on the way in, or when it is checked.
func TestCertificateCorruptedAtAnyByteIsRefused(t *testing.T) {
	root := newRoot(t)
	leaf := root.leaf(t)
	rules := &Rules{Now: now, IssuerStrength: true}
	check := func(der []byte) error {
		c, err := Decode(EncodeCertificate(der))
		if err != nil {
			return err
		}
		return rules.CheckIssued(c, root.Certificate)
	}
	wantRule(t, check(leaf.Raw), "")
	for i := range leaf.Raw {
		for _, flip := range []byte{0x01, 0x80, 0xFF} {
			bad := bytes.Clone(leaf.Raw)
			bad[i] ^= flip
			var e *Error
			if err := check(bad); !errors.As(err, &e) {
				t.Errorf("byte %d of %d, flipped by %02x: got %v", i, len(bad), flip, err)
			}
		}
	}
	for i := range leaf.Raw {
		var e *Error
		if err := check(leaf.Raw[:i]); !errors.As(err, &e) {
			t.Errorf("cut to %d bytes: got %v", i, err)
		}
	}
}

// The text can change without the certificate, at its line ends alone.
func TestTextCorruptedAtAnyByteIsRefusedOrTheSame(t *testing.T) {
	der := newRoot(t).Raw
	for _, text := range []string{EncodeCertificate(der), inPEM("CERTIFICATE", der), base64.StdEncoding.EncodeToString(der)} {
		for i := range len(text) {
			for _, to := range []byte{'\n', text[i] ^ 1, text[i] ^ 0x80} {
				bad := text[:i] + string([]byte{to}) + text[i+1:]
				c, err := Decode(bad)
				if err == nil && bad != text && !bytes.Equal(c.Raw, der) && c.CheckSignatureFrom(c) == nil {
					t.Errorf("byte %d made %q: got another certificate that verifies", i, to)
				}
				var e *Error
				if err != nil && !errors.As(err, &e) {
					t.Errorf("byte %d made %q: got %v", i, to, err)
				}
			}
		}
	}
}

// What a fuzzer's text is, so that it can change the DER and the PEM as well.
const (
	asText byte = iota // what Decode gets
	asPEM
	asDER
)

func FuzzDecode(f *testing.F) {
	root := newRoot(f)
	leaf := root.leaf(f, func(o *order) { o.NotAfter = o.NotBefore.Add(time.Hour) })
	bare := root.leaf(f, func(o *order) { o.Profile = Profile{Hash: crypto.SHA384, NoExtensions: true} })
	for _, c := range []*cert{root, leaf, bare} {
		f.Add(EncodeCertificate(c.Raw), asText)
		f.Add(inPEM("CERTIFICATE", c.Raw), asText)
		f.Add(inPEM("CERTIFICATE", c.Raw), asPEM)
		f.Add(string(c.Raw), asDER)
	}
	f.Add(EncodeCertificate(root.Raw, leaf.Raw), asText)
	f.Add(EncodeCSR(must(CSR(p256(), crypto.SHA256, subject))), asText)
	rules := &Rules{Now: now, IssuerStrength: true, RequireKeyUsage: true, KeyUsage: 1}
	f.Fuzz(func(t *testing.T, text string, form byte) {
		switch form % 3 {
		case asPEM:
			text = inBase64(text)
		case asDER:
			text = EncodeCertificate([]byte(text))
		}
		var e *Error
		c, err := Decode(text)
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%q: got %v", text, err)
			}
			return
		}
		again, err := Decode(EncodeCertificate(c.Raw))
		if err != nil || !bytes.Equal(again.Raw, c.Raw) {
			t.Fatalf("%q: got %v, want %x", text, err, c.Raw)
		}
		for _, err := range []error{rules.CheckRoot(c), rules.CheckIssued(c, root.Certificate), rules.CheckIssued(leaf.Certificate, c),
			rules.CheckIssued(c, c, c)} {
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%q: got %v", text, err)
			}
		}
	})
}
