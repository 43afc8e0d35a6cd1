package testrig

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
)

// Hex reads hexadecimal digits, with or without space between them. Anything else is a bug of the test and panics.
func Hex(text string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// AES is the cipher of a key of 16, 24 or 32 bytes.
func AES(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return b
}

// TDES is the cipher of a key of 8, 16 or 24 bytes.
func TDES(key []byte) cipher.Block {
	b, err := des.NewTripleDESCipher(slices.Concat(key, key, key)[:24])
	if err != nil {
		panic(err)
	}
	return b
}

// Certificate reads base64 of one PEM certificate.
func Certificate(t testing.TB, text string) *x509.Certificate {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("not one certificate: %s", raw)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
