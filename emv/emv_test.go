package emv_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/pin"
)

func upper(b []byte, err error) (string, error) { return fmt.Sprintf("%X", b), err }

func session(a payref.Args) ([]byte, error) {
	mk, atc := testrig.Hex(a.Text("mk")), [2]byte(testrig.Hex(a.Text("atc")))
	switch a.Text("mode") {
	case "common":
		return emv.CommonSession(mk, emv.CounterR(atc))
	case "mchip":
		return emv.MChipSession(mk, atc, [4]byte(testrig.Hex(a.Text("un"))))
	case "visa_script":
		return emv.VisaScriptSession(mk, atc)
	case "unionpay":
		return emv.UnionPaySession(mk, atc)
	}
	return emv.EMV2000(mk, atc, emv.ServiceTree)
}

func mustPIN(digits string) pin.PIN {
	p, err := pin.New(digits)
	if err != nil {
		panic(err)
	}
	return p
}

// form is how payref names the way a PIN is enciphered.
func form(a payref.Args) emv.ScriptForm {
	switch a.Text("method") {
	case "Visa", "Amex":
		return emv.VisaForm
	case "Mastercard":
		return emv.MChipForm
	case "Emv2000":
		return emv.EMV2000Form
	}
	return emv.ScriptForm{
		Length: a.Text("position") == "FRONT_OF_PIN_BLOCK",
		Pad:    a.Text("padding") == "ISO_IEC_7816_4",
		CBC:    a.Text("mode") == "CBC",
	}
}

var funcs = map[string]payref.Func{
	"emv_master": func(a payref.Args) (string, error) {
		return upper(emv.MasterKey(testrig.TDES(testrig.Hex(a.Text("imk"))), emv.Option(a.Text("option")[0]), a.Text("pan"), a.Text("psn")))
	},
	"emv_session": func(a payref.Args) (string, error) { return upper(session(a)) },
	"sk_common": func(a payref.Args) (string, error) {
		return upper(emv.CommonSession(testrig.Hex(a.Text("mk")), [8]byte(testrig.Hex(a.Text("r")))))
	},
	"sk_visa_script": func(a payref.Args) (string, error) {
		return upper(emv.VisaScriptSession(testrig.Hex(a.Text("mk")), [2]byte(testrig.Hex(a.Text("atc")))))
	},
	"sk_emv2000": func(a payref.Args) (string, error) {
		tree := emv.Tree{Height: a.Int("h", 8), Branch: a.Int("b", 4), IV: [16]byte(testrig.Hex(a.Text("iv")))}
		return upper(emv.EMV2000(testrig.Hex(a.Text("mk")), [2]byte(testrig.Hex(a.Text("atc"))), tree))
	},
	"arqc": func(a payref.Args) (string, error) {
		return upper(emv.Cryptogram(testrig.Hex(a.Text("sk")), testrig.Hex(a.Text("data"))))
	},
	"emv_script_mac": func(a payref.Args) (string, error) {
		return upper(emv.ScriptMAC(testrig.Hex(a.Text("sk")), testrig.Hex(a.Text("data"))))
	},
	"arpc1": func(a payref.Args) (string, error) {
		return upper(emv.ARPC1(testrig.Hex(a.Text("k")), [8]byte(testrig.Hex(a.Text("cryptogram"))), [2]byte(testrig.Hex(a.Text("arc")))))
	},
	"arpc2": func(a payref.Args) (string, error) {
		return upper(
			emv.ARPC2(
				testrig.Hex(a.Text("k")),
				[8]byte(testrig.Hex(a.Text("cryptogram"))),
				[4]byte(testrig.Hex(a.Text("csu"))),
				testrig.Hex(a.Text("prop")),
			),
		)
	},
	"pinblock_visa": func(a payref.Args) (string, error) {
		var current *pin.PIN
		if digits := a.Text("current"); digits != "" {
			p := mustPIN(digits)
			current = &p
		}
		return upper(emv.VisaPINBlock(testrig.Hex(a.Text("mk_ac")), mustPIN(a.Text("new")), current))
	},
	"emv_pin_script": func(a payref.Args) (string, error) {
		return upper(emv.EncryptPIN(testrig.Hex(a.Text("sk_enc")), form(a), testrig.Hex(a.Text("block"))))
	},
}

