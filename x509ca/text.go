package x509ca

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
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
// refusals are [RuleForm], [RulePEMType], [RuleSeveral], [RuleExtra],
// [RuleParse], and the rules about the public key, such as [RuleKeyExponent].
// Nothing else is checked yet: see [Rules].
func Decode(text string) (*x509.Certificate, error) {
	if len(text) > maxText {
		return nil, tooLong(problemLongText, len(text), maxText)
	}
	der, err := decode(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	if len(der) > maxDER {
		return nil, tooLong(problemLongDER, len(der), maxDER)
	}
	if spki := publicKeyOf(der); spki != nil {
		if err := checkPublicKey(spki); err != nil {
			return nil, err
		}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse(RuleParse, problemParse, "", "")
	}
	return c, nil
}

func tooLong(problem string, n, most int) error {
	return refuse(RuleLength, problem, wording.Bytes(n), "at most "+wording.Bytes(most))
}

// decode finds the DER in one of the forms.
func decode(text string) ([]byte, error) {
	if text == "" {
		return nil, refuse(RuleLength, problemEmpty, "", "")
	}
	if strings.HasPrefix(text, dashes) {
		return decodePEM(text)
	}
	inner, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, refuse(RuleForm, problemBase64, badCharacter(text, err), "")
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
		return nil, refuse(RuleForm, problemNoBegin, "", begin+certificateType+dashes)
	case before != "":
		return nil, refuse(RuleExtra, problemBefore, wording.Bytes(len(before)), "")
	case kind != certificateType:
		return nil, refuse(RulePEMType, problemPEMType, wording.Foreign(kind), certificateType)
	}
	body, after, found := strings.Cut(rest, end)
	after = strings.TrimSpace(after)
	switch {
	case !found || strings.TrimLeft(body, "\r\n") == body:
		return nil, refuse(RuleForm, problemNoEnd, "", end)
	case strings.HasPrefix(after, begin):
		return nil, refuse(RuleSeveral, problemSeveral, "", "one certificate")
	case after != "":
		return nil, refuse(RuleExtra, problemAfter, wording.Bytes(len(after)), "")
	}
	return decodeBody(body)
}

func decodeBody(body string) ([]byte, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, refuse(RuleForm, problemPEMBody, badCharacter(body, err), "")
	}
	return der, nil
}

// badCharacter names the character at which base64 ends, which may be none: the
// end can come too early.
func badCharacter(text string, err error) string {
	at, ok := errors.AsType[base64.CorruptInputError](err)
	if !ok || int64(at) >= int64(len(text)) {
		return "a group of less than 4 characters"
	}
	return fmt.Sprintf("%s at %d", wording.Char(text[at:]), at)
}
