package emv_test

import (
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestKnownAnswersOfScripts has the PIN changes of Mastercard and Visa that an outside tool gave CryptoCarver.
func TestKnownAnswersOfScripts(t *testing.T) {
	integrity, confidentiality := testrig.Hex("AEB0F198A498E067C4E63D94A770A80E"), testrig.Hex("640167C1D3C7623804FE97A75E2FC102")
	for r, want := range map[string][2]string{
		"51DB71A5DCC47F8A": {"1241B9DB1E953A02D5620E8B97418AE8", "46AEA9871A61315C4E174FD9EBEB8AAC"},
		"51DB71A5DCC47F8B": {"E46C87DD5AC1177FCCE8F7A1C56A40C6", "EA4F899B89521FC70B9A6E6DC44AD2A8"},
		"51DB71A5DCC47F8C": {"5011FA65D22A12DA14C69FB670605658", "4CD2CC141DDD8DF6DFA6D2D5DD112903"},
	} {
		for i, key := range [][]byte{integrity, confidentiality} {
			got, err := upper(emv.CommonSession(key, [8]byte(testrig.Hex(r))))
			if err != nil || got != odd(want[i]) {
				t.Errorf("Mastercard session key of %s: got %s, %v, want %s", r, got, err, odd(want[i]))
			}
		}
	}
	visa, err := emv.VisaScriptSession(testrig.Hex("94E3194C02105E3B153438D562D5A49D"), [2]byte{0, 3})
	if got := fmt.Sprintf("%X", visa); err != nil || got != odd("94E3194C02105E38153438D562D55B61") {
		t.Errorf("Visa session key: got %s, %v, want %s", got, err, odd("94E3194C02105E38153438D562D55B61"))
	}
	mchip, err := emv.PINBlock(mustPIN("4222"))
	if err != nil {
		t.Fatal(err)
	}
	issued, err := emv.VisaPINBlock(testrig.Hex("64C8621A76A2EA9EF23D5749FE1A64F1"), mustPIN("4222"), nil)
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
		{"Mastercard", testrig.Hex("EA4F899B89521FC70B9A6E6DC44AD2A8"), testrig.Hex("E46C87DD5AC1177FCCE8F7A1C56A40C6"), emv.MChipForm, mchip,
			"8424000210001051DB71A5DCC47F8A", "2EC06BD5D6AEEBBC", "AC4E7EB35196E310"},
		{"Visa", visa, visa, emv.VisaForm, issued,
			"84240002180003EFB5340A1BF07421", "B3511E3333BF9DC56E1EDF6458BB52B6", "E36046E6E5C110A2"},
	} {
		encrypted, err := upper(emv.EncryptPIN(c.encryption, c.form, c.block))
		if err != nil || encrypted != c.wantEncrypted {
			t.Errorf("%s: encrypted PIN block: got %s, %v, want %s", c.name, encrypted, err, c.wantEncrypted)
		}
		got, err := upper(emv.ScriptMAC(c.authentication, testrig.Hex(c.message+encrypted)))
		if err != nil || got != c.wantMAC {
			t.Errorf("%s: MAC of %s: got %s, %v, want %s", c.name, c.message+encrypted, got, err, c.wantMAC)
		}
	}
}
