package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
