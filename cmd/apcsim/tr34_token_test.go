package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"strings"
	"testing"
)

func TestTokensAreReadInEveryForm(t *testing.T) {
	for _, v := range tokenVectors(t) {
		if v.ID != "gen-aws-tdes" && v.ID != "gen-two-pass-rfc-aes128" {
			continue
		}
		der, err := os.ReadFile(v.path(v.File))
		if err != nil {
			t.Fatal(err)
		}
		digits, text := hex.EncodeToString(der), base64.StdEncoding.EncodeToString(der)
		armored := string(pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der}))
		for what, c := range map[string][2]string{ // argument, standard input
			"hexadecimal": {digits, ""}, "upper case": {strings.ToUpper(digits), ""}, "base64": {text, ""},
			"DER on standard input": {"-", string(der)},
			"PEM on standard input": {"-", armored}, "hexadecimal lines": {"-", digits[:100] + "\n" + digits[100:] + "\n"},
		} {
			if got, _ := v.unwrap(t, c[1], c[0]); !got.OK || got.Key != v.Key {
				t.Errorf("%s in %s: %+v", v.ID, what, got)
			}
		}
		key, err := os.ReadFile(v.path(v.KRDKey))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := v.unwrap(t, string(key), v.path(v.File), "--krd-key", "-"); !got.OK || got.Key != v.Key {
			t.Errorf("%s with the key on standard input: %+v", v.ID, got)
		}
	}
}
