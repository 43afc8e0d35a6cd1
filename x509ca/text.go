package x509ca

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/seed748fb4d1/apcsim/internal/asn1kind"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

const (
	certificateType = "CERTIFICATE" // RFC 7468, section 5
	requestType     = "CERTIFICATE REQUEST"

	begin  = "-----BEGIN "
	dashes = "-----"

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
// White space around the base64 and in it is ignored.
//
// Other forms cannot be mistaken for that and are read too: PEM that is not in
// base64, base64 of DER, and DER. Whether the services take these: GUESS G-certificate-forms.
// Other text may surround the PEM block (RFC 7468, section 2), as OpenSSL writes it;
// another block may not.
//
// What crypto/x509 does not parse and other programs take is read too: a negative
// serial number, an RSA key without NULL, a PrintableString with other characters.
//
// Text is at most 64 KiB and DER at most 24 KiB ([RuleLength]). The other
// refusals are [RuleForm], [RulePEMType], [RuleSeveral], [RuleExtra],
// [RuleParse], and the rules about the public key, such as [RuleKeyExponent].
// Nothing else is checked yet: see [Rules].
func Decode(text string) (*x509.Certificate, error) {
	if len(text) > maxText {
		return nil, tooLong(problemLongText, len(text), maxText)
	}
	der, err := decode(text)
	if err != nil {
		return nil, err
	}
	if len(der) > maxDER {
		return nil, tooLong(problemLongDER, len(der), maxDER)
	}
	return parse(der)
}

func tooLong(problem string, n, most int) error {
	return refuse(RuleLength, problem, wording.Bytes(n), "at most "+wording.Bytes(most))
}

// decode finds the DER in one of the forms.
func decode(text string) ([]byte, error) {
	switch bare := strings.TrimSpace(text); {
	case bare == "":
		return nil, refuse(RuleLength, problemEmpty, "", "")
	case strings.Contains(text, begin):
		return decodePEM(text)
	case isSequence(text) && strings.ContainsFunc(text, unprintable):
		return []byte(text), nil
	case isHexadecimal(bare):
		return nil, refuse(RuleForm, problemHexText, "", "PEM, base64 or DER")
	}
	inner, err := decodeBase64(text, problemBase64)
	if err != nil {
		return nil, err
	}
	if isSequence(string(inner)) {
		return inner, nil
	}
	return decodePEM(string(inner))
}

// isSequence reports whether something begins as DER does. In text that is the
// digit 0.
func isSequence(s string) bool { return strings.HasPrefix(s, "\x30") }

func unprintable(r rune) bool { return (r < ' ' || r > '~') && !unicode.IsSpace(r) }

func isHexadecimal(text string) bool {
	return strings.HasPrefix(text, "30") && strings.Trim(text, "0123456789abcdefABCDEF \t\r\n:") == ""
}

// pemBlock is a block of PEM text; its body is base64, and may be a secret.
type pemBlock struct{ label, body string }

// isCertificate takes the second label too, as RFC 7468, section 5.1, says.
func (b pemBlock) isCertificate() bool {
	return b.label == certificateType || b.label == "X509 CERTIFICATE"
}

// decodePEM finds the one certificate in PEM text. What is not a certificate no
// error shows: it may be a key.
func decodePEM(text string) ([]byte, error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	certificates := slices.DeleteFunc(slices.Clone(blocks), func(b pemBlock) bool { return !b.isCertificate() })
	for _, b := range blocks {
		if len(certificates) > 0 && strings.HasSuffix(b.label, "PRIVATE KEY") {
			return nil, refuse(RuleExtra, problemPrivateKey, labelKind(b.label), "the certificate alone")
		}
	}
	switch {
	case len(blocks) == 0:
		return nil, refuse(RuleForm, problemNoBegin, "", begin+certificateType+dashes)
	case len(certificates) == 0:
		return nil, refuse(RulePEMType, problemPEMType, labelKind(blocks[0].label), "a certificate")
	case len(certificates) > 1:
		return nil, refuse(RuleSeveral, problemSeveral, wording.Count(len(certificates), "certificate"), "one")
	case len(blocks) > 1:
		other := blocks[slices.IndexFunc(blocks, func(b pemBlock) bool { return !b.isCertificate() })]
		return nil, refuse(RuleExtra, problemBeside, labelKind(other.label), "the certificate alone")
	}
	return decodeBase64(certificates[0].body, problemPEMBody)
}

// pemBlocks finds the blocks in a text (RFC 7468, section 3). Lines may be of any
// length.
func pemBlocks(text string) (out []pemBlock, err error) {
	for {
		_, rest, found := strings.Cut(text, begin)
		if !found {
			return out, nil
		}
		label, rest, closed := strings.Cut(rest, dashes)
		if !closed || strings.ContainsAny(label, "\r\n") {
			return nil, refuse(RuleForm, problemBeginLine, "", begin+certificateType+dashes)
		}
		body, rest, found := strings.Cut(rest, dashes)
		ending := "END " + label + dashes
		switch {
		case !found || !strings.HasPrefix(rest, ending):
			return nil, refuse(RuleForm, problemNoEnd, "", knownEnding(label))
		case strings.TrimSpace(body) != "" && strings.TrimLeft(body, " \t\r\n") == body:
			return nil, refuse(RuleForm, problemOneLine, "", "")
		}
		out = append(out, pemBlock{label, body})
		text = rest[len(ending):]
	}
}

// knownEnding is the line that ends a block. A label that is unknown is not shown.
func knownEnding(label string) string {
	if asn1kind.OfLabel(label) == "" {
		label = certificateType
	}
	return dashes + "END " + label + dashes
}

func labelKind(label string) string {
	return cmp.Or(asn1kind.OfLabel(label), wording.Foreign(label))
}

// decodeBase64 reads base64 with white space anywhere in it.
func decodeBase64(text, problem string) ([]byte, error) {
	bare := strings.Join(strings.Fields(text), "")
	der, err := base64.StdEncoding.Strict().DecodeString(bare)
	if err != nil {
		return nil, refuse(RuleForm, problem, badCharacter(text, bare), "")
	}
	return der, nil
}

// badCharacter names the first character that base64 does not have; there may be
// none: the end can come too early.
func badCharacter(text, bare string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"
	for at, r := range text {
		if !strings.ContainsRune(digits, r) {
			return fmt.Sprintf("%s at %d", wording.Char(text[at:]), at)
		}
	}
	return wording.Count(len(bare), "digit")
}
