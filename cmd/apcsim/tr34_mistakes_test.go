package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// files are what is often given in place of a token or of a private key, by what it is.
func files(t *testing.T) map[string]string {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "x"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1, 0),
		SubjectKeyId: []byte{1},
		KeyUsage:     x509.KeyUsageCRLSign,
	}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	out := map[string]string{}
	for name, block := range map[string]*pem.Block{
		"a certificate": {Type: "CERTIFICATE", Bytes: certificate},
		"a certificate request": {Type: "CERTIFICATE REQUEST",
			Bytes: must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))},
		"a bare public key":                     {Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key.Public()))},
		"a private key":                         {Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))},
		"a private key of another algorithm":    {Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(ec))},
		"a private key of another algorithm, 2": {Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(ec))},
		"an encrypted private key": {Type: "ENCRYPTED PRIVATE KEY",
			Bytes: append([]byte{0x30, 11, 0x30, 5, 6, 1, 42, 0x30, 0, 4, 2}, 1, 2)},
		"an encrypted private key, 2": {Type: "RSA PRIVATE KEY",
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte{1, 2, 3}},
		"a revocation list": {Type: "X509 CRL", Bytes: must(x509.CreateRevocationList(rand.Reader,
			&x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Unix(0, 0), NextUpdate: time.Unix(1, 0)},
			template, key))},
	} {
		out[name] = string(pem.EncodeToMemory(block))
	}
	return out
}

// plain is the name of a file without what distinguishes it from another of its kind.
func plain(name string) string { return strings.TrimSuffix(name, ", 2") }

func TestWhatIsNoTokenIsNamed(t *testing.T) {
	all := files(t)
	delete(all, "an encrypted private key, 2") // which has no DER that says so
	forms := map[string]func(string) string{
		"PEM": func(s string) string { return s }, "base64 of PEM": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"DER": func(s string) string { block, _ := pem.Decode([]byte(s)); return string(block.Bytes) },
	}
	for name, text := range all {
		for form, write := range forms {
			want := strings.TrimSuffix(plain(name), " of another algorithm")
			got := apcsim(t, write(text), "tr34", "inspect", "-")
			if got.status != exitRefused ||
				!strings.Contains(got.err, "the input is not a token: found "+want+", wanted a TR-34 message") {
				t.Errorf("%s in %s: %+v", name, form, got)
			}
			v := tokenVectors(t)[0]
			if again := apcsim(t, write(text), v.args("-")...); again.status != exitRefused ||
				!strings.Contains(again.err, "found "+want) {
				t.Errorf("unwrap: %s in %s: %+v", name, form, again)
			}
		}
	}
	block := wrapTest(t)
	if got := apcsim(t, "", "tr34", "inspect", block); got.status != exitRefused ||
		!strings.Contains(got.err, "found a TR-31 key block") {
		t.Errorf("a key block: %+v", got)
	}
}

func TestWhatIsNoPrivateKeyIsNamed(t *testing.T) {
	v := tokenVectors(t)[0]
	for name, text := range files(t) {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := "found " + plain(name) + ", wanted PKCS #1 or PKCS #8"
		switch plain(name) {
		case "a private key":
			want = "the private key is not that of the certificate"
		case "an encrypted private key":
			want = "the private key is encrypted: wanted one without a passphrase, which openssl pkey"
		}
		got := apcsim(t, "", v.args("--krd-key", path, v.path(v.File))...)
		if got.status != exitRefused || !strings.Contains(got.err, want) || !strings.Contains(got.err, "krd-key: ") {
			t.Errorf("%s: %+v; want %s", name, got, want)
		}
	}
}

func TestATokenWithANonceWantsIt(t *testing.T) {
	for _, v := range tokenVectors(t) {
		if v.Nonce == "" || v.Expect != "accept" {
			continue
		}
		nonce := v.Nonce
		v.Nonce = ""
		got := apcsim(t, "", v.args(v.path(v.File))...)
		if got.status != exitRefused ||
			!strings.Contains(got.err, "nonce: the token has a random nonce, and none is given to compare it with: found "+nonce) {
			t.Errorf("%s: %+v", v.ID, got)
		}
		return
	}
}
