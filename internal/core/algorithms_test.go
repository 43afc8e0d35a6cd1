package core

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// TestAlgorithmsOfAKeyBlock by its letter and its HM block (tr31-mapping, sections 3 and 6).
func TestAlgorithmsOfAKeyBlock(t *testing.T) {
	for _, c := range []struct {
		letter byte
		hm     string
		want   []apc.KeyAlgorithm
	}{
		{'T', "", []apc.KeyAlgorithm{TDES2, TDES3}},
		{'A', "", []apc.KeyAlgorithm{AES128, AES192, AES256}},
		{'A', "21", []apc.KeyAlgorithm{AES128, AES192, AES256}}, // which an AES key need not have
		{'H', "20", []apc.KeyAlgorithm{HMACSHA224}},
		{'H', "21", []apc.KeyAlgorithm{HMACSHA256}},
		{'H', "22", []apc.KeyAlgorithm{HMACSHA384}},
		{'H', "23", []apc.KeyAlgorithm{HMACSHA512}},
		{'H', "", nil}, {'H', "10", nil}, {'H', "24", nil}, {'R', "", nil}, {'E', "", nil}, {'D', "", nil}, {0, "", nil},
	} {
		var got []apc.KeyAlgorithm
		for _, a := range AlgorithmsOf(c.letter, c.hm) {
			got = append(got, a.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q with HM %q: got %v, want %v", c.letter, c.hm, got, c.want)
		}
	}
}

func TestSetsHaveTheirAlgorithmsInTheOrderOfTheService(t *testing.T) {
	set := AlgorithmsNamed(ECCP256, AES128, TDES3, "ROT13")
	if got, want := set.Names(), []apc.KeyAlgorithm{TDES3, AES128, ECCP256}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, name := range apc.KeyAlgorithm("").Values() {
		a := AlgorithmNamed(name)
		if a == nil || a.Name != name {
			t.Fatalf("%s: got %v", name, a)
		}
		if got, want := set.Has(a), name == TDES3 || name == AES128 || name == ECCP256; got != want {
			t.Errorf("%s is in the set: %t, want %t", name, got, want)
		}
		families := 0
		for _, family := range []AlgorithmSet{AnyTDES, AnyAES, AnyHMAC, AnyRSA, AnyECC} {
			if family.Has(a) {
				families++
			}
		}
		if families != 1 || a.Symmetric() == (AnyRSA|AnyECC).Has(a) {
			t.Errorf("%s is in %d families, symmetric: %t", name, families, a.Symmetric())
		}
	}
	for _, name := range []apc.KeyAlgorithm{"", "AES", "aes_128"} {
		if a := AlgorithmNamed(name); a != nil {
			t.Errorf("%q: got %s", name, a.Name)
		}
	}
}

// TestCheckValueIsThatOfTheAlgorithm: ANSI_X9_24 of an AES key is answered as CMAC.
func TestCheckValueIsThatOfTheAlgorithm(t *testing.T) {
	const ansi, cmac, sha1, hmac = apc.KeyCheckValueAlgorithmANSIX924, apc.KeyCheckValueAlgorithmCMAC, apc.KeyCheckValueAlgorithmSHA1,
		apc.KeyCheckValueAlgorithmHMAC
	for _, c := range []struct {
		alg         apc.KeyAlgorithm
		asked, name apc.KeyCheckValueAlgorithm // no name: it is refused
		method      kcv.Method
	}{
		{TDES2, "", ansi, kcv.TDESZero}, {TDES3, ansi, ansi, kcv.TDESZero}, {TDES2, cmac, cmac, kcv.TDESCMAC}, {TDES2, hmac, "", 0},
		{AES128, "", cmac, kcv.AESCMAC}, {AES192, cmac, cmac, kcv.AESCMAC}, {AES256, ansi, cmac, kcv.AESCMAC}, {AES128, sha1, "", 0},
		{HMACSHA224, "", hmac, kcv.HMACSHA224}, {HMACSHA512, hmac, hmac, kcv.HMACSHA512}, {HMACSHA256, cmac, "", 0},
		{RSA2048, "", sha1, kcv.SHA1}, {ECCP521, sha1, sha1, kcv.SHA1}, {RSA4096, ansi, "", 0},
	} {
		got, ok := AlgorithmNamed(c.alg).Check(c.asked)
		if ok != (c.name != "") || got.Name != c.name || got.Method != c.method {
			t.Errorf("%s, asked for %q: got %+v, %t; want %q by %v", c.alg, c.asked, got, ok, c.name, c.method)
		}
	}
}
