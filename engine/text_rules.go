package engine

import "strings"

// maxTagList is the most tags or tag keys one request may name.
const maxTagList = 200

// textRule is the limit on a string of the service's description: lengths in
// characters (0: none) and a pattern, anchored at both ends (the description
// lost the anchors). match decides; Pattern is what a refusal shows, and a
// test holds the two against each other.
type textRule struct {
	Min, Max int
	Pattern  string
	match    func(string) bool
}

func (r *textRule) emptyFits() bool { return r.Min == 0 && (r.match == nil || r.match("")) }

var (
	textAliasName                   = textRule{7, 256, `alias/[a-zA-Z0-9/_-]+`, isAliasName}
	textCertificateType             = textRule{1, 32768, `[^\[;\]<>]+`, isCertificateText}
	textCommonName                  = textRule{1, 64, `[^\[;\]<>]+`, isCertificateText}
	textCountry                     = textRule{2, 2, `[A-Za-z]+`, letters.some}
	textEmailAddress                = textRule{1, 128, "[a-zA-Z0-9.!#$%&’*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*", isEmailAddress}
	textEvenHexLengthBetween16And32 = textRule{16, 32, `(?:[0-9a-fA-F][0-9a-fA-F])+`, isEvenHex}
	textExportTokenId               = textRule{0, 0, `(export-token-[0-9a-zA-Z]{16,64})?`, isToken("export-token-")}
	textHexLength20Or24             = textRule{20, 24, `[0-9A-F]{20}|[0-9A-F]{24}`, isKSN}
	textImportTokenId               = textRule{0, 0, `(import-token-[0-9a-zA-Z]{16,64})?`, isToken("import-token-")}
	textKeyArn                      = textRule{70, 150, arnPattern + `key/[0-9a-zA-Z]{16,64}`, isKeyARN}
	textKeyArnOrKeyAliasType        = textRule{7, 322, arnPattern + `(key/[0-9a-zA-Z]{16,64}|alias/[a-zA-Z0-9/_-]+)|alias/[a-zA-Z0-9/_-]+`, isKeyIdentifier}
	textKeyVersion                  = textRule{2, 2, `[0-9A-Z]{2}`, isPair}
	textMpaRequesterComment         = textRule{0, 200, ``, nil}
	textNextToken                   = textRule{1, 8192, ``, nil}
	textOptionalBlockId             = textRule{2, 2, `[0-9A-Z]{2}`, isPair}
	textOptionalBlockValue          = textRule{1, 108, `[0-9a-zA-Z]+`, alphanumeric.some}
	textOrganization                = textCommonName
	textPlace                       = textRule{1, 128, `[^\[;\]<>]+`, isCertificateText}
	textRegion                      = textRule{0, 0, `[a-z]{2}-[a-z]{1,16}-[0-9]+`, isRegion}
	textResourceArn                 = textKeyArn
	textSharedInformation           = textRule{2, 2048, `(?:[0-9a-fA-F][0-9a-fA-F])+`, isEvenHex}
	textTagKey                      = textRule{1, 128, ``, nil}
	textTagValue                    = textRule{0, 256, ``, nil} // the prose allows the empty value that the description forbids (GUESS: take it)
	textTr31WrappedKeyBlock         = textRule{56, 9984, `[0-9a-zA-Z]+`, alphanumeric.some}
	textTr34WrappedKeyBlock         = textRule{2, 4096, `[0-9A-F]+`, upperHex.some}
	textWrappedKeyCryptogram        = textRule{16, 4096, `[0-9A-F]+`, upperHex.some}
)

// charset is a set of ASCII characters.
type charset [256]bool

func newCharset(chars string) *charset {
	var c charset
	for i := range len(chars) {
		c[chars[i]] = true
	}
	return &c
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	decimal           = newCharset(digits)
	lowerLetters      = newCharset(lower)
	upperHex          = newCharset(digits + "ABCDEF")
	anyHex            = newCharset(digits + "ABCDEFabcdef")
	upperAlphanumeric = newCharset(digits + upper)
	alphanumeric      = newCharset(digits + upper + lower)
	letters           = newCharset(upper + lower)
	aliasChars        = newCharset(digits + upper + lower + "/_-")
	mailboxChars      = newCharset(digits + upper + lower + ".!#$%&*+/=?^_`{|}~-")
	hostChars         = newCharset(digits + upper + lower + "-")
)

// all says whether s has only characters of the set.
func (c *charset) all(s string) bool {
	for i := range len(s) {
		if !c[s[i]] {
			return false
		}
	}
	return true
}

// some is all for a string that may not be empty.
func (c *charset) some(s string) bool { return s != "" && c.all(s) }

// between is all for a string of a length within bounds.
func (c *charset) between(s string, low, high int) bool {
	return len(s) >= low && len(s) <= high && c.all(s)
}

func isEvenHex(s string) bool { return len(s)%2 == 0 && anyHex.some(s) }

func isPair(s string) bool { return upperAlphanumeric.between(s, 2, 2) }

func isKSN(s string) bool { return (len(s) == 20 || len(s) == 24) && upperHex.all(s) }

func isCertificateText(s string) bool { return s != "" && !strings.ContainsAny(s, "[;]<>") }

// isEmailAddress: the service's pattern has a typographic apostrophe among the
// characters of a mailbox.
func isEmailAddress(s string) bool {
	mailbox, host, ok := strings.Cut(s, "@")
	if !ok || mailbox == "" || !mailboxChars.all(strings.ReplaceAll(mailbox, "’", "")) {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if !hostChars.some(label) {
			return false
		}
	}
	return true
}

func isToken(prefix string) func(string) bool {
	return func(s string) bool {
		rest, ok := strings.CutPrefix(s, prefix)
		return s == "" || ok && alphanumeric.between(rest, 16, 64)
	}
}
