package main

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestCheckValuesOfPublicKeys(t *testing.T) {
	certificate, err := os.ReadFile("../../x509ca/testdata/ec-root.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(certificate)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	spki := c.RawSubjectPublicKeyInfo
	sum := sha1.Sum(spki)
	want := fmt.Sprintf("%X\n", sum[:4])
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})
	for form, text := range map[string]string{
		"a certificate": string(certificate), "a certificate in base64": base64.StdEncoding.EncodeToString(certificate),
		"a certificate in DER": string(block.Bytes),
		"PEM":                  string(key), "DER": string(spki), "hexadecimal": hex.EncodeToString(spki),
	} {
		if got := apcsim(t, text, "kcv", "--algorithm", "SHA_1", "-"); got.out != want {
			t.Errorf("%s: got %+v, want %s", form, got, want)
		}
	}
	if got := apcsim(t, "", "kcv", "--algorithm", "SHA_1", "../../x509ca/testdata/ec-root.pem"); got.out != want {
		t.Errorf("a file: got %+v, want %s", got, want)
	}
	all := files(t)
	for _, name := range []string{"a private key", "a certificate request"} {
		if got := apcsim(t, all[name], "kcv", "--algorithm", "SHA_1", "-"); got.status != exitRefused ||
			!strings.Contains(got.err, "there is no public key: found "+name) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	bare, _ := pem.Decode([]byte(all["a bare public key"]))
	public, err := x509.ParsePKIXPublicKey(bare.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum = sha1.Sum(bare.Bytes)
	own := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public.(*rsa.PublicKey))})
	if got := apcsim(t, string(own), "kcv", "--algorithm", "SHA_1", "-"); got.out != fmt.Sprintf("%X\n", sum[:4]) {
		t.Errorf("PKCS #1: got %+v", got)
	}
}
