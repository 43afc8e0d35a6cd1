package x509ca

import (
	"encoding/hex"
	"strings"
	"testing"
)

// A refusal of text says what is in it that should not be, or what is missing.
func TestDecodeRefusesTextInWordsThatSayWhatToChange(t *testing.T) {
	root := newRoot(t)
	text := inPEM("CERTIFICATE", root.Raw)
	key := inPEM("PRIVATE KEY", []byte("a secret"))
	for _, c := range []struct{ what, text, want string }{
		{"nothing", " \n", "length: there is no certificate"},
		{"words", "root.pem", `form: the text is neither PEM nor base64: found "." at 4`},
		{"base64 cut short", inBase64(text)[:101], "form: the text is neither PEM nor base64: found 101 digits"},
		{"base64 of words", inBase64("the root of the bank"),
			"form: the text has no line that begins a certificate in PEM: wanted -----BEGIN CERTIFICATE-----"},
		{"hexadecimal", hex.EncodeToString(root.Raw), "form: the text is hexadecimal: wanted PEM, base64 or DER"},
		{"two certificates", text + text, "several: there is more than one certificate: found 2 certificates, wanted one"},
		{"a key before it", key + text, "extra: there is a private key beside the certificate: found a private key, wanted the " +
			"certificate alone"},
		{"an encrypted key behind it", text + inPEM("ENCRYPTED PRIVATE KEY", []byte("a secret")),
			"extra: there is a private key beside the certificate: found an encrypted private key, wanted the certificate alone"},
		{"two certificates and a key", text + key + text,
			"extra: there is a private key beside the certificate: found a private key, wanted the certificate alone"},
		{"a request behind it", text + inPEM(requestType, []byte{1}),
			"extra: there is another PEM block beside the certificate: found a certificate request, wanted the certificate alone"},
		{"a public key", inPEM("PUBLIC KEY", []byte{1}),
			"pem-type: the PEM block is not a certificate: found a bare public key, wanted a certificate"},
		{"a trusted certificate", inPEM("TRUSTED CERTIFICATE", root.Raw),
			"pem-type: the PEM block is not a certificate: found a trusted certificate of OpenSSL, wanted a certificate"},
		{"no end", text[:len(text)-9], "form: the PEM block has no line that ends it: wanted -----END CERTIFICATE-----"},
		{"another end", strings.Replace(text, "END CERTIFICATE", "END X", 1),
			"form: the PEM block has no line that ends it: wanted -----END CERTIFICATE-----"},
		{"no line ends", strings.ReplaceAll(text, "\n", ""), "form: the line ends of the PEM block are lost"},
		{"a broken first line", "-----BEGIN CERTIFICATE\n" + text,
			"form: the line that begins the PEM block is not whole: wanted -----BEGIN CERTIFICATE-----"},
		{"a star in it", strings.Replace(text, "\nMII", "\nM*I", 1), `form: the PEM block is not base64: found "*" at 2`},
		{"nothing in it", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
			"parse: a part of the certificate is missing or malformed: wanted a certificate"},
	} {
		for _, form := range []string{c.text, inBase64(c.text)} {
			_, err := Decode(form)
			if form != c.text && !strings.Contains(c.text, begin) {
				break // base64 of it says less
			}
			if got := textOf(err); got != "x509ca: "+c.want {
				t.Errorf("%s:\n got %s\nwant x509ca: %s", c.what, got, c.want)
			}
		}
	}
}
