// Package dn compares distinguished names, and prints them for people.
package dn

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Equal reports whether two DER Names are the same by RFC 5280, section 7.1: the
// same relative names in the same order, their attributes in any order, strings
// compared in Unicode without regard to their string type, to case, and to spaces
// at the ends and doubled ones. Unicode normalization is left out, as in OpenSSL.
// What is not a Name is equal to the same bytes alone.
func Equal(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	one, ok := parse(a)
	other, also := parse(b)
	return ok && also && slices.EqualFunc(one, other, rdn.equal)
}

// attribute is an AttributeTypeAndValue (RFC 5280, section 4.1.2.4).
type attribute struct {
	oid   asn1.ObjectIdentifier
	tag   tag.Tag
	value []byte
	text  string // of a character string; ok reports whether it is one
	ok    bool
}

// rdn is a relative distinguished name: usually one attribute.
type rdn []attribute

// The longest Name that is taken apart, in bytes, and how many relative names it
// may have: some attributes repeat, and comparing takes the square of those in one.
const (
	maxName       = 64 << 10
	maxRDNs       = 200
	maxAttributes = 20
)

func parse(der []byte) ([]rdn, bool) {
	in := cryptobyte.String(der)
	var names cryptobyte.String
	if len(der) > maxName || !in.ReadASN1(&names, tag.SEQUENCE) || !in.Empty() {
		return nil, false
	}
	var out []rdn
	for !names.Empty() {
		r, ok := readRDN(&names)
		if out = append(out, r); !ok || len(out) > maxRDNs {
			return nil, false
		}
	}
	return out, true
}

func readRDN(names *cryptobyte.String) (out rdn, ok bool) {
	var set cryptobyte.String
	if !names.ReadASN1(&set, tag.SET) {
		return nil, false
	}
	for !set.Empty() {
		var a attribute
		var seq, value cryptobyte.String
		if !set.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&a.oid) ||
			!seq.ReadAnyASN1(&value, &a.tag) || !seq.Empty() || len(out) == maxAttributes {
			return nil, false
		}
		a.value = value
		a.text, a.ok = decode(a.tag, value)
		out = append(out, a)
	}
	return out, len(out) > 0
}

// The string types that package asn1 of cryptobyte has no name for.
const (
	numericString   = tag.Tag(18)
	visibleString   = tag.Tag(26)
	universalString = tag.Tag(28)
	bmpString       = tag.Tag(30)
)

var stringTypes = map[tag.Tag]string{
	tag.UTF8String: "UTF8String", tag.PrintableString: "PrintableString", tag.T61String: "TeletexString", tag.IA5String: "IA5String",
	numericString: "NumericString", visibleString: "VisibleString", universalString: "UniversalString", bmpString: "BMPString",
}

// decode is the text of a character string. Teletex strings are read as Latin-1,
// which is what writers mean by them.
func decode(t tag.Tag, value []byte) (string, bool) {
	switch t {
	case tag.UTF8String:
		return string(value), utf8.Valid(value)
	case tag.PrintableString, tag.IA5String, numericString, visibleString:
		return string(value), bytes.IndexFunc(value, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	case tag.T61String:
		runes := make([]rune, len(value))
		for i, c := range value {
			runes[i] = rune(c)
		}
		return string(runes), true
	case bmpString:
		return wide(value, 2)
	case universalString:
		return wide(value, 4)
	}
	return "", false
}

// wide decodes characters of two bytes (UTF-16) or four.
func wide(value []byte, size int) (string, bool) {
	if len(value)%size != 0 {
		return "", false
	}
	var units []uint16
	var out []rune
	for ; len(value) > 0; value = value[size:] {
		var r rune
		for _, c := range value[:size] {
			r = r<<8 | rune(c)
		}
		if size == 2 {
			units = append(units, uint16(r))
			continue
		}
		if !utf8.ValidRune(r) {
			return "", false
		}
		out = append(out, r)
	}
	if size == 2 {
		out = utf16.Decode(units)
	}
	return string(out), true
}

// equal compares two relative names: each attribute of one is in the other.
func (r rdn) equal(other rdn) bool {
	if len(r) != len(other) {
		return false
	}
	left := slices.Clone(other)
	for _, a := range r {
		i := slices.IndexFunc(left, a.equal)
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

func (a attribute) equal(b attribute) bool {
	if !a.oid.Equal(b.oid) {
		return false
	}
	if a.ok && b.ok {
		return a.text == b.text || prepared(a.text) == prepared(b.text)
	}
	return a.tag == b.tag && bytes.Equal(a.value, b.value)
}

// prepared is a text as it is compared (RFC 4518, less normalization).
func prepared(s string) string {
	folded := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return fold(r)
	}, s)
	return strings.Join(strings.Fields(folded), " ")
}

// fold is one rune for all that differ in case alone: the least of them.
func fold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// Difference describes two names that are not [Equal]: as [String], or, where they
// may look alike, the first relative name that differs, with its string type and in
// ASCII. Letters outside ASCII may look like others.
func Difference(a, b []byte) (one, other string) {
	one, other = String(a), String(b)
	if one != other && isASCII(one) && isASCII(other) {
		return one, other
	}
	first, ok := parse(a)
	second, also := parse(b)
	if !ok || !also {
		return fmt.Sprintf("%X", a), fmt.Sprintf("%X", b)
	}
	for i := range min(len(first), len(second)) {
		if !first[i].equal(second[i]) {
			return first[i].detail(), second[i].detail()
		}
	}
	return one, other
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// detail is a relative name with all that can differ in it.
func (r rdn) detail() string {
	parts := make([]string, len(r))
	for i, a := range r {
		kind, known := stringTypes[a.tag]
		if !known {
			kind = fmt.Sprintf("type %d", a.tag)
		}
		parts[i] = fmt.Sprintf("%s=%s in %s", a.name(), ascii(a), kind)
	}
	return strings.Join(parts, " + ")
}

func ascii(a attribute) string {
	if a.ok {
		return fmt.Sprintf("%+q", a.text)
	}
	return fmt.Sprintf("#%X", a.value)
}

// short are the usual names of attributes (RFC 4514, section 3).
var short = map[string]string{
	"2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.17": "POSTALCODE", "1.2.840.113549.1.9.1": "emailAddress",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
}

func (a attribute) name() string {
	oid := a.oid.String()
	if name, ok := short[oid]; ok {
		return name
	}
	return oid
}

// String is a DER Name in the order of RFC 4514, which turns that of the encoding
// around; what is not a Name, in hexadecimal.
func String(der []byte) string {
	names, ok := parse(der)
	if !ok {
		return fmt.Sprintf("%X", der)
	}
	parts := make([]string, len(names))
	for i, r := range names {
		var in []string
		for _, a := range r {
			in = append(in, a.name()+"="+a.printed())
		}
		parts[len(names)-1-i] = strings.Join(in, "+")
	}
	return strings.Join(parts, ",")
}

// printed is the value, with what RFC 4514 escapes behind a backslash.
func (a attribute) printed() string {
	if !a.ok {
		return fmt.Sprintf("#%X", a.value)
	}
	var out strings.Builder
	for i, r := range a.text {
		last := i+utf8.RuneLen(r) == len(a.text)
		if strings.ContainsRune(`,+"\<>;`, r) || r == ' ' && (i == 0 || last) || r == '#' && i == 0 {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
