package tr31

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// certificate is two bytes in base64: this package does not look inside.
const certificate = "q80="

func TestTypedGivesTheContentAndEncodeGivesItBack(t *testing.T) {
	at := func(hundredths int) time.Time {
		return time.Date(2024, 2, 29, 12, 34, 56, hundredths*1e7, time.UTC)
	}
	for _, c := range []struct {
		id, data string
		want     Content
	}{
		{"AL", "0100", KeyLife{}},
		{"AL", "0101", KeyLife{Static: true}},
		{"BI", "0008793E2500", BDKID{0x08, 0x79, 0x3E, 0x25, 0x00}},
		{"BI", "01183C53A9", BDKID{0x18, 0x3C, 0x53, 0xA9}},
		{"CT", "00" + certificate, Certificates{Members: []Certificate{{X509, []byte{0xAB, 0xCD}}}}},
		{"CT", "01" + certificate, Certificates{Members: []Certificate{{EMV, []byte{0xAB, 0xCD}}}}},
		{"CT", "02000004" + certificate + "010004" + certificate, Certificates{Chain: true,
			Members: []Certificate{{X509, []byte{0xAB, 0xCD}}, {EMV, []byte{0xAB, 0xCD}}}}},
		{"DA", "01M7HGNK1ABE", Derivations{{"M7", 'H', 'G', 'N'}, {"K1", 'A', 'B', 'E'}}},
		{"HM", "25", SHA512_256},
		{"IK", "B7F126CD461ED1C5", InitialKeyID{0xB7, 0xF1, 0x26, 0xCD, 0x46, 0x1E, 0xD1, 0xC5}},
		{"KC", "00F4B08D", CheckValue{"KC", CheckZeroBlock, []byte{0xF4, 0xB0, 0x8D}}},
		{"KP", "01BC218A7F4F", CheckValue{"KP", CheckCMAC, []byte{0xBC, 0x21, 0x8A, 0x7F, 0x4F}}},
		{"PK", "0001", CheckValue{"PK", CheckZeroBlock, []byte{0x01}}},
		{"KS", "FFFF9876543210E00000", KSN{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x00}},
		{"KS", "1E12765CD3609F28", KSN{0x1E, 0x12, 0x76, 0x5C, 0xD3, 0x60, 0x9F, 0x28}},
		{"KV", "0102", KeyValues("0102")},
		{"LB", "a label", Label("a label")},
		{"LB", "", Label("")},
		{"PB", "0000", Padding("0000")},
		{"TC", "20240229123456Z", Time{"TC", at(0), false, false}},
		{"TS", "2024022912345607Z", Time{"TS", at(7), true, false}},
		{"TS", "2024-02-29T12:34:56Z", Time{"TS", at(0), false, true}},
		{"TS", "2024-02-29T12:34:56.07Z", Time{"TS", at(7), true, true}},
		{"WP", "003", WrappedWeakRisk},
		{"10", "IBMC0114FEDC", IBM{"01", "14", "FEDC"}},
		{"10", "01BB42DB8953CFED71", Other{"10", "01BB42DB8953CFED71"}},
		{"FL", "anything", Other{"FL", "anything"}},
		{"zz", "", Other{"zz", ""}},
	} {
		b := OptionalBlock{ID: c.id, Data: c.data}
		got, err := b.Typed()
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q: got %#v, %v, want %#v", c.id, c.data, got, err, c.want)
		}
		if got := c.want.Encode(); got != b {
			t.Errorf("%#v: got %v, want %v", c.want, got, b)
		}
	}
}

func TestTypedRefusesContentTheStandardDoesNotHave(t *testing.T) {
	for id, all := range map[string][]string{
		"AL": {"", "01", "0102", "0001"},
		"BI": {"", "00", "0108793E2500", "00183C53A9", "02183C53A9", "00abcdef0000"},
		"CT": {"", "00", "03" + certificate, "00q81=", "00q80", "00!!!!", "02", "020000", "02000005" + certificate,
			"02030004" + certificate, "0200000x" + certificate, "02000000", "02000004" + certificate + "01"},
		"DA": {"", "01", "01P0TE", "00D0ABE", "01zzABE", "01D0QBE", "01D0AQE", "01D0ABQ", "01" + strings.Repeat("D0ABE", 50)},
		"HM": {"", "2", "99", "211"},
		"IK": {"", "123456789012345", "12345678901234XY", "b7f126cd461ed1c5"},
		"KC": {"", "00", "00ABCDE", "00ABCDEF01", "01ABCDEF010203", "02ABCDEF", "00abcdef"},
		"KP": {"00ABCDEF0102"},
		"PK": {"0"},
		"KS": {"", "FFFF00A0200001E0000", "FFFF00A0200001E0000g", "ffff9876543210e00000"},
		"KV": {"", "123", "12345"},
		"LB": {"\x7F", "é"},
		"TC": {"", "Z", "20240229123456", "20240230123456Z", "20240229123456.7Z", "2024-02-29 12:34:56Z", "2024-02-29T12:34:56+00:00"},
		"TS": {"2024-2-29T12:34:56Z", "2024-02-29T12:34:56.07", "2024-02-29T12:34:56,07Z", "2024-02-29T12:34:60Z", "2024-02-29T12:34:56.077Z"},
		"WP": {"", "00", "004", "013", "0003"},
	} {
		for _, data := range all {
			c, err := OptionalBlock{ID: id, Data: data}.Typed()
			var e *Error
			if c != nil || !errors.As(err, &e) || e.Class != ErrOptBlockData || e.Field != id {
				t.Errorf("%s %q: got %#v, %v, want class %s", id, data, c, err, ErrOptBlockData)
			}
		}
	}
}

func TestEveryHashHasAName(t *testing.T) {
	if got := SHA256.Name(); got != "SHA-256" {
		t.Errorf("got %q", got)
	}
	if got := Hash("99").Name(); got != "" {
		t.Errorf("got %q for no hash", got)
	}
}
