package endpoint

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/seed748fb4d1/apcsim/internal/shape"
)

// reader reads a JSON text (RFC 8259) piece by piece. After the first piece that is missing it is bad,
// and nothing is left to read. What is rare is read by encoding/json: escapes, fractions, unknown
// members. Strings are parts of the text, or copies where the text is long and would be kept with them.
type reader struct {
	rest  string
	long  bool
	bad   bool
	left  int  // of the text, where it became bad
	begun bool // an object or a list has begun, and no member of it been taken
	sent  *shape.Sent
}

// longBody is how much a string may keep in memory besides itself, in bytes.
const longBody = 4 << 10

const space = " \t\r\n"

func (r *reader) fail() {
	if !r.bad {
		r.left = len(r.rest)
	}
	r.rest, r.bad = "", true
}

// next is the first byte of what comes, behind the white space; 0 at the end.
func (r *reader) next() byte {
	for i := range len(r.rest) {
		switch c := r.rest[i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			r.rest = r.rest[i:]
			return c
		}
	}
	r.fail()
	return 0
}

// end takes the white space at the end of the text.
func (r *reader) end() {
	if strings.TrimLeft(r.rest, space) != "" {
		r.fail()
	}
}

// take takes the byte that must come next.
func (r *reader) take(c byte) {
	if r.next() != c {
		r.fail()
		return
	}
	r.rest = r.rest[1:]
	r.begun = c == '{' || c == '['
}

// more takes the comma before the next member of a list or an object, or the byte that closes it.
func (r *reader) more(closing byte) bool {
	first := r.begun
	r.begun = false
	switch c := r.next(); {
	case r.bad:
		return false
	case c == closing:
		r.rest = r.rest[1:]
		return false
	case !first:
		r.take(',')
	}
	return !r.bad
}

// name takes the name of a member and its colon.
func (r *reader) name() string {
	if r.next() != '"' {
		r.fail()
		return ""
	}
	name := r.text()
	r.take(':')
	return name
}

// word takes a string with its quotes, a number, true, false or null.
func (r *reader) word() string {
	var n int
	var ok bool
	if r.next() == '"' {
		n, ok = quoted(r.rest)
	} else {
		for n < len(r.rest) && !ends(r.rest[n]) {
			n++
		}
		ok = n > 0 && scalar(r.rest[:n])
	}
	if !ok {
		r.fail()
		return ""
	}
	word := r.rest[:n]
	r.rest = r.rest[n:]
	return word
}

// ends reports whether a byte ends a word without quotes.
func ends(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']', '}':
		return true
	}
	return false
}

// quoted is how long the string at the beginning of a text is, with its quotes.
func quoted(s string) (n int, ok bool) {
	for n = 1; n < len(s); n++ {
		switch c := s[n]; {
		case c == '"':
			return n + 1, true
		case c == '\\':
			return escaped(s)
		case c < 0x20:
			return 0, false
		}
	}
	return 0, false
}

// plain is quoted for a string of ASCII without escapes; 0 for any other.
func plain(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	for n := 1; n < len(s); n++ {
		switch c := s[n]; {
		case c == '"':
			return n + 1
		case c == '\\', c < 0x20, c >= utf8.RuneSelf:
			return 0
		}
	}
	return 0
}

// escaped is quoted for a string with escapes.
func escaped(s string) (n int, ok bool) {
	for n = 1; n < len(s) && s[n] != '"'; n++ {
		if s[n] == '\\' {
			n++
		}
	}
	if n >= len(s) {
		return 0, false
	}
	return n + 1, json.Valid([]byte(s[:n+1]))
}

// scalar reports whether a word without quotes is one of JSON's.
func scalar(s string) bool {
	switch s {
	case "true", "false", "null":
		return true
	}
	return json.Valid([]byte(s))
}

// text takes a string.
func (r *reader) text() string {
	if n := plain(r.rest); n > 0 && !r.long { // nearly always
		text := r.rest[1 : n-1]
		r.rest = r.rest[n:]
		return text
	}
	word := r.word()
	if r.bad {
		return ""
	}
	if plain := word[1 : len(word)-1]; strings.IndexByte(plain, '\\') < 0 && utf8.ValidString(plain) {
		if r.long {
			return strings.Clone(plain)
		}
		return plain
	}
	var s string
	json.Unmarshal([]byte(word), &s) // it is valid
	return s
}

// skip takes a value of whatever kind.
func (r *reader) skip() {
	d := json.NewDecoder(strings.NewReader(r.rest))
	var value json.RawMessage
	if d.Decode(&value) != nil {
		r.fail()
		return
	}
	r.rest, r.begun = r.rest[d.InputOffset():], false
}
