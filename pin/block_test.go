package pin_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

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
	raw, err := hex.DecodeString(block)
	if err != nil {
		return "", err
	}
	if key == "" {
		p, err := pin.Decode(f, raw, pan)
		return p.Digits(), err
	}
	p, err := pin.Decrypt(newBlock("AES", key), f, raw, pan)
	return p.Digits(), err
}