func TestValuesAreThoseOfAnotherImplementation(t *testing.T) {
	payref.Test(t, funcs, func(r *rand.Rand) payref.Case {
		key, atc := payref.Hex(r, 16), payref.Hex(r, 2)
		switch r.IntN(9) {
		case 0:
			return payref.Case{
				Fn: "emv_master",
				Args: payref.Args{
					"imk":    key,
					"pan":    payref.Digits(r, 12, 19),
					"psn":    payref.Digits(r, 2, 2),
					"option": payref.One(r, "A", "B"),
				},
			}
		case 1:
			return payref.Case{
				Fn: "emv_session",
				Args: payref.Args{
					"mode": payref.One(r, "common", "mchip", "visa_script", "emv2000", "unionpay"),
					"mk":   key,
					"atc":  atc,
					"un":   payref.Hex(r, 4),
				},
			}
		case 2:
			height, branch := 8, 4
			if r.IntN(2) == 0 {
				height, branch = 16, 2
			}
			return payref.Case{
				Fn:   "sk_emv2000",
				Args: payref.Args{"mk": key, "atc": atc, "h": height, "b": branch, "iv": payref.Hex(r, 16)},
			}
		case 3:
			return payref.Case{Fn: "arqc", Args: payref.Args{"sk": key, "data": payref.Hex(r, 8+8*r.IntN(8))}}
		case 4:
			return payref.Case{Fn: "emv_script_mac", Args: payref.Args{"sk": key, "data": payref.Hex(r, 1+r.IntN(64))}}
		case 5:
			return payref.Case{Fn: "arpc1", Args: payref.Args{"k": key, "cryptogram": payref.Hex(r, 8), "arc": payref.Hex(r, 2)}}
		case 6:
			return payref.Case{
				Fn:   "arpc2",
				Args: payref.Args{"k": key, "cryptogram": payref.Hex(r, 8), "csu": payref.Hex(r, 4), "prop": payref.Hex(r, r.IntN(9))},
			}
		case 7:
			return payref.Case{
				Fn:   "pinblock_visa",
				Args: payref.Args{"mk_ac": key, "new": payref.Digits(r, 4, 12), "current": payref.One(r, "", payref.Digits(r, 4, 12))},
			}
		}
		padding := payref.One(r, "NO_PADDING", "ISO_IEC_7816_4")
		position := "NONE"
		if padding == "ISO_IEC_7816_4" {
			position = payref.One(r, "NONE", "FRONT_OF_PIN_BLOCK")
		}
		return payref.Case{
			Fn: "emv_pin_script",
			Args: payref.Args{"method": payref.One(r, "Visa", "Mastercard", "Emv2000", "EmvCommon"), "sk_enc": key,
				"block": payref.Hex(r, 8), "mode": payref.One(r, "ECB", "CBC"), "padding": padding, "position": position},
		}
	})
}

