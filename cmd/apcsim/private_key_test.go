package main

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestWhatIsNoPrivateKeyIsNamed(t *testing.T) {
	v := tokenVectors(t)[0]
	for name, text := range files(t) {
		path := testrig.OwnFile(t, "key", text)
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
