package wording

import (
	"regexp"
	"strings"
)

// mostForeign is how many bytes of a client's text a reason carries.
const mostForeign = 64

// Foreign is a client's own word as a reason may repeat it: in quotes, on one
// line, cut; or its length alone where it could be a key or a PIN in the wrong
// place (see [LooksLikeKey]).
func Foreign(s string) string {
	if s == "" {
		return "an empty string"
	}
	if LooksLikeKey(s) {
		return Count(len(s), "character")
	}
	return Quote(s, mostForeign)
}

// LooksLikeKey reports whether a word of a client could be a key: 8 hexadecimal digits in a row,
// whatever is between them, 4 or more decimal digits and nothing else, or base64 (RFC 4648) of 8
// bytes and more. No name of the service looks so; some other words do too, such as a date.
func LooksLikeKey(s string) bool {
	bare := alphanumeric(strings.NewReplacer("x", "", "X", "").Replace(s)) // 0xDE, \xDE
	return hexRun.MatchString(bare) || decimals.MatchString(bare) || looksRandom(s) || WithoutKeys(s) != s
}

var (
	hexRun   = regexp.MustCompile(`[0-9A-Fa-f]{8,}`)
	decimals = regexp.MustCompile(`^[0-9]{4,}$`)

	// In sentences: hexadecimal digits in groups, and words of base64.
	hexGroups  = regexp.MustCompile(`\b(?:0[xX])?[0-9A-Fa-f]{2,}(?:[-:. _](?:0[xX])?[0-9A-Fa-f]{2,})+\b`)
	base64Word = regexp.MustCompile(`[0-9A-Za-z+/_-]{11,}={0,2}`)
	date       = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// WithoutKeys takes out of a text, a sentence that was not written by us alone,
// what could be a key.
func WithoutKeys(text string) string {
	const cut = "..."
	text = base64Word.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasSuffix(s, "=") || looksRandom(s) {
			return cut
		}
		return s
	})
	text = hexGroups.ReplaceAllStringFunc(text, func(s string) string {
		if count(s, isHex) < 8 || date.MatchString(s) || count(s, isDigit) == 0 && strings.ToUpper(s) != s {
			return s
		}
		return cut
	})
	return hexRun.ReplaceAllString(text, cut)
}

// looksRandom reports whether a word mixes capitals, small letters and digits as
// base64 of random bytes does. Words joined together, such as the names of members,
// change at two of five places at most and have long runs of letters, and in them
// a capital is followed by a small letter.
func looksRandom(s string) bool {
	const long = 16
	s = alphanumeric(s)
	if len(s) < long || strings.ToUpper(s) == s || strings.ToLower(s) == s {
		return false
	}
	changes, inRuns, run, odd := 0, 0, 1, 0
	for i := 1; i <= len(s); i++ {
		next := -1
		if i < len(s) {
			next = classOf(s[i])
		}
		before := classOf(s[i-1])
		if before == capital && next != small || before == digit && next == small {
			odd++
		}
		if next == before {
			run++
			continue
		}
		if run >= 3 {
			inRuns += run
		}
		run = 1
		changes++
	}
	share := func(n, percent int) bool { return n*100 >= percent*len(s) }
	return share(changes, 50) || share(changes, 38) && !share(inRuns, 55) || share(odd, 20)
}

func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (isHex(byte(r)) || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z') {
			return r
		}
		return -1
	}, s)
}

// Classes of characters.
const (
	digit = iota
	capital
	small
)

func classOf(c byte) int {
	switch {
	case isDigit(c):
		return digit
	case isUpper(c):
		return capital
	}
	return small
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isHex(c byte) bool   { return isDigit(c) || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f' }

func count(s string, is func(byte) bool) (n int) {
	for i := range len(s) {
		if is(s[i]) {
			n++
		}
	}
	return n
}
