package tr31

import (
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Block is a parsed key block: its header in the clear, nothing of which is
// authentic before Unwrap, and key data and MAC as they were written. Reading
// it is safe from any number of goroutines.
type Block struct {
	Header

	keyData, mac string // hexadecimal, checked
	strictness   Strictness
}

// Parse reads a key block without any key: everything but the classes kbpk, mac
// and key-length is checked here. Its text is at most 9999 characters.
func Parse(s string, how Strictness) (*Block, error) {
	if len(s) > maxBlock {
		return nil, tooLong(len(s))
	}
	b, err := parse(s, how)
	if err == nil {
		return b, nil
	}
	// What parse takes is printable, field by field. Where it refuses, a
	// character that has no place in a block is reported first: it may be what
	// misled parse.
	if at := unprintable(s); at >= 0 {
		return nil, &Error{ErrCharset, "", at, problemUnprintable, wording.Char(s[at:]), ""}
	}
	if at := straySpace(s); at >= 0 {
		return nil, &Error{ErrCharset, "", at, problemSpaces, wording.Char(s[at:]), "the block without spaces"}
	}
	return nil, err
}

func tooLong(n int) *Error {
	return &Error{ErrLength, "", -1, problemTooLong, characters(n), "at most " + characters(maxBlock)}
}

// parse is Parse for a text that is not too long.
func parse(s string, how Strictness) (*Block, error) {
	r, err := checkFrame(s)
	if err != nil {
		return nil, err
	}
	b := &Block{Header: headerFields(s), strictness: how}
	if err := b.checkFields(how); err != nil {
		return nil, err
	}
	count, ok := decimal(s[atCount:atContext])
	if !ok {
		return nil, wrongCount(s)
	}
	blocks, at, err := parseBlocks(s, fixedHeader, count, how)
	if err != nil {
		return nil, err
	}
	b.Blocks = blocks
	if err := b.checkBlocks(how); err != nil {
		return nil, err
	}
	if bad := notHexAt(s[at:], how); bad >= 0 {
		problem := problemUpperHex
		if how == Lenient {
			problem = problemHex
		}
		return nil, &Error{ErrHex, "key data or MAC", at + bad, problem, wording.Char(s[at+bad:]), ""}
	}
	end := max(at, len(s)-2*r.mac)
	b.keyData, b.mac = s[at:end], s[end:]
	if err := b.checkData(r); err != nil {
		return nil, err
	}
	return b, nil
}

// wrongCount is the refusal of a header whose number of optional blocks is not a
// number.
func wrongCount(s string) *Error {
	return &Error{ErrHeaderField, "number of optional blocks", atCount, problemCount, wording.Quote(s[atCount:atContext], 2), "00 to 99"}
}

// checkFrame checks what must hold before any field is read: size, version and
// length field.
func checkFrame(s string) (*rules, error) {
	if len(s) < fixedHeader {
		return nil, &Error{ErrLength, "", -1, problemTooShort, characters(len(s)), "at least " + characters(fixedHeader)}
	}
	r, err := Version(s[0]).rules()
	if err != nil {
		return nil, wrongVersion(s)
	}
	switch n, ok := decimal(s[atLength:atUsage]); {
	case !ok:
		return nil, &Error{
			ErrLength,
			"block length",
			atLength,
			problemLengthForm,
			wording.Quote(s[atLength:atUsage], 4),
			fmt.Sprintf("%04d", len(s)),
		}
	case n != len(s):
		return nil, &Error{ErrLength, "block length", atLength, problemLength, s[atLength:atUsage], fmt.Sprintf("%04d", len(s))}
	}
	return r, nil
}

// wrongVersion refuses the first character of a block of at least 16. Thales
// payShield commands put the key scheme before a key block: R before one of
// TR-31, S before their own, whose versions are 0 and 1.
func wrongVersion(s string) error {
	e := unknownVersion(s[0])
	_, digits := decimal(s[2:6])
	_, next := Version(s[1]).rules()
	switch {
	case s[0] == 'S' && (s[1] == '0' || s[1] == '1'):
		e.Problem, e.Wanted = problemProprietary, "a block exported under key scheme R"
	case (s[0] == 'R' || s[0] == 'S') && next == nil && digits:
		e.Problem, e.Wanted = problemPrefix, "the block without it, from "+wording.Char(s[1:])+" on"
	}
	return e
}

// straySpace is the offset of a space in a block that would have the length it
// states without its spaces, or -1. A block may have spaces in the data of
// optional blocks; it does not gain any on the way.
func straySpace(s string) int {
	at := strings.IndexByte(s, ' ')
	whole := strings.ReplaceAll(s, " ", "")
	if at < 0 || len(whole) < fixedHeader {
		return -1
	}
	if n, ok := decimal(whole[atLength:atUsage]); !ok || n != len(whole) {
		return -1
	}
	return at
}

// checkData checks the sizes of key data and MAC.
func (b *Block) checkData(r *rules) error {
	n, unit := len(b.keyData), 2*r.unit
	if have, least := n+len(b.mac), 2*(r.least+r.mac); len(b.mac) != 2*r.mac || have < least {
		return &Error{ErrLength, "key data", b.size(), problemNoRoom, digits(have) + " after the header", "at least " + digits(least)}
	}
	if n%unit == 0 {
		return nil
	}
	class := ErrLength
	if n%2 != 0 {
		class = ErrHex
	}
	return &Error{class, "key data", b.size(), problemPartial, digits(n), fmt.Sprintf("%d or %s", n/unit*unit, digits(n/unit*unit+unit))}
}

func characters(n int) string { return wording.Count(n, "character") }
func digits(n int) string     { return wording.Count(n, "digit") }

// String encodes the block, byte for byte as it was parsed.
func (b *Block) String() string {
	n := b.length()
	out := b.append(make([]byte, 0, n), n)
	out = append(out, b.keyData...)
	return string(append(out, b.mac...))
}

// length is that of the whole block in characters.
func (b *Block) length() int { return b.size() + len(b.keyData) + len(b.mac) }
