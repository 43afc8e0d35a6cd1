package policy

import (
	"strings"
	"unicode/utf8"
)

// like reports whether a text matches a pattern, in which * means any number of characters
// and ? for one. With fold the case of ASCII letters does not count.
func like(pattern, text string, fold bool) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			_, size := utf8.DecodeRuneInString(text[t:])
			p, t = p+1, t+size
		case p < len(pattern) && same(pattern[p], text[t], fold):
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func same(a, b byte, fold bool) bool { return a == b || fold && lower(a) == lower(b) }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// arnParts is how many parts an ARN has; the last may have colons of its own.
const arnParts = 6

// arnPattern is an ARN with wildcards, part by part: a wildcard does not reach beyond its part.
type arnPattern struct {
	any   bool // a single *
	parts [arnParts]string
}

// parseARN takes an ARN with wildcards apart. Parts that are missing at the end are *: arn:aws:sqs is
// arn:aws:sqs:*:*:* (IAM User Guide, Resource).
func parseARN(text string) (p arnPattern, ok bool) {
	if text == "*" {
		return arnPattern{any: true}, true
	}
	if !strings.HasPrefix(text, "arn:") {
		return p, false
	}
	given := strings.SplitN(text, ":", arnParts)
	for i := range p.parts {
		p.parts[i] = "*"
		if i < len(given) {
			p.parts[i] = given[i]
		}
	}
	return p, len(given) > 1 && given[1] != ""
}

// matches reports whether a text is an ARN of the pattern. The resource * of an action that has
// none is matched by nothing but *.
func (p *arnPattern) matches(text string) bool {
	if p.any {
		return true
	}
	for i, pattern := range p.parts {
		part := text
		if i < arnParts-1 {
			var found bool
			if part, text, found = strings.Cut(text, ":"); !found {
				return false
			}
		}
		if !like(pattern, part, false) {
			return false
		}
	}
	return true
}
