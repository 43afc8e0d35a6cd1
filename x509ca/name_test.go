package x509ca

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The bytes were worked out by hand from X.690.
func TestNameIsWrittenByteForByteInTheOrderGiven(t *testing.T) {
	n := Name{
		{Type: Country, Value: "US"},
		{Type: Organization, Value: "Zoë", Form: UTF8String},
		{Type: CommonName, Value: "a b", Form: PrintableString},
		{Type: EmailAddress, Value: "a@b.c"},
		{Type: SerialNumber, Value: "305"},
		{Type: asn1.ObjectIdentifier{2, 999, 3}, Value: "x", Form: IA5String},
	}
	want := "305a" + "310b300906035504061302" + hex.EncodeToString([]byte("US")) +
		"310d300b060355040a0c04" + hex.EncodeToString([]byte("Zoë")) +
		"310c300a06035504031303" + hex.EncodeToString([]byte("a b")) +
		"3114301206092a864886f70d0109011605" + hex.EncodeToString([]byte("a@b.c")) +
		"310c300a06035504051303" + hex.EncodeToString([]byte("305")) +
		"310a3008" + "0603883703" + "1601" + hex.EncodeToString([]byte("x"))
	der, err := n.DER()
	if got := hex.EncodeToString(der); err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestAttributeIsRefusedWhereItCannotBeWritten(t *testing.T) {
	for _, c := range []struct {
		why            string
		refused, taken Attribute
	}{
		{"a PrintableString holds no asterisk", Attribute{CommonName, "a*", PrintableString}, Attribute{CommonName, "a*", UTF8String}},
		{"an IA5String holds ASCII", Attribute{EmailAddress, "a\u2019b@c", ByType}, Attribute{EmailAddress, "a'b@c", ByType}},
		{"UTF-8 is valid", Attribute{CommonName, "\xff", ByType}, Attribute{CommonName, "\u00ff", ByType}},
		{"there is a value", Attribute{CommonName, "", ByType}, Attribute{CommonName, " ", ByType}},
		{"ub-common-name is 64", Attribute{CommonName, strings.Repeat("é", 65), ByType}, Attribute{CommonName, strings.Repeat("é", 64), ByType}},
		{"ub-locality-name is 128", Attribute{Locality, strings.Repeat("l", 129), ByType}, Attribute{Locality, strings.Repeat("l", 128), ByType}},
		{"ub-emailaddress-length is 255", Attribute{EmailAddress, strings.Repeat("e", 256), ByType},
			Attribute{EmailAddress, strings.Repeat("e", 255), ByType}},
		{"a country has two letters", Attribute{Country, "USA", ByType}, Attribute{Country, "US", ByType}},
		{"a country has two letters", Attribute{Country, "U", ByType}, Attribute{Country, "US", IA5String}},
		{"there are four forms", Attribute{CommonName, "a", 4}, Attribute{CommonName, "a", 3}},
		{"a type has two arcs", Attribute{asn1.ObjectIdentifier{2}, "a", ByType}, Attribute{asn1.ObjectIdentifier{2, 5}, "a", ByType}},
		{"a type is there", Attribute{nil, "a", ByType}, Attribute{asn1.ObjectIdentifier{0, 0}, "a", ByType}},
		{"the first arc is 0 to 2", Attribute{asn1.ObjectIdentifier{3, 1}, "a", ByType}, Attribute{asn1.ObjectIdentifier{2, 1}, "a", ByType}},
		{"below 2 there are 40", Attribute{asn1.ObjectIdentifier{1, 40}, "a", ByType}, Attribute{asn1.ObjectIdentifier{1, 39}, "a", ByType}},
		{"arcs are not negative", Attribute{asn1.ObjectIdentifier{2, 5, -1}, "a", ByType},
			Attribute{asn1.ObjectIdentifier{2, 5, 0}, "a", ByType}},
		{"arcs fit 31 bits", Attribute{asn1.ObjectIdentifier{2, math.MaxInt32}, "a", ByType},
			Attribute{asn1.ObjectIdentifier{2, math.MaxInt32 - 80}, "a", ByType}},
	} {
		_, err := Name{{Type: CommonName, Value: "before"}, c.refused}.DER()
		if wantRule(t, err, RuleName); t.Failed() {
			t.Fatalf("%s: %v", c.why, c.refused)
		}
		if _, err := (Name{c.taken}).DER(); err != nil {
			t.Errorf("%s: %v: %v", c.why, c.taken, err)
		}
	}
}

func TestNameHasBounds(t *testing.T) {
	_, err := Name{}.DER()
	wantRule(t, err, RuleName)
	var n Name
	for range maxName / 64 {
		n = append(n, Attribute{Type: OrganizationalUnit, Value: strings.Repeat("x", 64)})
	}
	_, err = n.DER()
	wantRule(t, err, RuleName)
	_, err = n[:100].DER()
	wantRule(t, err, "")
}

// attributes draws attributes of which most can be written.
func attributes() *rapid.Generator[Attribute] {
	oid := rapid.OneOf(
		rapid.SampledFrom(
			[]asn1.ObjectIdentifier{
				CommonName,
				SerialNumber,
				Country,
				Locality,
				Province,
				Organization,
				OrganizationalUnit,
				EmailAddress,
			},
		),
		rapid.Map(rapid.SliceOfN(rapid.IntRange(-1, math.MaxInt32), 0, 6), func(arcs []int) asn1.ObjectIdentifier { return arcs }),
		rapid.Map(
			rapid.SliceOfN(rapid.IntRange(0, math.MaxInt32), 0, 6),
			func(arcs []int) asn1.ObjectIdentifier { return append(asn1.ObjectIdentifier{2, 5}, arcs...) },
		),
	)
	value := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9 ]{1,8}`),
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
	return rapid.Custom(func(t *rapid.T) Attribute {
		return Attribute{oid.Draw(t, "type"), value.Draw(t, "value"), Form(rapid.IntRange(0, 4).Draw(t, "form"))}
	})
}

func TestNameIsReadBackByTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Name(rapid.SliceOfN(attributes(), 0, 5).Draw(t, "name"))
		der, err := n.DER()
		if err != nil {
			wantRule(t, err, RuleName)
			return
		}
		var got pkix.RDNSequence
		if rest, err := asn1.Unmarshal(der, &got); err != nil || len(rest) > 0 {
			t.Fatalf("%x: %v", der, err)
		}
		for i, set := range got {
			if len(set) != 1 || !set[0].Type.Equal(n[i].Type) || set[0].Value != n[i].Value {
				t.Fatalf("got %v, want %v", set, n[i])
			}
		}
		again, err := n.DER()
		if err != nil || !bytes.Equal(again, der) || len(got) != len(n) {
			t.Fatalf("got %x, %v, want %x", again, err, der)
		}
	})
}
