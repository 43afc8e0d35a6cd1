package cvv_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// cipherText is a cipher that gives one text after the other for whatever it enciphers, the last one again and again, and
// keeps the blocks that it was given.
type cipherText struct {
	out []string
	in  []string
}

func (c *cipherText) BlockSize() int { return 8 }

func (c *cipherText) Decrypt(_, _ []byte) { panic("a code is not deciphered") }

func (c *cipherText) Encrypt(dst, src []byte) {
	c.in = append(c.in, hex.EncodeToString(src))
	copy(dst, testrig.Hex(c.out[min(len(c.in), len(c.out))-1]))
}

// TestCodesAreMadeOfDigitsAndThenLetters: a letter is 1 to 6 up to the fifth hexadecimal digit, behind it 5 more modulo 10.
func TestCodesAreMadeOfDigitsAndThenLetters(t *testing.T) {
	for out, want := range map[string]cvv.CSC{
		"0123456789012345": {Five: "01234", Four: "5678", Three: "901"},
		"ABCDEABCDEFABCDE": {Five: "12345", Four: "6789", Three: "016"},
		"FFFFFFFFFFFFFFFF": {Five: "66666", Four: "1111", Three: "111"},
		"A1B2C3D4E5F60789": {Five: "12345", Four: "6078", Three: "912"},
		"0000FFFFFFFFFFFF": {Five: "00006", Four: "1111", Three: "111"},
	} {
		if got, err := cvv.CSC1(&cipherText{out: []string{out}}, "371234567890123", "2712"); err != nil || got != want {
			t.Errorf("codes of %s: got %+v, %v, want %+v", out, got, err, want)
		}
		two := &cipherText{out: []string{"0123456789ABCDEF", out}}
		if got, err := cvv.CSC2(two, "371234567890123", "2712", "701"); err != nil || got != want {
			t.Errorf("codes of version 2 of %s: got %+v, %v, want %+v", out, got, err, want)
		}
	}
}

// TestCodesAreOfDateAndAccountNumber: what is enciphered, for both versions.
func TestCodesAreOfDateAndAccountNumber(t *testing.T) {
	zeros := []string{"0000000000000000"}
	for _, c := range []struct{ pan, first, second string }{
		{"371234567890123", "2712123456789012", "7010000000000000"},
		{"37123456789012", "2712123456789012", "7010000000000000"},
		{"3712345678901234567", "2712123456789012", "7010000000000000"},
		{"341234567890123", "1234567890122712", "7010000000000000"}, // GUESS G-csc-34
		{"431234567890123", "2712123456789012", "7010000000000000"},
	} {
		one, two := &cipherText{out: zeros}, &cipherText{out: zeros}
		if _, err := cvv.CSC1(one, c.pan, "2712"); err != nil || strings.Join(one.in, " ") != c.first {
			t.Errorf("version 1 of %s enciphers %s, %v, want %s", c.pan, one.in, err, c.first)
		}
		if _, err := cvv.CSC2(two, c.pan, "2712", "701"); err != nil || strings.Join(two.in, " ") != c.first+" "+c.second {
			t.Errorf("version 2 of %s enciphers %s, %v, want %s %s", c.pan, two.in, err, c.first, c.second)
		}
	}
}
