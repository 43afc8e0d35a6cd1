// Package wording writes the reason of a refusal as one sentence, the same way
// in every package.
package wording

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is "problem: found X, wanted Y", as far as the two values are known.
func Text(problem, found, wanted string) string {
	switch {
	case found != "" && wanted != "":
		return problem + ": found " + found + ", wanted " + wanted
	case found != "":
		return problem + ": found " + found
	case wanted != "":
		return problem + ": wanted " + wanted
	}
	return problem
}

// names are the characters that a reader does not see.
var names = map[rune]string{' ': "a space", '\t': "a tab", '\n': "a line feed", '\r': "a carriage return", 0xFEFF: "a byte order mark"}

// Char names the first character of a text: a letter in quotes, a space or a
// control character in words, a byte that is no UTF-8 in hexadecimal.
func Char(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	switch name, named := names[r]; {
	case size == 0:
		return "the end"
	case r == utf8.RuneError && size == 1:
		return fmt.Sprintf("the byte %02X", s[0])
	case named:
		return name
	case r < ' ' || r > '~':
		return fmt.Sprintf("U+%04X", r)
	}
	return fmt.Sprintf("%q", s[:size])
}

// Quote is text of unknown origin in quotes, on one line: at most so many bytes
// of it, the rest as three dots.
func Quote(s string, most int) string {
	if len(s) > most {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(s[:most], "?"))
	}
	return fmt.Sprintf("%q", s)
}

// Cut is text of unknown origin on one line, without quotes: at most so many
// bytes of it, the rest as three dots.
func Cut(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Bytes is "1 byte" or "n bytes".
func Bytes(n int) string { return Count(n, "byte") }

// Count is a number with the name of what is counted.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Or lists values: "A", "A or B", "A, B or C".
func Or[T ~string | ~int](values []T) string {
	var out strings.Builder
	for i, v := range values {
		switch {
		case i > 0 && i == len(values)-1:
			out.WriteString(" or ")
		case i > 0:
			out.WriteString(", ")
		}
		fmt.Fprint(&out, v)
	}
	return out.String()
}
