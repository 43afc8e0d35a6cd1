package kcv

import (
	"crypto"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestErrorsShowNoKey(t *testing.T) {
	key := []byte("secret of 17 byte")
	_, err := TDES(key)
	if err == nil {
		t.Fatal("17 bytes passed")
	}
	for _, s := range []string{string(key), hex.EncodeToString(key), "736563", "[115 101"} {
		if strings.Contains(strings.ToLower(err.Error()), s) {
			t.Errorf("the error %q shows the key", err)
		}
	}
}

func TestParityBitsDoNotCount(t *testing.T) {
	key := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
	want, err := TDES(key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range key {
		key[i] ^= 1
		if got, err := TDES(key); err != nil || got != want {
			t.Errorf("parity of byte %d turned: got %s, %v, want %s", i, got, err, want)
		}
	}
}

func TestHMACRefusesOtherHashes(t *testing.T) {
	for _, h := range []crypto.Hash{0, crypto.MD5, crypto.SHA3_256, 99} {
		if got, err := HMAC(h, []byte{1}); err == nil {
			t.Errorf("hash %d gave %s", h, got)
		}
	}
}

func TestPublicKeyShowsFourBytes(t *testing.T) {
	got, err := PublicKey([]byte("abc")) // SHA-1 of "abc": FIPS 180-2, appendix A.1
	if want := "A9993E36"; got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
