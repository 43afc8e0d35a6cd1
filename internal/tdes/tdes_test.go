package tdes

import (
	"bytes"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestCipherIsThatOfTheStandard: NIST SP 800-67, appendix B.1 (three parts); and
// FIPS 46-3's DES example, to which a key of equal parts comes down.
func TestCipherIsThatOfTheStandard(t *testing.T) {
	const three = "0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123"
	for _, c := range []struct{ key, clear, want string }{
		{three, "5468652071756663", "A826FD8CE53B855F"},
		{"0123456789ABCDEF0123456789ABCDEF", "4E6F772069732074", "3FA40E8A984D4815"},
		{"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", "4E6F772069732074", "3FA40E8A984D4815"},
	} {
		block, err := NewCipher(testrig.Hex(c.key))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 8)
		block.Encrypt(got, testrig.Hex(c.clear))
		if !bytes.Equal(got, testrig.Hex(c.want)) {
			t.Errorf("%s under %s: got %X, want %s", c.clear, c.key, got, c.want)
		}
	}
}

func TestTwoPartsStandForThree(t *testing.T) {
	short := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
	long := append(bytes.Clone(short), short[:8]...)
	got, want := make([]byte, 8), make([]byte, 8)
	for key, out := range map[*[]byte][]byte{&short: got, &long: want} {
		block, err := NewCipher(*key)
		if err != nil {
			t.Fatal(err)
		}
		block.Encrypt(out, out)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("K1 K2 enciphers to %X, K1 K2 K1 to %X", got, want)
	}
}

func TestNewCipherRefusesOtherLengths(t *testing.T) {
	for n := range 40 {
		if _, err := NewCipher(make([]byte, n)); (err == nil) != (n == 16 || n == 24) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestParityIsSetInTheLowestBit(t *testing.T) {
	key := make([]byte, 256)
	for i := range key {
		key[i] = byte(i)
	}
	if HasOddParity(key) {
		t.Error("all bytes together are said to have odd parity")
	}
	SetOddParity(key)
	for i, b := range key {
		if b&^1 != byte(i)&^1 {
			t.Errorf("byte %02X became %02X", i, b)
		}
		if !HasOddParity(key[i:i+1]) || HasOddParity([]byte{b ^ 1}) {
			t.Errorf("byte %02X became %02X: odd %v, with one bit changed %v", i, b, HasOddParity(key[i:i+1]), HasOddParity([]byte{b ^ 1}))
		}
	}
	if !HasOddParity(key) {
		t.Error("the whole is said to have no odd parity")
	}
}

func TestPartsDifferLooksAtEveryTwoParts(t *testing.T) {
	const a, b, c = "0101010101010101", "0202020202020202", "0404040404040404"
	for key, want := range map[string]bool{
		a: true, a + b: true, a + a: false,
		a + b + c: true, a + a + c: false, a + b + b: false, a + b + a: false,
	} {
		if got := PartsDiffer(testrig.Hex(key)); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

func TestVariantRepeatsTheMaskAndKeepsTheKey(t *testing.T) {
	key := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
	for mask, want := range map[string]string{
		"45":               "44660022CCEE88AABB99FFDD33117755",
		"28C0":             "29E36DA7A16BE52FD61C92585E941AD0",
		"C0C0C0C000000000": "C1E385A789ABCDEF3E1C7A5876543210",
	} {
		if got := Variant(key, testrig.Hex(mask)...); !bytes.Equal(got, testrig.Hex(want)) {
			t.Errorf("mask %s: got %X, want %s", mask, got, want)
		}
	}
	if want := testrig.Hex("0123456789ABCDEFFEDCBA9876543210"); !bytes.Equal(key, want) {
		t.Errorf("the key became %X", key)
	}
}
