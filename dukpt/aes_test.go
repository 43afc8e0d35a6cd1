package dukpt_test

import (
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestKnownAnswersOfAESInitialKeys has those of the tests of theminesec's example for Android, of all three lengths.
func TestKnownAnswersOfAESInitialKeys(t *testing.T) {
	base := testrig.Hex("F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1")
	for bits, want := range map[int]string{
		128: "0E870691F56A670C438612AE868D668D",
		192: "662E213522EF22C20E65CA0FAB0C20C5340FCD7072FE3F54",
		256: "2E6C334F36E48FD78EE3A2DB4A691C549DE0CEE9419B4388BAD15F09CA7E76E7",
	} {
		got, err := upper(dukpt.InitialAES(testrig.AES(base[:bits/8]), bits, [8]byte(testrig.Hex("1122334455667788"))))
		if err != nil || got != want {
			t.Errorf("initial key of %d bits: got %s, %v, want %s", bits, got, err, want)
		}
	}
}

// TestKnownAnswersOfAESWorkingKeys has the keys for counters that the tests of joyner-perez/aes_dukpt_x9.24-3-2017 and
// of theminesec's example have: data encryption of the first eight transactions, and three kinds of others.
func TestKnownAnswersOfAESWorkingKeys(t *testing.T) {
	initial := testrig.Hex("1273671EA26AC29AFA4D1084127652A1")
	check := func(counter uint32, use dukpt.AESUse, want string) {
		t.Helper()
		ksn, err := dukpt.ParseAESKSN(fmt.Sprintf("1234567890123456%08X", counter))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := upper(dukpt.WorkingAES(initial, ksn, use, dukpt.AES128)); err != nil || got != want {
			t.Errorf("counter %d, use %04X: got %s, %v, want %s", counter, uint16(use), got, err, want)
		}
	}
	for i, want := range []string{"A35C412EFD41FDB98B69797C02DCD08F", "D639514AA33AC43AD9229E433D6D4E5B",
		"EF17F6AB45B4820C93A3DCB21BC491AD", "B3BD44C08BB6BA27C3BB4711D7D70387", "CA02DF6F30B39E14BD0B4A30E460920F",
		"C9B8A7C4E486180B2229115164F0B293", "0FA8F1F0A2DD7B1005A862D77CDED698", "650F34204ABD4E57764D61AC3D266FB1"} {
		check(uint32(i+1), dukpt.DataEncryption, want)
	}
	for _, c := range []struct {
		counter        uint32
		pin, mac, data string
	}{
		{131073, "8AC85C93EED246054ADC3104479115A6", "EF7C9461E2AFED2A8012CC6301CFEEBE", "B93B4BF0D52163B3CF9312F8E55629A3"},
		{131070, "DDF7E08A84B5478C498D007C743BF762", "6D7623AD652734B8FAE1B6E093EACE3D", "8E4E5D5E0F01C54F01F4ACA1C8F8EDCE"},
		{8675309, "D1DDA386AA4A556AF0119FDCB5D132C6", "89365C7970950CAC0A6261FFC7DB26C6", "B1E4D9006A87DD08D87F11A124D35517"},
		{4294901760, "27EFAC1D158632588F4AC69E45C247C4", "AE558BABC206D303FDF68B1181F228C6", "08878BFCC45CA5AEF6A1AB40BAC882B5"},
	} {
		check(c.counter, dukpt.PINEncryption, c.pin)
		check(c.counter, dukpt.MACGeneration, c.mac)
		check(c.counter, dukpt.DataEncryption, c.data)
	}
}
