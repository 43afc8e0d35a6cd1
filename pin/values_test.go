package pin_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/pin"
)

// TestKnownAnswersOfFormat4 has the values that developerhub.wpay.com.au (reference, "AES 128-bit PIN block or ISO
// format 4"), FelipeRodriguezFonte/CryptoCarver and iso8583.studio print. wpay prints two: of the whole account number, and of
// its 12 digits without the check digit, as an account number of 12 digits.
func TestKnownAnswersOfFormat4(t *testing.T) {
	const wpay = "62CB437131C129DF001D42676011975150506E2A382145FD9BDEA7EC5A339F63"
	for _, c := range []struct{ source, key, account, random, want string }{
		{"wpay", wpay, "5237481234567895", "FFC853BBF9685D5E", "060E768D21D709B5D2A3F9660A704B9D"},
		{"wpay", wpay, "748123456789", "FFC853BBF9685D5E", "225EF53C962E6AD84AC671C160A44627"},
		{"CryptoCarver", "00112233445566778899AABBCCDDEEFF", "432198765432109870", "146C6601F4A8035C",
			"88E33C3ACF404F234F10F889C364E377"},
		{"CryptoCarver", "000102030405060708090A0B0C0D0E0F", "4111111111111111", "0123456789ABCDEF",
			"70487881E82D3F1EF3A87678147EDAA7"},
		{"iso8583.studio", "D30D421EC808407A61972EDBA36482FF", "4001234567890120", "7BFDA91F39F63284",
			"21969613F4EB77C208147888EB674457"},
	} {
		random, err := hex.DecodeString(c.random)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pin.New("1234")
		if err != nil {
			t.Fatal(err)
		}
		got, err := pin.Encrypt(newBlock("AES", c.key), pin.ISO4, p, c.account, bytes.NewReader(random))
		if err != nil || fmt.Sprintf("%X", got) != c.want {
			t.Errorf("%s: account number %s: got %X, %v, want %s", c.source, c.account, got, err, c.want)
		}
		if digits, err := open(pin.ISO4, c.key, c.want, c.account); err != nil || digits != "1234" {
			t.Errorf("%s: opening %s: got PIN %q, %v, want 1234", c.source, c.want, digits, err)
		}
	}
}

// TestKnownAnswersOfFormat0 has clear blocks of CryptoCarver and iso8583.studio.
func TestKnownAnswersOfFormat0(t *testing.T) {
	for account, block := range map[string]string{"4111111111111111": "041225EEEEEEEEEE", "4001234567890120": "041226CBA9876FED"} {
		if digits, err := open(pin.ISO0, "", block, account); err != nil || digits != "1234" {
			t.Errorf("opening %s of %s: got PIN %q, %v, want 1234", block, account, digits, err)
		}
	}
}

// TestKnownAnswersOfVerificationValues has natural PINs and PVVs that dkam/hsmr keeps as those of a real HSM, with
// the table 0123456789012345 and key index 2. Its PIN generation keys are single: a TDES key of three equal parts.
func TestKnownAnswersOfVerificationValues(t *testing.T) {
	const (
		ones, sevens   = "11111111111111111111111111111111", "37373737373737373737373737373737"
		classic, whole = "7BB19E3D56A1237E29F7C8FA379EE25C", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
	)
	for _, c := range []struct{ account, generation, verification, digits, value string }{
		{"5560501200002101", sevens, ones, "4412", "6183"}, {"5560501200002111", sevens, ones, "4784", "0931"},
		{"5560501200002121", sevens, ones, "1040", "4895"}, {"5560501200002131", sevens, ones, "3680", "6373"},
		{"5560501200002101", whole, classic, "9907", "7527"}, {"5560501200002111", whole, classic, "2345", "0658"},
		{"5560501200002121", whole, classic, "8245", "8196"}, {"5560501200002131", whole, classic, "3812", "2948"},
	} {
		method := pin.IBM3624{Table: "0123456789012345", ValidationData: c.account, Pad: 'F'}
		natural, err := method.NaturalPIN(newBlock("TDES", c.generation), 4)
		if err != nil || natural.Digits() != c.digits {
			t.Errorf("natural PIN of %s: got %q, %v, want %s", c.account, natural.Digits(), err, c.digits)
			continue
		}
		value, err := pin.PVV(newBlock("TDES", c.verification), c.account, 2, natural)
		if err != nil || value != c.value {
			t.Errorf("PVV of %s and PIN %s: got %s, %v, want %s", c.account, c.digits, value, err, c.value)
		}
	}
}

// TestKnownAnswersOfPVV has those of dkam/hsmr for other key indexes, and of CryptoCarver.
func TestKnownAnswersOfPVV(t *testing.T) {
	const twice = "0123456789ABCDEF0123456789ABCDEF"
	for _, c := range []struct {
		key, account string
		index        int
		digits, want string
	}{
		{twice, "1234123412341234", 1, "1234", "8056"}, {twice, "1234123412341234", 2, "1234", "2485"},
		{twice, "1234123412341234", 1, "4592", "6495"},
		{"4CA2161637D0133E5E151AEA45DA2A12", "5999997890123412", 1, "1234", "0798"},
		{"0123456789ABCDEFFEDCBA9876543210", "4111111111111111", 1, "1234", "9464"},
	} {
		p, err := pin.New(c.digits)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pin.PVV(newBlock("TDES", c.key), c.account, c.index, p); err != nil || got != c.want {
			t.Errorf("PVV of %s, index %d, PIN %s: got %s, %v, want %s", c.account, c.index, c.digits, got, err, c.want)
		}
	}
}

// TestKnownAnswerOfAnOffset is one of CryptoCarver.
func TestKnownAnswerOfAnOffset(t *testing.T) {
	key := newBlock("TDES", "0123456789ABCDEFFEDCBA9876543210")
	method := pin.IBM3624{Table: "0123456789012345", ValidationData: "0000111111111111", Pad: 'F'}
	p, err := pin.New("1234")
	if err != nil {
		t.Fatal(err)
	}
	if natural, err := method.NaturalPIN(key, 4); err != nil || natural.Digits() != "5775" {
		t.Errorf("natural PIN: got %q, %v, want 5775", natural.Digits(), err)
	}
	if got, err := method.Offset(key, p); err != nil || got != "6569" {
		t.Errorf("offset of 1234: got %s, %v, want 6569", got, err)
	}
}
