package tr31

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A refusal names the value at fault and the one that would have passed.
func TestParseRefusesInWordsThatSayWhatToChange(t *testing.T) {
	good, _ := wrapped(t, Label("label").Encode(), CheckValue{ID: "KC", Value: []byte{1, 2, 3}}.Encode())
	change := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	const (
		proprietary = "S00072P0TE00S000015E49BC78190008E39754564341CE665356FD45FC24C4B6D6498FC1C"
		scheme      = "version: the letter before the block is the key scheme of a payShield host command and not part of a key block"
	)
	for _, c := range []struct{ text, want string }{
		{"", "length: the block is shorter than its header: found 0 characters, wanted at least 16 characters"},
		{strings.Repeat("0", 10000), "length: the block is too long: found 10000 characters, wanted at most 9999 characters"},
		{"F" + good[1:], `version: the version of the block is unknown: found "F", wanted A, B, C, D or E (at character 0)`},
		{"R" + good, scheme + `: found "R", wanted the block without it, from "B" on (at character 0)`},
		{"S" + good, scheme + `: found "S", wanted the block without it, from "B" on (at character 0)`},
		{proprietary,
			`version: the block is a proprietary Thales key block, which is not a TR-31 block: ` +
				`found "S", wanted a block exported under key scheme R (at character 0)`},
		{proprietary[1:], `version: the version of the block is unknown: found "0", wanted A, B, C, D or E (at character 0)`},
		{" " + good, "charset: the block has spaces, which are not part of a key block: found a space, wanted the block without spaces " +
			"(at character 0)"},
		{good[:16] + " " + good[16:30] + " " + good[30:],
			"charset: the block has spaces, which are not part of a key block: found a space, wanted the block without spaces (at character 16)"},
		{good + "\n", "charset: the block has a character that is not printable ASCII: found a line feed (at character 112)"},
		{change("B0112", "B0104"), "length: the length field does not match the block: found 0104, wanted 0112 (at character 1)"},
		{change("B0112", "B01l2"), `length: the length field is not four decimal digits: found "01l2", wanted 0112 (at character 1)`},
		{change("P0TE", "ZZTE"),
			`header-field: the key usage is not a code of the standard: found "ZZ", wanted B0 to B3, C0, D0 to D3, ` +
				`E0 to E7, F0, F1, F2, F4, I0, K0 to K4, M0 to M8, P0 to P1, S0 to S2, V0 to V5 (at character 5)`},
		{change("P0TE", "P0QE"),
			`header-field: the algorithm is not a code of the standard: found "Q", wanted one of ADEHIJRST (at character 7)`},
		{change("00E03", "00E0x"),
			`header-field: the number of optional blocks is not two decimal digits: found "0x", wanted 00 to 99 (at character 12)`},
		{change("KC0C", "KC03"), "opt-block: the length of an optional block is less than that of its id and length: " +
			"found KC03, wanted at least KC04 (at character 25)"},
		{change("KC0C", "KCFF"), "opt-block: the length of an optional block goes past the end of the key block: found KCFF, wanted at " +
			"most KC57 (at character 25)"},
		{change("KC0C00", "KC0C09"), `opt-block-data: the data of an optional block does not have the format of its id: ` +
			`found KC with 8 characters, wanted 00 and up to 6 digits, ` +
			`or 01 and up to 10, in upper-case hexadecimal, an even number (at character 25)`},
		{good[:len(good)-1] + "g",
			`hex: the key data or the MAC has a character that is not an upper-case hexadecimal digit: found "g" (at character 111)`},
		{"B0058P0TE00E0000" + strings.Repeat("0", 42),
			"length: the key data is not a whole number of cipher blocks: found 26 digits, wanted 16 or 32 digits (at character 16)"},
		{"B0040P0TE00E0000" + strings.Repeat("0", 24),
			"length: the block is too short for key data and MAC: found 24 digits after the header, wanted at least 32 digits (at character 16)"},
	} {
		_, err := Parse(c.text, Strict)
		if err == nil || err.Error() != "tr31: "+c.want {
			t.Errorf("Parse(%.60q)\n got %v\nwant tr31: %s", c.text, err, c.want)
		}
	}
}

func TestASpaceInALabelIsNoSpaceToRemove(t *testing.T) {
	good, _ := wrapped(t, Label("a label!").Encode())
	if _, err := Parse(good, Strict); err != nil {
		t.Errorf("Parse(%q) = %v, want no error", good, err)
	}
	bad := good[:len(good)-1] + "g"
	if _, err := Parse(bad, Strict); !errors.Is(err, ErrHex) {
		t.Errorf("Parse(%q) = %v, want %s", bad, err, ErrHex)
	}
}

func TestParseRefusesTooLongATextBeforeReadingIt(t *testing.T) {
	if _, err := Parse(strings.Repeat("\x00", 10000), Lenient); !errors.Is(err, ErrLength) {
		t.Errorf("got %v, want class %s", err, ErrLength)
	}
}

func TestParseRefusesABlockWithoutKeyData(t *testing.T) {
	for _, v := range allVersions {
		r, err := Version(v).rules()
		if err != nil {
			t.Fatal(err)
		}
		for _, bytes := range []int{0, r.least - 1} {
			n := fixedHeader + 2*bytes + 2*r.mac
			text := fmt.Sprintf("%c%04dP0TE00E0000", v, n) + strings.Repeat("0", n-fixedHeader)
			if _, err := Parse(text, Lenient); !errors.Is(err, ErrLength) {
				t.Errorf("%q: got %v, want class %s", text, err, ErrLength)
			}
		}
	}
}
