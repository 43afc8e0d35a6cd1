package tr34

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// TestTimesAreWrittenAsTheyAreRead: from 1950 to 2049 as UTCTime, else as GeneralizedTime (RFC 5652, section 11.3).
func TestTimesAreWrittenAsTheyAreRead(t *testing.T) {
	east := time.FixedZone("", 3600)
	for _, c := range []struct {
		at   time.Time
		tag  byte
		text string
	}{
		{time.Date(1949, 12, 31, 23, 59, 59, 0, time.UTC), 0x18, "19491231235959Z"},
		{time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), 0x17, "500101000000Z"},
		{time.Date(1968, 2, 29, 1, 2, 3, 0, time.UTC), 0x17, "680229010203Z"},
		{time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), 0x17, "690101000000Z"},
		{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), 0x17, "000101000000Z"},
		{time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC), 0x17, "491231235959Z"},
		{time.Date(2050, 1, 1, 0, 59, 59, 0, east), 0x17, "491231235959Z"},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), 0x18, "20500101000000Z"},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), 0x18, "99991231235959Z"},
	} {
		der, err := encode(func(b *cryptobyte.Builder) { addTime(b, c.at) })
		if want := primitive(c.tag, []byte(c.text)...).bytes(); err != nil || !bytes.Equal(der, want) {
			t.Errorf("%v is written as %q, %v, want %q", c.at, der, err, want)
		}
		r := newReader(primitive(c.tag, []byte(c.text)...).bytes(), ErrStructure)
		if got := r.time("time"); r.err() != nil || !got.Equal(c.at) || r.more() {
			t.Errorf("%q is read as %v, %v, want %v", c.text, got, r.err(), c.at)
		}
	}
	r := newReader(primitive(0x18, []byte("20261201110000Z")...).bytes(), ErrStructure)
	if got := r.time("time"); r.err() != nil || !got.Equal(testTime) {
		t.Errorf("a GeneralizedTime of 2026 is read as %v, %v, want %v", got, r.err(), testTime)
	}
}

func TestTimesOfAnotherFormAreRefused(t *testing.T) {
	for _, c := range []struct {
		tag  byte
		text string
	}{
		{0x17, ""}, {0x17, "261201110000"}, {0x17, "2612011100Z"}, {0x17, "261201110000+0000"}, {0x17, "20261201110000Z"},
		{0x17, "261301110000Z"}, {0x17, "270229110000Z"}, {0x17, "261201240000Z"}, {0x17, "261201110060Z"}, {0x17, "261201110000.5Z"},
		{0x17, " 61201110000Z"}, {0x17, "261201110000z"}, {0x17, "261201110000Z\x00"},
		{0x18, "261201110000Z"}, {0x18, "20261201110000"}, {0x18, "20261201110000.5Z"}, {0x18, "20261201110000.0Z"},
		{0x18, "20261201110000,5Z"}, {0x18, "20261201110000+0100"}, {0x16, "261201110000Z"},
	} {
		r := newReader(primitive(c.tag, []byte(c.text)...).bytes(), ErrStructure)
		got := r.time("time")
		if r.err() == nil {
			t.Errorf("%q with the tag %02X is read as %v", c.text, c.tag, got)
			continue
		}
		checkRefused(t, r.err(), ErrStructure)
	}
}

// TestAttributesAreReadAsTheyAreWritten: those that are there, in both orders.
func TestAttributesAreReadAsTheyAreWritten(t *testing.T) {
	digest := bytes.Repeat([]byte{0x11}, 32)
	for _, c := range []struct {
		name  string
		a     attributes
		plain []asn1.ObjectIdentifier
	}{
		{"two-pass", attributes{contentType: oidEnveloped, nonce: testNonce, header: []byte(testHeader), digest: digest},
			[]asn1.ObjectIdentifier{oidType, oidNonce, oidData, oidDigest}},
		{"one-pass", attributes{contentType: oidEnveloped, time: testTime, header: []byte(testHeader), digest: digest},
			[]asn1.ObjectIdentifier{oidType, oidTime, oidData, oidDigest}},
		{"of a binding", attributes{contentType: oidSigned, digest: digest}, []asn1.ObjectIdentifier{oidType, oidDigest}},
	} {
		for _, sorted := range []bool{false, true} {
			der, err := c.a.encode(sorted)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			var all [][]byte
			var ids []asn1.ObjectIdentifier
			for _, n := range nodes(t, der) {
				all = append(all, n.bytes())
				r := newReader(n.kids[0].bytes(), ErrStructure)
				ids = append(ids, r.oid("attribute"))
			}
			if sorted && !slices.IsSortedFunc(all, bytes.Compare) || !sorted && !slices.EqualFunc(ids, c.plain, asn1.ObjectIdentifier.Equal) {
				t.Errorf("%s, sorted %t: the attributes are %v", c.name, sorted, ids)
			}
			r := newReader(der, ErrStructure)
			got := r.attributes()
			if r.err() != nil || !got.contentType.Equal(c.a.contentType) || !bytes.Equal(got.nonce, c.a.nonce) || !got.time.Equal(c.a.time) ||
				!bytes.Equal(got.header, c.a.header) || !bytes.Equal(got.digest, digest) || got.protection != nil {
				t.Errorf("%s, sorted %t: got %+v, %v, want %+v", c.name, sorted, got, r.err(), c.a)
			}
		}
	}
}
