package emv_test

import (
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

const classicKey = "0123456789ABCDEFFEDCBA9876543210"

// odd are the hexadecimal digits of a key with odd parity: some sources print keys without.
func odd(key string) string {
	b := decodeHex(key)
	tdes.SetOddParity(b)
	return fmt.Sprintf("%X", b)
}

// TestKnownAnswersOfCardKeys has the key of EFTlab's tutorial, of FelipeRodriguezFonte/CryptoCarver and of Dubinsky,
// Cryptography for Payment Professionals, appendix C.5.2 (option B).
func TestKnownAnswersOfCardKeys(t *testing.T) {
	for _, c := range []struct {
		source, key  string
		option       emv.Option
		account, psn string
		want         string
	}{
		{"EFTlab", "0123456789ABCDEF0123456789ABCDEF", emv.OptionA, "43219876543210987", "00", "C8B507136D921FD05864C81F79F2D30B"},
		{"CryptoCarver", classicKey, emv.OptionA, "4111111111111111", "00", "30089565674D73ED841A6F0637029C18"},
		{"CryptoCarver", "862F13DF807A13B9D9AEAEC885FE7CA4", emv.OptionA, "5574301000001575", "00", "AEB0F198A498E067C4E63D94A770A80E"},
		{"CryptoCarver", "BF89B32308CDADDC04B952C7DF0715E0", emv.OptionA, "5574301000001575", "00", "640167C1D3C7623804FE97A75E2FC102"},
		{"Dubinsky", "DFADBFEF0123456789866443DFADBFEF", emv.OptionB, "9876543210123456789", "01", "E5AB98AB5E76F757FEDC7F016E5E2358"},
	} {
		got, err := upper(emv.MasterKey(newBlock(decodeHex(c.key)), c.option, c.account, c.psn))
		if want := odd(c.want); err != nil || got != want {
			t.Errorf("%s: account number %s, option %c: got %s, %v, want %s", c.source, c.account, c.option, got, err, want)
		}
	}
}

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
		card, err := emv.MasterKey(newBlock(decodeHex(classicKey)), emv.OptionA, c.account, c.psn)
		if err != nil {
			t.Fatal(err)
		}
		sk, err := emv.CommonSession(card, [8]byte(decodeHex(c.r)))
		if err != nil {
			t.Fatal(err)
		}
		if c.data != "" {
			got, err := upper(emv.Cryptogram(sk, decodeHex(c.data)))
			if err != nil || got != c.arqc {
				t.Errorf("%s: cryptogram of %s: got %s, %v, want %s", c.source, c.data, got, err, c.arqc)
			}
		}
		if c.want == "" {
			continue
		}
		arqc, answer := [8]byte(decodeHex(c.arqc)), ""
		if c.source == "Atalla, M/Chip" { // whose answers are under the card's key
			sk = card
		}
		if len(c.response) == 4 {
			answer, err = upper(emv.ARPC1(sk, arqc, [2]byte(decodeHex(c.response))))
		} else {
			answer, err = upper(emv.ARPC2(sk, arqc, [4]byte(decodeHex(c.response)), nil))
		}
		if err != nil || answer != c.want {
			t.Errorf("%s: answer %s to %s: got %s, %v, want %s", c.source, c.response, c.arqc, answer, err, c.want)
		}
	}
}

// TestKnownAnswersOfScripts has the PIN changes of Mastercard and Visa that an outside tool gave CryptoCarver.
func TestKnownAnswersOfScripts(t *testing.T) {
	integrity, confidentiality := decodeHex("AEB0F198A498E067C4E63D94A770A80E"), decodeHex("640167C1D3C7623804FE97A75E2FC102")
	for r, want := range map[string][2]string{
		"51DB71A5DCC47F8A": {"1241B9DB1E953A02D5620E8B97418AE8", "46AEA9871A61315C4E174FD9EBEB8AAC"},
		"51DB71A5DCC47F8B": {"E46C87DD5AC1177FCCE8F7A1C56A40C6", "EA4F899B89521FC70B9A6E6DC44AD2A8"},
		"51DB71A5DCC47F8C": {"5011FA65D22A12DA14C69FB670605658", "4CD2CC141DDD8DF6DFA6D2D5DD112903"},
	} {
		for i, key := range [][]byte{integrity, confidentiality} {
			got, err := upper(emv.CommonSession(key, [8]byte(decodeHex(r))))
			if err != nil || got != odd(want[i]) {
				t.Errorf("Mastercard session key of %s: got %s, %v, want %s", r, got, err, odd(want[i]))
			}
		}
	}
	visa, err := emv.VisaScriptSession(decodeHex("94E3194C02105E3B153438D562D5A49D"), [2]byte{0, 3})
	if got := fmt.Sprintf("%X", visa); err != nil || got != odd("94E3194C02105E38153438D562D55B61") {
		t.Errorf("Visa session key: got %s, %v, want %s", got, err, odd("94E3194C02105E38153438D562D55B61"))
	}
	mchip, err := emv.PINBlock(mustPIN("4222"))
	if err != nil {
		t.Fatal(err)
	}
	issued, err := emv.VisaPINBlock(decodeHex("64C8621A76A2EA9EF23D5749FE1A64F1"), mustPIN("4222"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                            string
		encryption, authentication      []byte
		form                            emv.ScriptForm
		block                           []byte
		message, wantEncrypted, wantMAC string
	}{
		{"Mastercard", decodeHex("EA4F899B89521FC70B9A6E6DC44AD2A8"), decodeHex("E46C87DD5AC1177FCCE8F7A1C56A40C6"), emv.MChipForm, mchip,
			"8424000210001051DB71A5DCC47F8A", "2EC06BD5D6AEEBBC", "AC4E7EB35196E310"},
		{"Visa", visa, visa, emv.VisaForm, issued,
			"84240002180003EFB5340A1BF07421", "B3511E3333BF9DC56E1EDF6458BB52B6", "E36046E6E5C110A2"},
	} {
		encrypted, err := upper(emv.EncryptPIN(c.encryption, c.form, c.block))
		if err != nil || encrypted != c.wantEncrypted {
			t.Errorf("%s: encrypted PIN block: got %s, %v, want %s", c.name, encrypted, err, c.wantEncrypted)
		}
		got, err := upper(emv.ScriptMAC(c.authentication, decodeHex(c.message+encrypted)))
		if err != nil || got != c.wantMAC {
			t.Errorf("%s: MAC of %s: got %s, %v, want %s", c.name, c.message+encrypted, got, err, c.wantMAC)
		}
	}
}
