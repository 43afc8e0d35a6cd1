package mac_test

import (
	"crypto/cipher"
	"crypto/des"
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/mac"
)

const (
	classicKey = "0123456789ABCDEFFEDCBA9876543210"
	helloWorld = "48656C6C6F2C20776F726C6421"
	sample     = "8C9ED6C8616BF534B77D339BE0C2CB5C"
)

// TestKnownAnswersOfAlgorithm3 has the values of ICAO Doc 9303 part 11, appendix D (sections D.3 and D.4), of ANSI
// X9.19, of the tests of Bouncy Castle and of FelipeRodriguezFonte/CryptoCarver, which computed them twice.
func TestKnownAnswersOfAlgorithm3(t *testing.T) {
	const exchange, session = "7962D9ECE03D1ACD4C76089DCE131543", "F1CB1F1FB5ADF208806B89DC579DC1F8"
	for _, c := range []struct {
		source, key, message string
		padding              mac.Padding
		want                 string
	}{
		{"Bouncy Castle", "7CA110454A1A6E570131D9619DC1376E", fmt.Sprintf("%X", "Hello World !!!!"), mac.None, "F09B856213BAB83B"},
		{"X9.19", classicKey, fmt.Sprintf("%X", "Now is the time for all "), mac.None, "A1C72E74EA3FA9B6"},
		{"CryptoCarver", classicKey, helloWorld, mac.Zeros, "ABF9AFD03C6F5F70"},
		{"CryptoCarver", classicKey, helloWorld, mac.Bit, "94A00FFEFE29FE69"},
		{"9303 D.3", exchange, "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2", mac.Bit, "5F1448EEA8AD90A7"},
		{"9303 D.3", exchange, "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F", mac.Bit, "2F2D235D074D7449"},
		{"9303 D.4.1", session, "887022120C06C2270CA4020C800000008709016375432908C044F6", mac.Bit, "BF8B92D635FF24F8"},
		{"9303 D.4.1", session, "887022120C06C22899029000", mac.Bit, "FA855A5D4C50A8ED"},
		{"9303 D.4.2", session, "887022120C06C2290CB0000080000000970104", mac.Bit, "ED6705417E96BA55"},
		{"9303 D.4.2", session, "887022120C06C22A8709019FF0EC34F992265199029000", mac.Bit, "AD55CC17140B2DED"},
		{"9303 D.4.3", session, "887022120C06C22B0CB0000480000000970112", mac.Bit, "2EA28A70F3C7B535"},
		{"9303 D.4.3", session, "887022120C06C22C871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A99029000", mac.Bit,
			"C8B2787EAEA07D74"},
	} {
		got, err := upper(mac.Retail(retailKey(c.key), c.padding, testrig.Hex(c.message)))
		if err != nil || got != c.want {
			t.Errorf("%s: key %s, message %s: got %s, %v, want %s", c.source, c.key, c.message, got, err, c.want)
		}
	}
}

// TestKnownAnswersOfAlgorithm1 has values of CryptoCarver and of the pages of iso8583.studio, whose makers computed
// them with openssl.
func TestKnownAnswersOfAlgorithm1(t *testing.T) {
	single, err := des.NewCipher(testrig.Hex("B3B9A0C43FB377DB"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		source, message string
		key             cipher.Block
		padding         mac.Padding
		want            string
	}{
		{"CryptoCarver", helloWorld, payref.Block("TDES", classicKey), mac.Bit, "09D0D7B78B4447DC"},
		{"iso8583.studio", "48656C6C6F", payref.Block("TDES", classicKey), mac.Bit, "8F9E4CCDD623E590"},
		{"iso8583.studio", sample, payref.Block("TDES", "8A6B8B307A8916476E11B3D544287558"), mac.Zeros, "E0B0B747E8994118"},
		{"iso8583.studio", sample, payref.Block("TDES", "4D64AA87925831C1BF2109ED08B44845"), mac.None, "2BDEEC7BF0FCA759"},
		{"iso8583.studio, X9.9", sample, single, mac.None, "FFAC1C92DCB1D80D"},
	} {
		got, err := upper(mac.CBC(c.key, c.padding, testrig.Hex(c.message)))
		if err != nil || got != c.want {
			t.Errorf("%s: message %s: got %s, %v, want %s", c.source, c.message, got, err, c.want)
		}
	}
}

// TestKnownAnswersOfCMAC has values of CryptoCarver.
func TestKnownAnswersOfCMAC(t *testing.T) {
	whole := testrig.AES(testrig.Hex("000102030405060708090A0B0C0D0E0F"))
	for _, c := range []struct {
		key  cipher.Block
		want string
	}{{payref.Block("TDES", classicKey), "339F7934E25410EA"}, {whole, "BF170E4054A64585"}} {
		if got := fmt.Sprintf("%X", mac.NewCMAC(c.key).Sum(nil, testrig.Hex(helloWorld))[:8]); got != c.want {
			t.Errorf("message %s: got %s, want %s", helloWorld, got, c.want)
		}
	}
}
