package shape

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode/utf8"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// What a reason says is wrong with the shape of a request.
const (
	problemMissing  = "the member is missing"
	problemTooShort = "the value is too short"
	problemTooLong  = "the value is too long"
	problemTooMany  = "the list has too many items"
	problemPattern  = "the value does not match the pattern of this member"
	problemEnum     = "the value is not one of those allowed"
	problemTooSmall = "the number is too small"
	problemTooLarge = "the number is too large"
	problemNoArm    = "no member of the union is given"
	problemManyArms = "more than one member of the union is given"
)

// misfit names the first character of a text that is nowhere in a pattern, or
// else the length of the text: it may be a key block, and is not repeated.
func misfit(pattern, text string) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return characters(utf8.RuneCountInString(text))
	}
	for at, r := range text {
		if !occurs(parsed, r) {
			return fmt.Sprintf("%s at character %d", wording.Char(text[at:]), utf8.RuneCountInString(text[:at]))
		}
	}
	return characters(utf8.RuneCountInString(text))
}

// occurs reports whether a character is anywhere in a pattern.
func occurs(re *syntax.Regexp, r rune) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return slices.Contains(re.Rune, r)
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= r && r <= re.Rune[i+1] {
				return true
			}
		}
		return false
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	}
	return slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return occurs(sub, r) })
}
