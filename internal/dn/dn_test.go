package dn

import (
	"bytes"
	"encoding/asn1"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	cn = asn1.ObjectIdentifier{2, 5, 4, 3}
	o  = asn1.ObjectIdentifier{2, 5, 4, 10}
)

// part is one attribute; those of one slice are one relative name.
type part struct {
	oid  asn1.ObjectIdentifier
	tag  tag.Tag
	text string
}

func name(parts ...[]part) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, p := range parts {
			b.AddASN1(tag.SET, func(b *cryptobyte.Builder) {
				for _, a := range p {
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(a.oid)
						b.AddASN1(a.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.text)) })
					})
				}
			})
		}
	})
	return b.BytesOrPanic()
}

// one is a name of a common name alone.
func one(t tag.Tag, text string) []byte { return name([]part{{cn, t, text}}) }

func TestNamesCompareAsRFC5280Says(t *testing.T) {
	root := one(tag.UTF8String, "Root CA")
	for _, c := range []struct {
		what string
		a, b []byte
		want bool
	}{
		{"the same bytes", root, root, true},
		{"PrintableString", root, one(tag.PrintableString, "Root CA"), true},
		{"IA5String", root, one(tag.IA5String, "Root CA"), true},
		{"VisibleString", root, one(visibleString, "Root CA"), true},
		{"TeletexString", root, one(tag.T61String, "Root CA"), true},
		{"BMPString", root, one(bmpString, "\x00R\x00o\x00o\x00t\x00 \x00C\x00A"), true},
		{"UniversalString", one(tag.UTF8String, "RC"), one(universalString, "\x00\x00\x00R\x00\x00\x00C"), true},
		{"another case", root, one(tag.PrintableString, "ROOT ca"), true},
		{"spaces at the ends", root, one(tag.UTF8String, "  Root CA "), true},
		{"doubled spaces", root, one(tag.UTF8String, "Root   CA"), true},
		{"a space that is none of ASCII", root, one(tag.UTF8String, "Root\u00a0CA"), true},
		{"letters outside ASCII of another case", one(tag.UTF8String, "Bär"), one(tag.UTF8String, "BÄR"), true},
		{"a character outside the basic plane", one(tag.UTF8String, "\U0001F511"), one(bmpString, "\xd8\x3d\xdd\x11"), true},
		{"Teletex as Latin-1", one(tag.UTF8String, "Bär"), one(tag.T61String, "B\xe4r"), true},
		{"attributes of one relative name in another order", name([]part{{cn, tag.UTF8String, "a"}, {o, tag.UTF8String, "b"}}),
			name([]part{{o, tag.PrintableString, "b"}, {cn, tag.PrintableString, "a"}}), true},

		{"no space", root, one(tag.UTF8String, "RootCA"), false},
		{"another letter", root, one(tag.UTF8String, "Root CB"), false},
		{"a letter that looks the same", root, one(tag.UTF8String, "R\u043eot CA"), false},
		{"another normal form", one(tag.UTF8String, "B\u00e4r"), one(tag.UTF8String, "Ba\u0308r"), false},
		{"another attribute", root, name([]part{{o, tag.UTF8String, "Root CA"}}), false},
		{"relative names in another order", name([]part{{cn, tag.UTF8String, "a"}}, []part{{o, tag.UTF8String, "b"}}),
			name([]part{{o, tag.UTF8String, "b"}}, []part{{cn, tag.UTF8String, "a"}}), false},
		{"two relative names for one of two attributes", name([]part{{cn, tag.UTF8String, "a"}, {o, tag.UTF8String, "b"}}),
			name([]part{{cn, tag.UTF8String, "a"}}, []part{{o, tag.UTF8String, "b"}}), false},
		{"one relative name more", root, name([]part{{cn, tag.UTF8String, "Root CA"}}, []part{{cn, tag.UTF8String, "Root CA"}}), false},
		{"an attribute twice for another one", name([]part{{cn, tag.UTF8String, "a"}, {cn, tag.UTF8String, "a"}}),
			name([]part{{cn, tag.UTF8String, "a"}, {cn, tag.UTF8String, "b"}}), false},
		{"an octet string", one(tag.OCTET_STRING, "a"), one(tag.OCTET_STRING, "A"), false},
		{"an octet string for a text", one(tag.OCTET_STRING, "a"), one(tag.UTF8String, "a"), false},
		{"UTF-8 that is broken", one(tag.UTF8String, "\xff"), one(tag.UTF8String, "\xfe"), false},
		{"half a BMP character", one(bmpString, "\x00"), one(bmpString, "\x01"), false},
		{"no name", []byte{1}, []byte{2}, false},
		{"nothing", nil, root, false},
		{"something behind it", root, append(bytes.Clone(root), 0), false},
	} {
		if got := Equal(c.a, c.b); got != c.want {
			t.Errorf("%s: Equal = %v, want %v", c.what, got, c.want)
		}
		if got := Equal(c.b, c.a); got != c.want {
			t.Errorf("%s, the other way: Equal = %v, want %v", c.what, got, c.want)
		}
	}
}

