package emv_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/mac"
)

const classicKey = "0123456789ABCDEFFEDCBA9876543210"

// odd are the hexadecimal digits of a key with odd parity: some sources print keys without.
func odd(key string) string {
	b := testrig.Hex(key)
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
		got, err := upper(emv.MasterKey(testrig.TDES(testrig.Hex(c.key)), c.option, c.account, c.psn))
		if want := odd(c.want); err != nil || got != want {
			t.Errorf("%s: account number %s, option %c: got %s, %v, want %s", c.source, c.account, c.option, got, err, want)
		}
	}
}

func TestKeysHaveOddParityAndDifferByCounter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mk := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "mk")
		atc := [2]byte(rapid.SliceOfN(rapid.Byte(), 2, 2).Draw(t, "atc"))
		for name, derive := range map[string]func([2]byte) ([]byte, error){
			"common":   func(c [2]byte) ([]byte, error) { return emv.CommonSession(mk, emv.CounterR(c)) },
			"M/Chip":   func(c [2]byte) ([]byte, error) { return emv.MChipSession(mk, c, [4]byte{}) },
			"UnionPay": func(c [2]byte) ([]byte, error) { return emv.UnionPaySession(mk, c) },
			"EMV 2000": func(c [2]byte) ([]byte, error) { return emv.EMV2000(mk, c, emv.ServiceTree) },
		} {
			key, err := derive(atc)
			if err != nil {
				t.Fatal(err)
			}
			other, err := derive([2]byte{atc[0], atc[1] ^ 1})
			if err != nil {
				t.Fatal(err)
			}
			if mac.Equal(key, other) {
				t.Fatalf("%s: one key for two counters", name)
			}
			for _, b := range key {
				n := 0
				for ; b > 0; b &= b - 1 {
					n++
				}
				if n%2 == 0 {
					t.Fatalf("%s: key %X without odd parity", name, key)
				}
			}
		}
	})
}
