package tr31

import (
	"fmt"
	"strings"
	"testing"
)

// TestKnownUsagesAreThoseOfTheStandard tries every text of two bytes. A usage whose first character is a digit is
// proprietary.
func TestKnownUsagesAreThoseOfTheStandard(t *testing.T) {
	const want = "B0 B1 B2 B3 C0 D0 D1 D2 D3 E0 E1 E2 E3 E4 E5 E6 E7 F0 F1 F2 F4 I0 K0 K1 K2 K3 K4 M0 M1 M2 M3 M4 M5 M6 M7 M8 " +
		"P0 P1 S0 S1 S2 V0 V1 V2 V3 V4 V5"
	var got []string
	for n := range 1 << 16 {
		usage := string([]byte{byte(n >> 8), byte(n)})
		proprietary := strings.IndexByte("0123456789", usage[0]) >= 0
		switch known := knownUsage(usage); {
		case proprietary:
			if alphanumeric := strings.Trim(usage[1:], digitsAndLetters) == ""; known != alphanumeric {
				t.Errorf("proprietary usage %q is known: got %t, want %t", usage, known, alphanumeric)
			}
		case known:
			got = append(got, usage)
		}
	}
	if text := strings.Join(got, " "); text != want {
		t.Errorf("known usages:\n got %s\nwant %s", text, want)
	}
	for _, usage := range []string{"", "P", "P00", "10A"} {
		if knownUsage(usage) {
			t.Errorf("usage %q of %d characters is known", usage, len(usage))
		}
	}
}

const digitsAndLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// TestCharactersHaveTheirClasses tries every byte.
func TestCharactersHaveTheirClasses(t *testing.T) {
	for n := range 256 {
		text := "0" + string([]byte{byte(n)})
		in := func(class string) bool { return strings.IndexByte(class, byte(n)) >= 0 }
		_, digit := decimal(text)
		got := fmt.Sprint(digit, isAlphanumeric(text), notHexAt(text, Strict), notHexAt(text, Lenient), unprintable(text))
		at := func(good bool) int {
			if good {
				return -1
			}
			return 1
		}
		want := fmt.Sprint(in("0123456789"), in(digitsAndLetters), at(in("0123456789ABCDEF")), at(in("0123456789ABCDEFabcdef")),
			at(' ' <= n && n <= '~'))
		if got != want {
			t.Errorf("byte %02X: digit, letter or digit, first other than hexadecimal (strict, lenient), first unprintable:\n got %s\nwant %s",
				n, got, want)
		}
	}
}

// TestHexadecimalIsReadAsItIsWritten over the length that writeHex takes at once.
func TestHexadecimalIsReadAsItIsWritten(t *testing.T) {
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i)
	}
	for _, n := range []int{0, 1, 31, 32, 33, 64, 256} {
		want := strings.ToUpper(fmt.Sprintf("%x", data[:n]))
		var out strings.Builder
		writeHex(&out, data[:n])
		if out.String() != want || string(appendHex([]byte("x"), data[:n])) != "x"+want {
			t.Errorf("%d bytes: got %s, want %s", n, &out, want)
		}
		for _, text := range []string{want, strings.ToLower(want)} {
			if got := appendBytes([]byte("x"), text); string(got) != "x"+string(data[:n]) {
				t.Errorf("%s: got %x, want x and the bytes", text, got)
			}
		}
	}
}
