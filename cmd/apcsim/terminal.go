package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a message, a certificate or a file has in it is foreign: printed as it is, it
// could move the cursor, forge a line or hide one. All output of a command goes
// through here: its cells, its errors and, as a last check, its streams.

// shown is a foreign text on a line: as it is where every character is printable,
// else as a Go string in quotes.
func shown(text string) string {
	if strings.HasPrefix(text, `"`) {
		return strconv.Quote(text)
	}
	for _, r := range text {
		if !strconv.IsPrint(r) || r == utf8.RuneError {
			return strconv.Quote(text)
		}
	}
	return text
}

// shownError is an error on a line. Errors that were joined are parted by "; ".
func shownError(err error) string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || !strings.Contains(err.Error(), "\n") {
		return shown(err.Error())
	}
	var parts, texts []string
	for _, e := range joined.Unwrap() {
		parts, texts = append(parts, shownError(e)), append(texts, e.Error())
	}
	if strings.Join(texts, "\n") != err.Error() { // it has words of its own
		return shown(err.Error())
	}
	return strings.Join(parts, "; ")
}

// harmless is a stream to which no character goes that is not printable, but line
// feed and tab. Others are written as \u and four digits, which JSON reads as the
// same text.
type harmless struct{ io.Writer }

func (h harmless) Write(b []byte) (int, error) {
	clean := len(b)
	for i, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7F {
			clean = i
			break
		}
	}
	if clean == len(b) { // nearly always
		return h.Writer.Write(b)
	}
	out := append([]byte(nil), b[:clean]...)
	for rest := b[clean:]; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\u%04x`, rest[0])
		case r == '\n' || r == '\t' || strconv.IsPrint(r):
			out = append(out, rest[:n]...)
		case r > 0xFFFF: // as JSON has it, in two halves
			high, low := (r-0x10000)>>10+0xD800, (r-0x10000)&0x3FF+0xDC00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		rest = rest[n:]
	}
	if _, err := h.Writer.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