func TestNamesPrintInTheOrderOfRFC4514(t *testing.T) {
	for _, c := range []struct {
		in   []byte
		want string
	}{
		{name([]part{{o, tag.UTF8String, "Bank"}}, []part{{cn, tag.UTF8String, "Root"}}), "CN=Root,O=Bank"},
		{name([]part{{o, tag.UTF8String, "Bank, Inc."}, {cn, tag.PrintableString, "a+b "}}), `O=Bank\, Inc.+CN=a\+b\ `},
		{name([]part{{asn1.ObjectIdentifier{1, 2, 3}, tag.OCTET_STRING, "\x01"}}), "1.2.3=#01"},
		{name(), ""},
		{[]byte{5, 0}, "0500"},
	} {
		if got := String(c.in); got != c.want {
			t.Errorf("String(%X) = %q, want %q", c.in, got, c.want)
		}
	}
}

// Names that print alike differ by the attribute that differs.
func TestDifferenceOfNamesThatPrintAlike(t *testing.T) {
	for _, c := range []struct {
		a, b       []byte
		one, other string
	}{
		{one(tag.UTF8String, "a"), one(tag.UTF8String, "b"), "CN=a", "CN=b"},
		{one(tag.UTF8String, "Root"), one(tag.UTF8String, "R\u043eot"), `CN="Root" in UTF8String`, `CN="R\u043eot" in UTF8String`},
		{one(tag.UTF8String, "B\u00e4r"), one(tag.UTF8String, "Ba\u0308r"), `CN="B\u00e4r" in UTF8String`, `CN="Ba\u0308r" in UTF8String`},
		{name([]part{{cn, tag.UTF8String, "ä"}}), name([]part{{cn, tag.UTF8String, "ä"}}, []part{{o, tag.UTF8String, "ä"}}), "CN=ä", "O=ä,CN=ä"},
		{one(tag.OCTET_STRING, "a"), one(tag.BIT_STRING, "a"), "CN=#61 in type 4", "CN=#61 in type 3"},
		{one(numericString, "\xff"), one(tag.PrintableString, "\xff"), "CN=#FF in NumericString", "CN=#FF in PrintableString"},
	} {
		if one, other := Difference(c.a, c.b); one != c.one || other != c.other {
			t.Errorf("Difference = %q, %q, want %q, %q", one, other, c.one, c.other)
		}
	}
}

func FuzzEqual(f *testing.F) {
	f.Add(one(tag.UTF8String, "Root CA"), one(tag.PrintableString, "root  ca"))
	f.Add(one(bmpString, "\x00R"), one(universalString, "\x00\x00\x00r"))
	f.Add(
		name([]part{{cn, tag.UTF8String, "a"}, {o, tag.UTF8String, "b"}}),
		name([]part{{o, tag.T61String, "b"}, {cn, tag.IA5String, "A"}}),
	)
	f.Add([]byte{}, []byte{0x30, 0})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got := Equal(a, b)
		if got != Equal(b, a) {
			t.Errorf("Equal(%X, %X) = %v, and not the other way", a, b, got)
		}
		if !Equal(a, a) || !Equal(b, b) {
			t.Errorf("%X or %X is not equal to itself", a, b)
		}
		if one, other := Difference(a, b); !got && one == other && String(a) != String(b) {
			t.Errorf("%X and %X differ, and are both described as %q", a, b, one)
		}
	})
}
