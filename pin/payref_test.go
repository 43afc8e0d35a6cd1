package pin_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/pin"
)

var formats = map[string]pin.Format{"0": pin.ISO0, "1": pin.ISO1, "2": pin.ISO2, "3": pin.ISO3, "4": pin.ISO4, "AS": pin.AS28050}

func ibm(a payref.Args) *pin.IBM3624 {
	return &pin.IBM3624{Table: a.Text("table"), ValidationData: a.Text("data"), Pad: a.Text("padchar")[0]}
}

var funcs = map[string]payref.Func{
	"pin_decode": func(a payref.Args) (string, error) {
		block := testrig.Hex(a.Text("block"))
		p, err := pin.Decode(formats[a.Text("fmt")], block, a.Text("pan"))
		return p.Digits(), err
	},
	"pin_encode": func(a payref.Args) (string, error) {
		p, err := pin.New(a.Text("pin"))
		if err != nil {
			return "", err
		}
		block, err := pin.Encode(formats[a.Text("fmt")], p, a.Text("pan"), nil)
		return fmt.Sprintf("%X", block), err
	},
	"pin_encipher": func(a payref.Args) (string, error) {
		p, err := pin.New(a.Text("pin"))
		if err != nil {
			return "", err
		}
		fill := testrig.Hex(a.Text("fill"))
		block, err := pin.Encrypt(payref.Block(a.Text("alg"), a.Text("key")), formats[a.Text("fmt")], p, a.Text("pan"), bytes.NewReader(fill))
		return fmt.Sprintf("%X", block), err
	},
	"pin_decipher": func(a payref.Args) (string, error) {
		block := testrig.Hex(a.Text("block"))
		p, err := pin.Decrypt(payref.Block(a.Text("alg"), a.Text("key")), formats[a.Text("fmt")], block, a.Text("pan"))
		return p.Digits(), err
	},
	"pvv": func(a payref.Args) (string, error) {
		p, err := pin.New(a.Text("pin"))
		if err != nil {
			return "", err
		}
		return pin.PVV(payref.Block("TDES", a.Text("pvk")), a.Text("pan"), a.Int("index", 0), p)
	},
	"ibm_natural": func(a payref.Args) (string, error) {
		p, err := ibm(a).NaturalPIN(payref.Block("TDES", a.Text("pvk")), a.Int("n", 4))
		return p.Digits(), err
	},
	"ibm_offset": func(a payref.Args) (string, error) {
		p, err := pin.New(a.Text("pin"))
		if err != nil {
			return "", err
		}
		return ibm(a).Offset(payref.Block("TDES", a.Text("pvk")), p)
	},
	"ibm_from_offset": func(a payref.Args) (string, error) {
		p, err := ibm(a).PIN(payref.Block("TDES", a.Text("pvk")), a.Text("offset"))
		return p.Digits(), err
	},
}

func TestValuesAreThoseOfAnotherImplementation(t *testing.T) { payref.Test(t, funcs, draw) }

func draw(r *rand.Rand) payref.Case {
	digits, pan, key := payref.Digits(r, 4, 12), payref.Digits(r, 12, 19), payref.Hex(r, 16)
	ibm := payref.Args{
		"pvk":     key,
		"table":   payref.Digits(r, 16, 16),
		"padchar": payref.One(r, "0", "9", "A", "F"),
		"data":    payref.Digits(r, 4, 16),
	}
	with := func(more payref.Args) payref.Args {
		for k, v := range more {
			ibm[k] = v
		}
		return ibm
	}
	switch r.IntN(8) {
	case 0:
		return payref.Case{Fn: "pin_encode", Args: payref.Args{"fmt": payref.One(r, "0", "2", "AS"), "pin": digits, "pan": pan}}
	case 1: // a block that is nearly right: each digit of the first byte matters
		f := payref.One(r, "0", "1", "2", "3", "AS")
		return payref.Case{Fn: "pin_decode", Args: payref.Args{"fmt": f, "pan": pan, "block": nearlyRight(r, f, digits, pan)}}
	case 2:
		return payref.Case{
			Fn:   "pin_encipher",
			Args: payref.Args{"fmt": "4", "alg": "AES_128", "key": key, "pin": digits, "pan": pan, "fill": payref.Hex(r, 8)},
		}
	case 3:
		return payref.Case{
			Fn:   "pin_decipher",
			Args: payref.Args{"fmt": payref.One(r, "0", "3"), "alg": "TDES_2KEY", "key": key, "block": payref.Hex(r, 8), "pan": pan},
		}
	case 4:
		return payref.Case{Fn: "pvv", Args: payref.Args{"pvk": key, "pan": pan, "index": r.IntN(7), "pin": digits}}
	case 5:
		return payref.Case{Fn: "ibm_natural", Args: with(payref.Args{"n": 4 + r.IntN(9)})}
	case 6:
		return payref.Case{Fn: "ibm_offset", Args: with(payref.Args{"pin": digits})}
	}
	return payref.Case{Fn: "ibm_from_offset", Args: with(payref.Args{"offset": payref.Digits(r, 4, 12)})}
}

// nearlyRight is a clear block of a format, in half of the cases with one digit changed.
func nearlyRight(r *rand.Rand, f, digits, pan string) string {
	p, err := pin.New(digits)
	if err != nil {
		panic(err)
	}
	random := make([]byte, 64)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	block, err := pin.Encode(formats[f], p, pan, bytes.NewReader(random))
	if err != nil {
		panic(err)
	}
	if r.IntN(2) == 0 {
		block[r.IntN(8)] ^= byte(1 << r.IntN(8))
	}
	return fmt.Sprintf("%X", block)
}
