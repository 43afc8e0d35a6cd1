package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/tr34"
)

var tokenWrapCommand = command{
	name:    "tr34 wrap",
	args:    "--kdh-key FILE --kdh-cert FILE --krd-cert FILE --header HEADER [--nonce HEX] KEYHEX",
	summary: "Make a TR-34 key token for a receiver, signed with the sender's private key",
	details: `
Certificates and the private key (PKCS #1 or #8) are PEM or DER; a certificate may also be base64 of PEM,
as GetParametersForImport gives the receiver's. --partner DIR, of partner new, is instead of --kdh-key
and --kdh-cert. HEADER is 16 characters, as tr31 wrap takes it, and perhaps optional blocks: it says what
the key may do. KEYHEX may be -, and is then read from standard input.

With --nonce it is a two-pass token; without, a one-pass token with the current time. The token is printed in
hexadecimal, as ImportKey takes it. An AES key is enciphered with AES-128, another with TDES.`,
	setup: setupTokenWrap,
}

// sentToken is the answer for programs.
type sentToken struct {
	OK    bool   `json:"ok"`
	Token string `json:"token"`
}

func (t sentToken) print(w io.Writer) error {
	_, err := fmt.Fprintln(w, t.Token)
	return err
}

// sender are the files and values of the command line.
type sender struct {
	partner, key, cert, krdCert, header, nonce, layout string
}

func setupTokenWrap(fs *flag.FlagSet) action {
	var f sender
	fs.StringVar(&f.partner, "partner", "", "`DIR` of partner new, for --kdh-key and --kdh-cert")
	fs.StringVar(&f.key, "kdh-key", "", "the sender's RSA private key, `FILE`")
	fs.StringVar(&f.cert, "kdh-cert", "", "the sender's certificate, `FILE`")
	fs.StringVar(&f.krdCert, "krd-cert", "", "the receiver's certificate, `FILE`")
	fs.StringVar(&f.header, "header", "", "the key block `HEADER`, such as D0112K0AB00E0000")
	fs.StringVar(&f.nonce, "nonce", "", "the receiver's random number, `HEX` of 8 to 64 bytes")
	fs.StringVar(&f.layout, "layout", tr34.LayoutX9TR342012.String(), "`NAME`: standard, rfc, strict or x9-tr34-2012")
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if f.partner != "" {
			f.key, f.cert = orFile(f.key, f.partner, "kdh.key"), orFile(f.cert, f.partner, "kdh.crt")
		}
		switch {
		case len(args) != 1:
			return usageError("wants one key")
		case f.key == "" || f.cert == "" || f.krdCert == "" || f.header == "":
			return usageError("wants --kdh-key and --kdh-cert, or --partner; and --krd-cert and --header")
		}
		token, err := f.wrap(s, args[0])
		return give(s.out, *asJSON, sentToken{true, token}, err)
	}
}

// orFile is a file that is named, or else one of a folder.
func orFile(named, dir, file string) string {
	if named != "" {
		return named
	}
	return filepath.Join(dir, file)
}

func (f *sender) wrap(s streams, keyHex string) (string, error) {
	if err := resolve(s.in, "key", &keyHex); err != nil {
		return "", err
	}
	key, err := unhex("key", keyHex)
	if err != nil {
		return "", err
	}
	defer clear(key)
	sealing := tr34.Sealing{Layout: layoutNamed(f.layout), Header: f.header, Cipher: tr34.TDESCBC}
	if len(f.header) > 7 && f.header[7] == 'A' {
		sealing.Cipher = tr34.AES128CBC
	}
	if sealing.KDH, err = readCertificate("kdh-cert", f.cert); err != nil {
		return "", err
	}
	if sealing.KRD, err = readCertificate("krd-cert", f.krdCert); err != nil {
		return "", err
	}
	private, err := readRSAKey(s, "kdh-key", f.key)
	if err != nil {
		return "", err
	}
	if sealing.Signer = private; !private.PublicKey.Equal(sealing.KDH.PublicKey) {
		return "", &inputError{"kdh-key", -1, problemOtherPrivateKey, "", "the private key of " + f.cert}
	}
	if f.nonce == "" {
		sealing.SigningTime = time.Now()
	} else if sealing.Nonce, err = unhex("nonce", f.nonce); err != nil {
		return "", err
	}
	der, err := tr34.Seal(&sealing, key)
	return strings.ToUpper(fmt.Sprintf("%x", der)), err
}

// layoutNamed is the layout of a name; another name is a layout that tr34 refuses.
func layoutNamed(name string) tr34.Layout {
	for _, l := range []tr34.Layout{tr34.LayoutStandard, tr34.LayoutRFC, tr34.LayoutStrict, tr34.LayoutX9TR342012} {
		if l.String() == name {
			return l
		}
	}
	return -1
}
