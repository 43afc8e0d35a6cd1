package main

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/kcv"
)

func TestKCV(t *testing.T) {
	for _, c := range []struct{ algorithm, want string }{
		{"TDES", testTDES}, {"AES", testKCV}, {"HMAC_SHA256", "DCC3C8"},
	} {
		got := apcsim(t, "", "kcv", "--algorithm", c.algorithm, testKey)
		if want := (result{exitOK, c.want + "\n", ""}); got != want {
			t.Errorf("%s: got %+v, want %+v", c.algorithm, got, want)
		}
		got = apcsim(t, strings.ToLower(testKey)+"\r\n", "kcv", "-", "--algorithm", c.algorithm)
		if want := (result{exitOK, c.want + "\n", ""}); got != want {
			t.Errorf("%s, from standard input: got %+v, want %+v", c.algorithm, got, want)
		}
	}
	got := apcsim(t, "", "kcv", "--json", "--algorithm=AES", testKey)
	if want := (result{exitOK, `{"ok":true,"kcv":"2090A6","standard":"2090A67375"}` + "\n", ""}); got != want {
		t.Errorf("JSON: got %+v, want %+v", got, want)
	}
}

func TestEveryAlgorithmOfTheHelpIsThere(t *testing.T) {
	methods := map[kcv.Method]bool{}
	for _, m := range kcvMethods {
		methods[m.method] = true
		if !strings.Contains(kcvCommand.details, m.name) {
			t.Errorf("--help does not name %s", m.name)
		}
		if m.method == kcv.SHA1 {
			continue // of public keys: see below
		}
		if got := apcsim(t, "", "kcv", "--algorithm", m.name, testKey); got.status != exitOK || len(got.out) != 7 {
			t.Errorf("%s: got %+v", m.name, got)
		}
	}
	for m := kcv.Method(1); m.String() != "no method"; m++ {
		if !methods[m] {
			t.Errorf("the package's %v is no algorithm of the command", m)
		}
	}
}

// TestCheckValuesOfOtherMethods: the values are openssl's, of enc -des-ede3-ecb, mac CMAC and enc -aes-128-ecb.
func TestCheckValuesOfOtherMethods(t *testing.T) {
	for algorithm, want := range map[string]string{"TDES_CMAC": "0A8245", "AES_ZERO": "D5C825", "HMAC_SHA1": "2739B6"} {
		if got := apcsim(t, "", "kcv", "--algorithm", algorithm, testKey); got.out != want+"\n" {
			t.Errorf("%s: got %+v, want %s", algorithm, got, want)
		}
	}
}
