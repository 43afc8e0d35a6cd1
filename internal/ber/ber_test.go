package ber

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestNormalizeWritesShortestLengthsAndWholeStrings(t *testing.T) {
	long := strings.Repeat("41", 200)
	for in, want := range map[string]string{
		"":                                    "",
		"0500":                                "0500",
		"3003020101":                          "3003020101",
		"3080 020101 0000":                    "3003020101",
		"3080 3080 0000 0000":                 "30023000",
		"308103 020101":                       "3003020101",
		"30840000 0003 020101":                "3003020101",
		"2480 040141 040142 0000":             "04024142",
		"2406 040141 040142":                  "04024142",
		"2480 2480 040141 0000 040142 0000":   "04024142",
		"2400":                                "0400",
		"2380 03020041 03020380 0000":         "0303034180",
		"2C80 040141 0C0142 0000":             "0C024142",
		"A080 2480 040141 0000 0000":          "A003040141",
		"A080 040141 040142 0000":             "A006040141040142",
		"020101 3080 0000":                    "0201013000",
		"2480 0481C8" + long + " 040141 0000": "0481C9" + long + "41",
		"308200CB 0481C8" + long:              "3081CB0481C8" + long,
		"0101FF":                              "0101FF",
		"2480 0000":                           "0400",
		"3180 0500 0000":                      "31020500",
		"A1820003 020101":                     "A103020101",
		"308100":                              "3000",
		"2304 03020001":                       "03020001",
	} {
		if got, ok := Normalize(testrig.Hex(in)); !ok || !bytes.Equal(got, testrig.Hex(want)) {
			t.Errorf("%s: got %X, %t; want %s", in, got, ok, want)
		}
	}
}

func TestNormalizeRefusesWhatIsNotBER(t *testing.T) {
	for what, in := range map[string]string{
		"a tag alone":                      "30",
		"a length beyond the end":          "3003 0201",
		"a length of five octets":          "30850000000000",
		"a cut length":                     "3082 01",
		"no end of an indefinite length":   "3080 020101",
		"half an end":                      "3080 020101 00",
		"an end alone":                     "0000",
		"an end within a definite length":  "3002 0000",
		"an indefinite primitive":          "0480 0000",
		"a high tag number":                "1F8101 00",
		"an INTEGER in pieces":             "2280 020101 0000",
		"a piece that is no string":        "2480 020101 0000",
		"a text piece of an OCTET STRING":  "2480 0C0141 0000",
		"an OCTET STRING in a BIT STRING":  "2380 04020041 0000",
		"unused bits before the last":      "2380 03020341 03020041 0000",
		"an empty piece of a BIT STRING":   "2380 0300 0000",
		"elements within each other":       strings.Repeat("3080", maxDepth+1) + strings.Repeat("0000", maxDepth+1),
		"the same with definite lengths":   "3000" + "04",
		"a length that is negative in 32b": "0484FFFFFFFF",
	} {
		if got, ok := Normalize(testrig.Hex(in)); ok {
			t.Errorf("%s: %s: got %X", what, in, got)
		}
	}
	if _, ok := Normalize(testrig.Hex(strings.Repeat("3080", maxDepth) + strings.Repeat("0000", maxDepth))); !ok {
		t.Errorf("%d levels are refused", maxDepth)
	}
}

// FuzzNormalize: what comes out comes out again, and is never longer than it can be.
func FuzzNormalize(f *testing.F) {
	for _, in := range []string{"3003020101", "3080020101 0000", "2480 040141 040142 0000", "A080 2480 040141 0000 0000",
		"2380 03020041 03020380 0000"} {
		f.Add(testrig.Hex(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, ok := Normalize(in)
		if !ok {
			return
		}
		if again, ok := Normalize(out); !ok || !bytes.Equal(again, out) || len(out) > 2*len(in)+8 {
			t.Fatalf("%X: got %X, and of that %X, %t", in, out, again, ok)
		}
	})
}
