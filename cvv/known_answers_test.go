package cvv_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestKnownAnswersOfCVV has the values of dkam/hsmr, which keeps them as those of a real HSM (its value without a
// service code is that of 000), of FelipeRodriguezFonte/CryptoCarver, of pablom/go-cavv (a CAVV: the expiry date is an
// authentication number) and of UrielYair/CredoraxCourse, which prints 4 digits.
func TestKnownAnswersOfCVV(t *testing.T) {
	const (
		course, ones = "1234567890ABCDEFFEDCBA1234567890", "11111111111111111111111111111111"
		card         = "007A5048DB9531B30322DA78AB2F85E1"
		classic      = "0123456789ABCDEFFEDCBA9876543210"
	)
	for _, c := range []struct{ key, account, expiry, service, want string }{
		{course, "5656565656565656", "1010", "000", "922"}, {course, "5683739237489383838", "1010", "000", "367"},
		{course, "568367393472639", "1010", "000", "067"}, {course, "5683673934726394", "1010", "000", "409"},
		{course, "5683673934726394", "1010", "050", "248"}, {course, "5683673934726394", "1010", "101", "501"},
		{course, "5683673934726394", "1010", "102", "206"},
		{ones, "5560501200002101", "1010", "000", "317"}, {ones, "5560501200002101", "1010", "101", "134"},
		{ones, "5560501200002111", "1010", "000", "924"}, {ones, "5560501200002111", "1010", "101", "561"},
		{ones, "5560501200002121", "1010", "000", "673"}, {ones, "5560501200002121", "1010", "101", "462"},
		{ones, "5560501200002131", "1010", "000", "267"}, {ones, "5560501200002131", "1010", "101", "826"},
		{ones, "5560501200002101", "1110", "000", "155"}, {ones, "5560501200002101", "1110", "101", "900"},
		{card, "5560501200002101", "1010", "000", "473"}, {card, "5560501200002101", "1010", "101", "777"},
		{card, "5560501200002121", "1010", "000", "480"}, {card, "5560501200002121", "1010", "101", "085"},
		{card, "5560501200002131", "1110", "000", "768"}, {card, "5560501200002131", "1110", "101", "126"},
		{classic, "4123456789012345", "8701", "101", "561"},
		{classic, "4111111111111111", "2512", "201", "139"}, {classic, "4111111111111111", "2512", "999", "133"},
		{classic, "4111111111111111", "2512", "000", "765"},
		{"00112233445566778899AABBCCDDEEFF", "5432109876543210", "0047", "140", "439"},
		{"D676DCF3AFB7350532EAF00EA253D875", "4123450990122129", "0721", "202", "2410"},
	} {
		got, err := cvv.CVV(retailKey(testrig.Hex(c.key)), c.account, c.expiry, c.service, len(c.want))
		if err != nil || got != c.want {
			t.Errorf("account number %s, expiry %s, service code %s: got %s, %v, want %s", c.account, c.expiry, c.service, got, err, c.want)
		}
	}
}

// TestKnownAnswersOfDynamicCVV has the values that an outside tool gave CryptoCarver, with one member changed at a time.
func TestKnownAnswersOfDynamicCVV(t *testing.T) {
	const account = "4111111111111111"
	card, err := emv.MasterKey(testrig.TDES(testrig.Hex("0123456789ABCDEF0123456789ABCDEF")), emv.OptionA, account, "00")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expiry, service, counter, want string }{
		{"1225", "001", "0001", "938"}, {"1225", "001", "0002", "488"}, {"1225", "001", "0010", "634"},
		{"1225", "101", "0010", "970"}, {"1226", "101", "0010", "282"},
	} {
		got, err := cvv.Dynamic(retailKey(card), account, c.expiry, c.service, c.counter, 3)
		if err != nil || got != c.want {
			t.Errorf("expiry %s, service code %s, counter %s: got %s, %v, want %s", c.expiry, c.service, c.counter, got, err, c.want)
		}
	}
}
