package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/tr34"
)

func TestForeignTextIsQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"CN=Bank, O=Käse": "CN=Bank, O=Käse", "": "", "back\\slash": "back\\slash",
		"\x1b[2J": `"\x1b[2J"`, "a\nb": `"a\nb"`, "a\rb": `"a\rb"`, "\u202egnp": `"\u202egnp"`, "\u0085": `"\u0085"`, "\xff": `"\xff"`,
		`"a"`: `"\"a\""`, "\x7f": `"\x7f"`,
	} {
		if got := shown(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for err, want := range map[error]string{
		errors.New("a\nb"): `"a\nb"`, errors.Join(errors.New("a"), errors.New("b\x1b")): `a; "b\x1b"`,
		fmt.Errorf("x: %w", errors.Join(errors.New("a"), errors.New("b"))): `"x: a\nb"`,
	} {
		if got := shownError(err); got != want {
			t.Errorf("%q: got %s, want %s", err, got, want)
		}
	}
}

func TestAStreamHasNoControlCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"plain\n\ttext": "plain\n\ttext", "Käse": "Käse", "a\x1bb": `a\u001bb`, "\x7f\u0085\u202e": `\u007f\u0085\u202e`, "\xff": `\u00ff`,
		"\U000E0001": `\udb40\udc01`,
	} {
		var out bytes.Buffer
		n, err := harmless{&out}.Write([]byte(text))
		if out.String() != want || n != len(text) || err != nil {
			t.Errorf("%q: got %q, %d, %v, want %q", text, out.String(), n, err, want)
		}
		if strconv.Quote(text) == `"`+text+`"` || strings.Contains(text, "\xff") || strings.Contains(text, "\n") {
			continue
		}
		var back string
		if err := json.Unmarshal([]byte(`"`+want+`"`), &back); err != nil || back != text {
			t.Errorf("%q is read by JSON as %q, %v", want, back, err)
		}
	}
}

// nasty is a name that moves the cursor, ends the line, and turns the text around.
const nasty = "A\x1b[2J\nsigner  CN=Bank\r\u202e\u0085\x7f"

// nastyToken is a key token whose signer and recipient have the name.
func nastyToken(t *testing.T) (der []byte, files map[string]string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: nasty},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	der, err = tr34.Seal(
		&tr34.Sealing{Layout: tr34.LayoutStandard, Header: "A0256K0TB00E0000", KRD: c, KDH: c, Signer: key, Nonce: []byte("12345678")},
		[]byte("0123456789abcdef"),
	)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files = map[string]string{"cert": filepath.Join(dir, "cert.pem"), "key": filepath.Join(dir, "key.pem")}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(files["cert"], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600),
		os.WriteFile(files["key"], pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return der, files
}

// TestNoCommandPrintsForeignTextRaw gives every command arguments, files and input
// that would reach the terminal as they are.
func TestNoCommandPrintsForeignTextRaw(t *testing.T) {
	der, files := nastyToken(t)
	token := hex.EncodeToString(der)
	for _, args := range [][]string{
		{"tr34", "inspect", token}, {"tr34", "inspect", "--json", token},
		{"tr34", "unwrap", "--krd-key", files["key"], "--krd-cert", files["cert"], "--kdh-cert", files["cert"], "--nonce", "00", token},
		{"tr34", "unwrap", "--krd-key", files["key"], "--krd-cert", files["cert"], "--kdh-cert", files["cert"], "--kdh-ca", files["cert"], token},
		{nasty}, {"help", nasty}, {"serve", nasty}, {"serve", "--" + nasty}, {"serve", "--config", "/nowhere/" + nasty},
		{"serve", "--listen", nasty},
		{"serve", "--hsm", "pkcs11:" + nasty}, {"serve", "--store", "/nowhere/" + nasty}, {"serve", "--account", nasty},
		{"serve", "--region", nasty},
		{"serve", "--allow-origin", nasty}, {"serve", "--allow-host", nasty}, {"serve", "--token-lifetime", nasty},
		{"serve", "--log-level", nasty},
		{"master-key", "/nowhere/" + nasty}, {"tr31", "inspect", nasty}, {"tr31", "inspect", "--lenient", "D0112P0AE00E01" + nasty},
		{"tr31", "unwrap", "--kbpk", nasty, nasty},
		{"tr31", "wrap", "--kbpk", strings.Repeat("1", 32), "--header", nasty, strings.Repeat("2", 32)},
		{"tr31", "wrap", "--kbpk", strings.Repeat("1", 32), "--header", "D0000P0AE00E0000", "--block", nasty + "=" + nasty,
			strings.Repeat("2", 32)},
		{"kcv", "--algorithm", nasty, "00"}, {"kcv", "--algorithm", "AES", nasty}, {"tr34", "inspect", nasty},
		{"tr34", "inspect", "/nowhere/" + nasty},
	} {
		var out, errs bytes.Buffer
		run(t.Context(), args, strings.NewReader(nasty), &out, &errs)
		for name, text := range map[string]string{"standard output": out.String(), "standard error": errs.String()} {
			if i := strings.IndexFunc(text, func(r rune) bool { return !strconv.IsPrint(r) && r != '\n' && r != '\t' }); i >= 0 {
				t.Errorf("%.60q: %s has %q", args, name, text[max(0, i-20):min(len(text), i+20)])
			}
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "signer  CN=Bank") {
					t.Errorf("%.60q: %s has a forged line: %q", args, name, line)
				}
			}
		}
		if out.Len()+errs.Len() == 0 {
			t.Errorf("%.60q: nothing is printed", args)
		}
	}
}
