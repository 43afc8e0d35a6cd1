package x509ca

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strconv"
	"strings"
)

const (
	certificateType = "CERTIFICATE" // RFC 7468, section 5
	requestType     = "CERTIFICATE REQUEST"

	begin  = "-----BEGIN "
	dashes = "-----"
	end    = "-----END " + certificateType + dashes

	// maxText and maxDER bound what Decode reads, in bytes. A certificate of
	// maxDER stays within maxText in every form that Decode reads.
	maxText = 1 << 16
	maxDER  = 24 << 10
)

// EncodeCertificate returns certificates as services pass them on: PEM, one
// after the other with a line end after each, and that as one line of padded
// base64 (RFC 4648, section 4).
func EncodeCertificate(der ...[]byte) string { return encode(certificateType, der) }

// EncodeCSR returns a certification request in the same form.
func EncodeCSR(der []byte) string { return encode(requestType, [][]byte{der}) }

func encode(kind string, ders [][]byte) string {
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// Decode reads exactly one certificate, in the form of [EncodeCertificate].
// White space around the base64 and around the PEM is ignored, lines may end in
// CRLF, and the base64 may be broken into lines.
//
// Two other forms cannot be mistaken for that and are read too: PEM that is not
// in base64, and base64 of DER. Whether the services take these is a guess.
//
// Text is at most 64 KiB and DER at most 24 KiB ([RuleLength]). The other
// refusals are [RuleForm], [RulePEMType], [RuleSeveral], [RuleExtra] and
// [RuleParse]. Nothing is judged yet: see [Rules].
func Decode(text string) (*x509.Certificate, error) {
	if len(text) > maxText {
		return nil, tooLong(len(text), maxText)
	}
	der, err := decode(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	if len(der) > maxDER {
		return nil, tooLong(len(der), maxDER)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse(RuleParse, err.Error(), "an X.509 certificate in DER")
	}
	return c, nil
}

func tooLong(n, most int) error {
	return refuse(RuleLength, strconv.Itoa(n)+" bytes", "at most "+strconv.Itoa(most))
}

// decode finds the DER in one of the forms.
func decode(text string) ([]byte, error) {
	if text == "" {
		return nil, refuse(RuleLength, "nothing", "a certificate")
	}
	if strings.HasPrefix(text, dashes) {
		return decodePEM(text)
	}
	inner, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, refuse(RuleForm, err.Error(), "base64 of PEM")
	}
	if bytes.HasPrefix(inner, []byte{0x30}) { // a SEQUENCE; PEM text would start with a dash or space
		return inner, nil
	}
	return decodePEM(strings.TrimSpace(string(inner)))
}

// decodePEM reads PEM text in the strict form of RFC 7468, section 3, save that
// lines may be of any length. The reader of the standard library would pass over
// what stands around a block. What that is no error shows: it may be a key.
func decodePEM(text string) ([]byte, error) {
	before, rest, found := strings.Cut(text, begin)
	kind, rest, closed := strings.Cut(rest, dashes)
	switch {
	case !found || !closed:
		return nil, refuse(RuleForm, "no line that begins PEM", begin+certificateType+dashes)
	case before != "":
		return nil, refuse(RuleExtra, strconv.Itoa(len(before))+" bytes before the certificate", "none")
	case kind != certificateType:
		return nil, refuse(RulePEMType, kind, certificateType)
	}
	body, after, found := strings.Cut(rest, end)
	after = strings.TrimSpace(after)
	switch {
	case !found || strings.TrimLeft(body, "\r\n") == body:
		return nil, refuse(RuleForm, "no line that ends PEM, or no line of base64", end)
	case strings.HasPrefix(after, begin):
		return nil, refuse(RuleSeveral, "more PEM after the certificate", "one certificate")
	case after != "":
		return nil, refuse(RuleExtra, strconv.Itoa(len(after))+" bytes after the certificate", "none")
	}
	return decodeBody(body)
}

func decodeBody(body string) ([]byte, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, refuse(RuleForm, "PEM with "+err.Error(), "lines of base64")
	}
	return der, nil
}
