package policy

import (
	"strings"
	"testing"
)

func TestPatternsMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"*", "", true}, {"**", "", true}, {"?", "", false}, {"*?", "", false},
		{"a", "a", true}, {"a", "A", false}, {"a", "ab", false}, {"ab", "a", false},
		{"a*", "a", true}, {"a**", "abc", true}, {"*a", "ba", true}, {"*a", "ab", false}, {"a*a", "a", false}, {"a*a", "aa", true},
		{"*ab*ab", "ab", false}, {"*ab*ab", "abab", true}, {"*aab", "aaab", true}, {"a*b*c", "abcbc", true}, {"a*b*c", "abcb", false},
		{"?*", "a", true}, {"*?", "a", true}, {"?*?", "a", false}, {"a*?", "a", false}, {"a?*c", "abc", true},
		{"?", "ä", true}, {"??", "ä", false}, {"?", "\xFF", true}, {"a?b", "a€b", true}, {"*?", "€", true}, {"a*€", "a€€", true},
		{`\*`, `\b`, true}, {"[a]", "a", false}, // no other character is special
	} {
		if got := like(c.pattern, c.text, false); got != c.want {
			t.Errorf("%q matches %q: got %t, want %t", c.pattern, c.text, got, c.want)
		}
	}
}

// TestFoldedPatternsCompareLettersOfASCII, and no characters beside them.
func TestFoldedPatternsCompareLettersOfASCII(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"payment-cryptography:get*", "Payment-Cryptography:GetKey", true}, {"AZ", "az", true}, {"az", "AZ", true},
		{"@", "`", false}, {"[", "{", false}, {"ä", "Ä", false}, {"K", "\u212A", false}, // KELVIN SIGN
	} {
		if got := like(c.pattern, c.text, true); got != c.want {
			t.Errorf("%q matches %q without case: got %t, want %t", c.pattern, c.text, got, c.want)
		}
	}
}

// TestManyStarsAreTriedInOrder: only the last star gives characters back, so that a pattern of stars ends at once.
func TestManyStarsAreTriedInOrder(t *testing.T) {
	if like(strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 20000), false) {
		t.Error("a text without b matches a pattern that ends in b")
	}
}

func TestARNsAreReadPartByPart(t *testing.T) {
	const rest = "*|*|*|*"
	for text, want := range map[string]string{
		"*":                    "any",
		"arn:aws":              "arn|aws|" + rest,
		"arn:aws:sqs":          "arn|aws|sqs|*|*|*",
		"arn:aws:sqs:::":       "arn|aws|sqs|||",
		"arn:*:*":              "arn|*|" + rest,
		"arn:aws:a:b:c:d:e:*":  "arn|aws|a|b|c|d:e:*",
		"arn:aws:iam::1:role/": "arn|aws|iam||1|role/",
		"":                     "refused", "**": "refused", "arn": "refused", "arn:": "refused", "arn::sqs": "refused",
		"ARN:aws:sqs": "refused", " arn:aws:sqs": "refused", "arnx:aws": "refused",
	} {
		p, ok := parseARN(text)
		got := strings.Join(p.parts[:], "|")
		if p.any {
			got = "any"
		}
		if !ok {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestARNsMatchPartByPart(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "*", true}, {"*", "", true},
		{"arn:aws", "arn:aws:s3:::b", true}, {"arn:aws", "arn:aws:s3::b", false}, {"arn:aws", "arn:aws", false}, {"arn:aws", "*", false},
		{"arn:aws:s3:::b*", "arn:aws:s3:::b:c/d", true}, {"arn:aws:s3:*", "arn:aws:s3:::b", true}, {"arn:aws:*:b", "arn:aws:s3:::b", false},
		{"arn:aws:s3:::b", "arn:aws:s3:::B", false}, {"arn:aws:s3:::b", "arn:aws:s3:::b:", false}, {"arn:aws:s3:::", "arn:aws:s3:::", true},
		{"arn:aws:s?:::b", "arn:aws:s3:::b", true}, {"arn:aws:s?:::b", "arn:aws:s:::b", false},
	} {
		p, ok := parseARN(c.pattern)
		if got := p.matches(c.text); !ok || got != c.want {
			t.Errorf("%q (read: %t) matches %q: got %t, want %t", c.pattern, ok, c.text, got, c.want)
		}
	}
}
