package tr31

import (
	"slices"
	"strings"
)

// Strictness is how strictly [Parse] reads and [KBPK.Wrap] checks its arguments.
type Strictness int

const (
	// Strict takes what X9.143 and ISO 20038 allow. It is the zero value.
	Strict Strictness = iota

	// Lenient also accepts lower-case hexadecimal, codes that the standard does not have, any
	// content of optional blocks, the padding block anywhere or missing, the extended length of an
	// optional block counted in bytes, and a key of any length, whatever its algorithm. The MAC and
	// all other lengths are checked as with Strict.
	Lenient
)

// usages lists the key usage codes of X9.143 and ISO 20038, and those F codes
// that IBM documents: the second characters by the first. A code that begins
// with a digit is proprietary.
var usages = ['Z']string{
	'B': "0123", 'C': "0", 'D': "0123", 'E': "01234567", 'F': "0124", 'I': "0", 'K': "01234",
	'M': "012345678", 'P': "01", 'S': "012", 'V': "012345",
}

// Codes of one character; in modes and exportabilities a digit is proprietary.
const (
	algorithms      = "ADEHIJRST"
	modesOfUse      = "BCDEGNSTVXY0123456789"
	exportabilities = "ENS0123456789"
	contexts        = "012"
)

func knownUsage(s string) bool {
	if len(s) != 2 || int(s[0]) >= len(usages) {
		return false
	}
	return isDigit(s[0]) && isAlphanumeric(s[1:]) || knownCode(usages[s[0]], s[1])
}

func knownCode(list string, c byte) bool { return strings.IndexByte(list, c) >= 0 }

// keyLengths are the bytes a key may have; any other algorithm takes any.
var keyLengths = ['T' + 1][]int{
	'T': {16, 24},
	'A': {16, 24, 32},
	'D': {8, 16, 24}, // the longer ones are tolerated: single DES in a TDES frame
}

func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isPrintable(c byte) bool { return c-0x20 <= 0x7E-0x20 }

func isAlphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// unprintable is the offset of the first character outside printable ASCII, or -1.
func unprintable(s string) int {
	for i := range len(s) {
		if !isPrintable(s[i]) {
			return i
		}
	}
	return -1
}

// decimal reads a field of digits alone.
func decimal(s string) (n int, ok bool) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// notHex marks what is no hexadecimal digit in the tables of values.
const notHex = 0xFF

// The values of the digits, upper case alone and either case.
var (
	upperValues = hexTable("0123456789ABCDEF")
	hexValues   = hexTable("0123456789ABCDEF", "0123456789abcdef")
)

func hexTable(alphabets ...string) (t [256]byte) {
	for c := range t {
		t[c] = notHex
	}
	for _, digits := range alphabets {
		for i := range len(digits) {
			t[digits[i]] = byte(i)
		}
	}
	return t
}

// notHexAt is the offset of the first character that is no hexadecimal digit
// (when strict: no upper-case one), or -1.
func notHexAt(s string, how Strictness) int {
	values := &upperValues
	if how == Lenient {
		values = &hexValues
	}
	for i := range len(s) {
		if values[s[i]] == notHex {
			return i
		}
	}
	return -1
}

// isHex reports whether a field is upper-case hexadecimal.
func isHex(s string) bool { return notHexAt(s, Strict) < 0 }

// appendBytes decodes hexadecimal that has been checked, an even number of digits.
func appendBytes(dst []byte, s string) []byte {
	n := len(s) / 2
	dst = slices.Grow(dst, n)[:len(dst)+n]
	out := dst[len(dst)-n:]
	for i := range out {
		pair := s[2*i : 2*i+2]
		out[i] = hexValues[pair[0]]<<4 | hexValues[pair[1]]
	}
	return dst
}

// appendHex encodes in upper case, as the standard asks.
func appendHex(dst, data []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, b := range data {
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// writeHex is appendHex for a Builder, by way of the stack.
func writeHex(out *strings.Builder, data []byte) {
	var digits [64]byte
	for len(data) > 0 {
		n := min(len(data), len(digits)/2)
		out.Write(appendHex(digits[:0], data[:n]))
		data = data[n:]
	}
}
