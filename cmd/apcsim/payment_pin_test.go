package main

import (
	"strings"
	"testing"
)

// TestPINBlocksOfEveryFormatOpenToThePIN, clear and enciphered: format 4 under AES, the others under TDES.
func TestPINBlocksOfEveryFormatOpenToThePIN(t *testing.T) {
	const digits = "123456"
	for name, f := range pinFormats {
		digitsOfBlock := 16
		if name == "4" {
			digitsOfBlock = 32
		}
		for _, pek := range []string{"", testKey, testKey + testKey[:16]} {
			args := strings.Fields("--format " + name + " --pan 5555555551234567")
			if pek != "" {
				args = append(args, "--pek", pek)
			} else if name == "4" {
				continue // is always enciphered
			}
			made := mustRun(t, append(append([]string{"pin", "block"}, args...), digits)...)
			if len(made) != digitsOfBlock {
				t.Errorf("%s, key of %d digits: got block %s, want %d digits", name, len(pek), made, digitsOfBlock)
			}
			opened := mustRun(t, append(append([]string{"pin", "open"}, args...), made)...)
			if opened != digits {
				t.Errorf("%v, key of %d digits: block %s opens to %s, want %s", f, len(pek), made, opened, digits)
			}
		}
	}
	got := apcsim(t, "", strings.Fields("pin block --format 4 --pan 5555555551234567 --pek "+testKey[:16]+" 1234")...)
	if want := "pek: the value has a wrong length: found 8 bytes, wanted 16, 24 or 32 bytes for AES"; !strings.Contains(got.err, want) {
		t.Errorf("format 4 under a short key: got %+v, want %q", got, want)
	}
}
