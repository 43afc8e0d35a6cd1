package enginetest

import (
	"fmt"
	"strconv"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Defect is what Spoil makes wrong in a key block or a key token.
type Defect int

// The defects. What else makes an import nearly valid is made with another key shared ([Partner.ShareKey]), with
// [Partner.ExpiredCertificate] or with another Sealing.Nonce.
const (
	WrongMAC       Defect = iota + 1 // of a key block: the last digit of the MAC
	WrongUsage                       // of a key block: another usage in the header, under the same MAC
	WrongLength                      // of a key block: the length field says 16 characters more
	WrongVersion                     // of a key block: a version that does not exist
	WrongDigit                       // a character of the key data is no hexadecimal digit
	CutShort                         // the last 16 characters are missing
	WrongSignature                   // of a token: the last byte
)

var defects = [...]struct {
	text         string
	block, token apc.Rule // by which the service refuses it; "": does not apply
}{
	WrongMAC:       {"wrong MAC", apc.RuleMAC, ""},
	WrongUsage:     {"wrong usage", apc.RuleMAC, ""},
	WrongLength:    {"wrong length", apc.RuleLength, ""},
	WrongVersion:   {"wrong version", apc.RuleVersion, ""},
	WrongDigit:     {"wrong digit", apc.RuleHex, apc.RulePattern},
	CutShort:       {"cut short", apc.RuleLength, apc.RuleASN1},
	WrongSignature: {"wrong signature", "", apc.RuleSignature},
}

// String is the defect in words: "wrong MAC".
func (d Defect) String() string {
	if d <= 0 || int(d) >= len(defects) {
		return fmt.Sprintf("Defect(%d)", int(d))
	}
	return defects[d].text
}

// GoString is String.
func (d Defect) GoString() string { return d.String() }

// Rule is by which rule the service refuses a key block or a token with the
// defect; "" where the defect does not apply to it.
func (d Defect) Rule(blockOrToken string) apc.Rule {
	if isToken(blockOrToken) {
		return defects[d].token
	}
	return defects[d].block
}

// Defects are those that apply to a key block or a token.
func Defects(blockOrToken string) (all []Defect) {
	for d := WrongMAC; int(d) < len(defects); d++ {
		if d.Rule(blockOrToken) != "" {
			all = append(all, d)
		}
	}
	return all
}

// isToken reports whether a text is a TR-34 token: DER in hexadecimal begins with a digit, a key
// block with the letter of its version.
func isToken(s string) bool { return s != "" && s[0] == '3' }

// Spoil gives a key block or a TR-34 token one defect. A defect that does not apply to it leaves it
// as it is.
func Spoil(blockOrToken string, d Defect) string {
	if len(blockOrToken) < 64 || d.Rule(blockOrToken) == "" {
		return blockOrToken
	}
	b := []byte(blockOrToken)
	last := len(b) - 1
	switch d {
	case WrongMAC, WrongSignature:
		b[last] = otherDigit(b[last])
	case WrongUsage:
		usage := "D0"
		if string(b[5:7]) == usage {
			usage = "P0"
		}
		copy(b[5:7], usage)
	case WrongLength:
		n, _ := strconv.Atoi(string(b[1:5]))
		copy(b[1:5], fmt.Sprintf("%04d", n+16))
	case WrongVersion:
		b[0] = 'Z'
	case WrongDigit:
		b[last-40] = 'G'
	case CutShort:
		b = b[:len(b)-16]
	}
	return string(b)
}

func otherDigit(c byte) byte {
	if c == '0' {
		return '1'
	}
	return '0'
}
