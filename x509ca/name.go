package x509ca

import (
	"encoding/asn1"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Attribute types of RFC 5280, appendix A.1. Others can be used as well.
var (
	CommonName         = asn1.ObjectIdentifier{2, 5, 4, 3}
	SerialNumber       = asn1.ObjectIdentifier{2, 5, 4, 5}
	Country            = asn1.ObjectIdentifier{2, 5, 4, 6}
	Locality           = asn1.ObjectIdentifier{2, 5, 4, 7}
	Province           = asn1.ObjectIdentifier{2, 5, 4, 8}
	Organization       = asn1.ObjectIdentifier{2, 5, 4, 10}
	OrganizationalUnit = asn1.ObjectIdentifier{2, 5, 4, 11}
	EmailAddress       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// Form is the kind of string in which a value is written.
type Form uint8

// The forms there are.
const (
	// ByType is the form that RFC 5280 has for the attribute's type, and
	// UTF8String where that leaves a choice or does not have the type.
	ByType Form = iota
	PrintableString
	UTF8String
	IA5String
)

// Attribute is one attribute of a distinguished name.
type Attribute struct {
	Type  asn1.ObjectIdentifier
	Value string
	Form  Form
}

// Name is a distinguished name (RFC 5280, section 4.1.2.4) in the order
// written, each attribute in a set of its own. The zero Name cannot be written:
// without extensions that we do not make, a certificate needs a subject.
type Name []Attribute

// maxName is how long a name may be, in bytes of DER. Two of them and the largest
// keys stay within what [Decode] reads.
const maxName = 1 << 13

// attributeType is a row of RFC 5280, appendix A.1. Least and most count
// characters.
type attributeType struct {
	oid         asn1.ObjectIdentifier
	form        Form // that ByType means
	least, most int
}

var attributeTypes = []attributeType{
	{CommonName, UTF8String, 1, 64},
	{SerialNumber, PrintableString, 1, 64},
	{Country, PrintableString, 2, 2},
	{Locality, UTF8String, 1, 128},
	{Province, UTF8String, 1, 128},
	{Organization, UTF8String, 1, 64},
	{OrganizationalUnit, UTF8String, 1, 64},
	{EmailAddress, IA5String, 1, 255},
}

// otherType is for every type that has no row.
var otherType = attributeType{form: UTF8String, least: 1, most: maxName}

// forms says how each form is written and what it can hold. ByType has no row of
// its own.
var forms = [...]struct {
	tag    tag.Tag
	holds  func(string) bool
	wanted string
}{
	PrintableString: {tag.PrintableString, isPrintable, "letters, digits, space and '()+,-./:=?"},
	UTF8String:      {tag.UTF8String, utf8.ValidString, "valid UTF-8"},
	IA5String:       {tag.IA5String, isASCII, "ASCII"},
}

// DER returns the name as a DER RDNSequence. A value that its form cannot hold,
// or that is shorter or longer than its type allows, is refused with
// [RuleName], as are an empty name and one of more than 8 KiB.
func (n Name) DER() ([]byte, error) {
	if len(n) == 0 {
		return nil, refuse(RuleName, problemNoName, "", "at least one attribute")
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, a := range n {
			a.add(b)
		}
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	if len(out) > maxName {
		return nil, refuse(RuleName, problemLongName, wording.Bytes(len(out)), "at most "+wording.Bytes(maxName))
	}
	return out, nil
}

// add writes the attribute as a RelativeDistinguishedName.
func (a Attribute) add(b *cryptobyte.Builder) {
	t := typeOf(a.Type)
	if a.Form == ByType {
		a.Form = t.form
	}
	if err := a.check(t); err != nil {
		b.SetError(err)
		return
	}
	b.AddASN1(tag.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(a.Type)
			b.AddASN1(forms[a.Form].tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.Value)) })
		})
	})
}

// check reports why an attribute, its form known, cannot be written.
func (a Attribute) check(t *attributeType) error {
	switch n := utf8.RuneCountInString(a.Value); {
	case !validOID(a.Type):
		return refuse(RuleName, problemAttributeType, a.Type.String(), "")
	case int(a.Form) >= len(forms):
		return refuse(RuleName, problemAttributeForm, strconv.Itoa(int(a.Form)), "PrintableString, UTF8String or IA5String")
	case !forms[a.Form].holds(a.Value):
		return refuse(RuleName, problemAttributeChars, a.Type.String()+"="+a.Value, forms[a.Form].wanted)
	case n < t.least || n > t.most:
		return refuse(RuleName, problemAttributeSize, wording.Count(n, "character")+" in "+a.Type.String(),
			strconv.Itoa(t.least)+" to "+strconv.Itoa(t.most))
	}
	return nil
}

func typeOf(oid asn1.ObjectIdentifier) *attributeType {
	for i := range attributeTypes {
		if attributeTypes[i].oid.Equal(oid) {
			return &attributeTypes[i]
		}
	}
	return &otherType
}

// validOID reports whether an object identifier can be written (X.660) and read
// back by software that keeps an arc in 31 bits, as encoding/asn1 does.
func validOID(oid asn1.ObjectIdentifier) bool {
	if len(oid) < 2 || oid[0] < 0 || oid[0] > 2 || oid[0] < 2 && oid[1] >= 40 {
		return false
	}
	for _, arc := range oid[1:] {
		if arc < 0 || arc > math.MaxInt32-80 { // 80 is added to the second one
			return false
		}
	}
	return true
}

// isPrintable holds to the letters of X.680, section 41.4, without the asterisk
// and ampersand that some writers allow themselves.
func isPrintable(s string) bool {
	for _, c := range []byte(s) {
		letter := 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte(" '()+,-./:=?", c) < 0 {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