func TestPublishedKeys(t *testing.T) {
	payref.Published(t, 25, func(t *testing.T, v payref.Vector) {
		in, mk := v.Inputs, v.Keys["icc_master_key"].Hex
		fn, args, member := "", payref.Args{"mk": mk, "atc": in.Text("atc")}, "session_key"
		switch {
		case strings.HasPrefix(v.Algorithm, "EMV ICC"):
			fn, member = "emv_master", "icc_master_key"
			args = payref.Args{
				"imk":    v.Keys["imk"].Hex,
				"pan":    in.Text("pan"),
				"psn":    in.Text("psn"),
				"option": v.Algorithm[len(v.Algorithm)-1:],
			}
		case strings.HasPrefix(v.Algorithm, "EMV common"):
			fn, args["r"] = "sk_common", in.Text("r")
		case strings.HasPrefix(v.Algorithm, "Visa"):
			fn = "sk_visa_script"
		default:
			fn = "sk_emv2000"
			args["h"], args["b"], args["iv"] = in.Int("height", 0), in.Int("branch_factor", 0), in.Text("iv")
		}
		if got, err := funcs[fn](args); err != nil || got != v.Expected.Text(member) {
			t.Errorf("%s: got %s, %v, want %s", v.Algorithm, got, err, v.Expected.Text(member))
		}
	}, "EMV ", "Visa secure messaging")
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	b := testrig.TDES(testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
	sk := make([]byte, 16)
	for _, c := range []struct {
		err  error
		want string
	}{
		{second(emv.MasterKey(b, emv.OptionA, "12345678901", "00")), "emv: PAN: the length is wrong: found 11 digits, wanted 12 to 19 digits"},
		{second(emv.MasterKey(b, emv.OptionA, "123456789012", "0")),
			"emv: PAN sequence number: the length is wrong: found 1 digit, wanted 2 digits"},
		{second(emv.MasterKey(b, 'C', "123456789012", "00")), `emv: option: there is no such option: found 'C', wanted A or B`},
		{second(emv.CommonSession(sk[:8], [8]byte{})), "emv: card master key: the length is wrong: found 8 bytes, wanted 16 bytes"},
		{second(emv.EMV2000(sk, [2]byte{}, emv.Tree{})),
			"emv: tree: the height or the branch factor is out of range: " +
				"found height 0, branch factor 0, wanted height 2 to 16, branch factor 2 to 256"},
		{second(emv.ARPC2(sk, [8]byte{}, [4]byte{}, make([]byte, 9))),
			"emv: proprietary authentication data: the length is wrong: found 9 bytes, wanted up to 8 bytes"},
		{second(emv.EncryptPIN(sk, emv.ScriptForm{Length: true}, make([]byte, 8))),
			"emv: script form: a block with its length in front needs padding: found none, wanted padding method 2"},
	} {
		if e, ok := errors.AsType[*emv.Error](c.err); !ok || e.Error() != c.want {
			t.Errorf("refused with %v, want %s", c.err, c.want)
		}
	}
	if _, err := emv.Cryptogram(sk, make([]byte, 7)); err == nil {
		t.Error("a cryptogram over 7 bytes was made")
	}
}

func second[T any](_ T, err error) error { return err }

// FuzzDerivations: no argument panics, and what is derived has 16 bytes.
func FuzzDerivations(f *testing.F) {
	f.Add("4123456789012345", "00", byte('A'), make([]byte, 16), uint16(1), 8, 4, []byte("12345678"))
	f.Fuzz(func(t *testing.T, pan, psn string, option byte, key []byte, counter uint16, height, branch int, data []byte) {
		atc := [2]byte{byte(counter >> 8), byte(counter)}
		b := testrig.TDES(testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
		for _, derive := range []func() ([]byte, error){
			func() ([]byte, error) { return emv.MasterKey(b, emv.Option(option), pan, psn) },
			func() ([]byte, error) { return emv.CommonSession(key, emv.CounterR(atc)) },
			func() ([]byte, error) { return emv.VisaScriptSession(key, atc) },
			func() ([]byte, error) { return emv.UnionPaySession(key, atc) },
			func() ([]byte, error) { return emv.EMV2000(key, atc, emv.Tree{Height: height, Branch: branch}) },
		} {
			if out, err := derive(); err == nil && len(out) != 16 {
				t.Fatalf("a key of %d bytes", len(out))
			}
		}
		_, _ = emv.Cryptogram(key, data)
		_, _ = emv.ScriptMAC(key, data)
		_, _ = emv.EncryptPIN(key, emv.VisaForm, data)
	})
}
