package pin_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/pin"
)

func TestPublishedPINBlocks(t *testing.T) {
	payref.Published(t, 20, func(t *testing.T, v payref.Vector) {
		name := strings.TrimPrefix(v.Algorithm, "PIN block ISO 9564 format ")
		format, pan := formats[name[:1]], v.Inputs.Text("pan")
		if strings.HasSuffix(name, "PAN field") {
			got, err := pin.PANField4(pan)
			if want := v.Expected.Text("pan_field"); err != nil || fmt.Sprintf("%X", got) != want {
				t.Errorf("PANField4 is %X, %v, want %s", got, err, want)
			}
			return
		}
		if block := v.Inputs.Text("block"); block != "" {
			got, err := open(format, v.Keys["pek"].Hex, block, pan)
			refused := v.Expected.Text("error") != ""
			if refused != (err != nil) || got != v.Expected.Text("pin") {
				t.Errorf("opening gave PIN %q, %v, want %v", got, err, v.Expected)
			}
			if e, ok := errors.AsType[*pin.Error](err); refused && (!ok || e.Problem == "") {
				t.Errorf("the refusal is %v, want a *pin.Error with its problem", err)
			}
			return
		}
		fn, args := "pin_encode", payref.Args{"fmt": name[:1], "pin": v.Inputs.Text("pin"), "pan": pan}
		if key := v.Keys["pek"].Hex; key != "" {
			fn = "pin_encipher"
			args["alg"], args["key"], args["fill"] = "AES_128", key, v.Inputs.Text("random")
		}
		if got, err := funcs[fn](args); err != nil || got != v.Expected.Text("block") {
			t.Errorf("%s is %s, %v, want %s", fn, got, err, v.Expected.Text("block"))
		}
	}, "PIN block ISO 9564")
}

// open reads a block, enciphered where there is a key.
func open(f pin.Format, key, block, pan string) (string, error) {
	raw := testrig.Hex(block)
	if key == "" {
		p, err := pin.Decode(f, raw, pan)
		return p.Digits(), err
	}
	p, err := pin.Decrypt(payref.Block("AES", key), f, raw, pan)
	return p.Digits(), err
}

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
		random := testrig.Hex(c.random)
		p, err := pin.New("1234")
		if err != nil {
			t.Fatal(err)
		}
		got, err := pin.Encrypt(payref.Block("AES", c.key), pin.ISO4, p, c.account, bytes.NewReader(random))
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

func TestWhatWasEncodedDecodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := mustPIN(t, rapid.StringMatching(`[0-9]{4,12}`).Draw(t, "pin"))
		pan := rapid.StringMatching(`[0-9]{12,19}`).Draw(t, "pan")
		f := rapid.SampledFrom([]pin.Format{pin.ISO0, pin.ISO1, pin.ISO2, pin.ISO3, pin.ISO4, pin.AS28050}).Draw(t, "format")
		alg, key := "TDES", strings.Repeat("01", 16)
		if f == pin.ISO4 {
			alg = "AES"
		}
		b := payref.Block(alg, key)
		block, err := pin.Encrypt(b, f, p, pan, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pin.Decrypt(b, f, block, pan); err != nil || !got.Equal(p) {
			t.Fatalf("decrypting gave %q, %v, want %q", got.Digits(), err, p.Digits())
		}
		if f == pin.ISO4 {
			return
		}
		clearBlock, err := pin.Encode(f, p, pan, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pin.Decode(f, clearBlock, pan); err != nil || !got.Equal(p) {
			t.Fatalf("decoding gave %q, %v, want %q", got.Digits(), err, p.Digits())
		}
	})
}

// TestFillOfFormat3IsDrawnWithoutBias: bytes that would make some digits more likely are
// drawn again.
func TestFillOfFormat3IsDrawnWithoutBias(t *testing.T) {
	p, err := pin.New("1234")
	if err != nil {
		t.Fatal(err)
	}
	drawn := append(bytes.Repeat([]byte{252, 253, 254, 255}, 4), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
	got, err := pin.Encode(pin.ISO3, p, "0000000000000000", bytes.NewReader(drawn))
	if want := "341234ABCDEFABCD"; err != nil || fmt.Sprintf("%X", got) != want {
		t.Errorf("got block %X, %v, want %s", got, err, want)
	}
}
