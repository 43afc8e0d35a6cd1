package emv_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/mac"
)

// TestKnownAnswersOfCryptograms has the transactions of CryptoCarver and of e6tech's tests of its Atalla simulator.
func TestKnownAnswersOfCryptograms(t *testing.T) {
	const (
		transaction = "000000001000000000000000072400000000000978250925001234567818000001" + "03A4A000"
		cvn18       = "000000012300000000000000084080000100000840200106009BADBCAB0000010206011203A00000" + "8000000000000000"
	)
	for _, c := range []struct {
		source, account, psn, r, data string
		arqc, response, want          string // the response code of method 1 or the status update of method 2
	}{
		{"CryptoCarver", "4111111111111111", "00", "0001000000000000", transaction + "000000", "E8499E593250A030", "", ""},
		{"CryptoCarver", "4111111111111111", "00", "0001000000000000", transaction + "800000", "A8DB2B65F9C821F1", "3030",
			"ADCB085B842E0A9D"},
		{"CryptoCarver", "4111111111111111", "00", "0001000000000000", transaction + "800000", "A8DB2B65F9C821F1", "00820000",
			"54DB2625"},
		{"Atalla, CVN 18", "5555550000000002", "01", "0102000000000000", cvn18, "9DA57063E9BF4757", "00008000", "C5861E6D"},
		{"Atalla, CVN 18", "9990123456789012", "45", "1234567890123456", "", "6513D2FC43696694", "00008000", "44A67041"},
		{"Atalla, M/Chip", "9901234567890123", "45", "1234567890123456", "", "922F3E83125EB46B", "0000", "8AE6E836084B0E80"},
	} {
		card, err := emv.MasterKey(testrig.TDES(testrig.Hex(classicKey)), emv.OptionA, c.account, c.psn)
		if err != nil {
			t.Fatal(err)
		}
		sk, err := emv.CommonSession(card, [8]byte(testrig.Hex(c.r)))
		if err != nil {
			t.Fatal(err)
		}
		if c.data != "" {
			got, err := upper(emv.Cryptogram(sk, testrig.Hex(c.data)))
			if err != nil || got != c.arqc {
				t.Errorf("%s: cryptogram of %s: got %s, %v, want %s", c.source, c.data, got, err, c.arqc)
			}
		}
		if c.want == "" {
			continue
		}
		arqc, answer := [8]byte(testrig.Hex(c.arqc)), ""
		if c.source == "Atalla, M/Chip" { // whose answers are under the card's key
			sk = card
		}
		if len(c.response) == 4 {
			answer, err = upper(emv.ARPC1(sk, arqc, [2]byte(testrig.Hex(c.response))))
		} else {
			answer, err = upper(emv.ARPC2(sk, arqc, [4]byte(testrig.Hex(c.response)), nil))
		}
		if err != nil || answer != c.want {
			t.Errorf("%s: answer %s to %s: got %s, %v, want %s", c.source, c.response, c.arqc, answer, err, c.want)
		}
	}
}

func TestAChangedBitChangesTheCryptogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sk := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "sk")
		data := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "data")
		before, err := emv.Cryptogram(sk, data)
		if err != nil {
			t.Fatal(err)
		}
		data[rapid.IntRange(0, 15).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		after, err := emv.Cryptogram(sk, data)
		if err != nil || mac.Equal(before, after) {
			t.Fatalf("%X and %X, %v", before, after, err)
		}
	})
}
