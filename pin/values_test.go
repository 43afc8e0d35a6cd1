package pin_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/pin"
)

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
		natural, err := method.NaturalPIN(payref.Block("TDES", c.generation), 4)
		if err != nil || natural.Digits() != c.digits {
			t.Errorf("natural PIN of %s: got %q, %v, want %s", c.account, natural.Digits(), err, c.digits)
			continue
		}
		value, err := pin.PVV(payref.Block("TDES", c.verification), c.account, 2, natural)
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
		if got, err := pin.PVV(payref.Block("TDES", c.key), c.account, c.index, p); err != nil || got != c.want {
			t.Errorf("PVV of %s, index %d, PIN %s: got %s, %v, want %s", c.account, c.index, c.digits, got, err, c.want)
		}
	}
}

// TestKnownAnswerOfAnOffset is one of CryptoCarver.
func TestKnownAnswerOfAnOffset(t *testing.T) {
	key := payref.Block("TDES", "0123456789ABCDEFFEDCBA9876543210")
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

func TestAValueOfAnotherPINIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := []byte(rapid.StringMatching(`[0-9]{4,12}`).Draw(t, "pin"))
		pan := rapid.StringMatching(`[0-9]{12,19}`).Draw(t, "pan")
		b := payref.Block("TDES", "0123456789ABCDEFFEDCBA9876543210")
		m := &pin.IBM3624{Table: "0123456789012345", ValidationData: pan[:12], Pad: 'F'}
		p := mustPIN(t, string(digits))
		offset, err := m.Offset(b, p)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := m.PIN(b, offset); err != nil || !back.Equal(p) {
			t.Fatalf("the PIN of the offset is %q, %v, want %q", back.Digits(), err, digits)
		}
		i := rapid.IntRange(0, len(digits)-1).Draw(t, "digit")
		digits[i] = '0' + (digits[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if ok, err := m.Verify(b, mustPIN(t, string(digits)), offset); ok || err != nil {
			t.Fatalf("the offset of another PIN: %t, %v", ok, err)
		}
		if ok, err := m.Verify(b, p, offset); !ok || err != nil {
			t.Fatalf("the offset of this PIN: %t, %v", ok, err)
		}
		pvv, err := pin.PVV(b, pan, 1, p)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := pin.VerifyPVV(b, pan, 1, p, pvv); !ok || err != nil {
			t.Fatalf("the PVV of this PIN: %t, %v", ok, err)
		}
	})
}
