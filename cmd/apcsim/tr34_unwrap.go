package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

var tokenUnwrapCommand = command{
	name:    "tr34 unwrap",
	args:    "--krd-key FILE --krd-cert FILE --kdh-cert FILE [--kdh-ca FILE [--no-crl]] [--nonce HEX] [--at TIME] TOKEN",
	summary: "Open a TR-34 key token with the receiver's private key and print the key",
	details: tokenForms + `
Certificates and the private key (PKCS #1 or #8) are PEM or DER. --krd-key may be -, and
is then read from standard input.

With --nonce the token is a two-pass one and must carry that random number; without it,
it is a one-pass token, fresh by its signing time, which is printed for you to compare
with the last one.

With --kdh-ca the signer's certificate must be from that authority, and a one-pass token must have
a revocation list (CRL) of it. Tokens of the service's ExportKey have none: with --no-crl too, a token
without a list is accepted, and a list that is there is still checked. Without --kdh-ca neither the
authority nor the list is checked.

With --json the answer is one object:
  {"ok":true,"header":"16 characters","key":"HEX","nonce":"HEX","signing_time":"..."}
  {"ok":false,"error":"signature","field":"...","offset":-1,"message":"..."}
An error is a class of the token, or "input" for what cannot be read.`,
	setup: setupTokenUnwrap,
}

// openedToken is the answer for programs.
type openedToken struct {
	OK          bool   `json:"ok"`
	Header      string `json:"header"`
	Key         string `json:"key"`
	Nonce       string `json:"nonce,omitempty"`
	SigningTime string `json:"signing_time,omitempty"`
}

// tokenFlags are the files and values of the command line.
type tokenFlags struct {
	partner, krdKey, krdCert, kdhCert, kdhCA, nonce, at string
	noCRL, json                                         bool
}

func setupTokenUnwrap(fs *flag.FlagSet) action {
	var f tokenFlags
	fs.StringVar(&f.partner, "partner", "", "`DIR` of partner new, for --krd-key and --krd-cert")
	fs.StringVar(&f.krdKey, "krd-key", "", "the receiver's RSA private key, `FILE`, or - for standard input")
	fs.StringVar(&f.krdCert, "krd-cert", "", "the receiver's certificate, `FILE`")
	fs.StringVar(&f.kdhCert, "kdh-cert", "", "the signer's certificate, `FILE`")
	fs.StringVar(&f.kdhCA, "kdh-ca", "", "the certificate of the signer's CA, `FILE`")
	fs.BoolVar(&f.noCRL, "no-crl", false, "accept a token without a revocation list, as ExportKey makes it")
	fs.StringVar(&f.nonce, "nonce", "", "the random number that the token must carry, `HEX`")
	fs.StringVar(&f.at, "at", "", "when the certificates must be valid, `TIME` as 2026-01-31T12:00:00Z or 2026-01-31; now if not given")
	fs.BoolVar(&f.json, "json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if f.partner != "" {
			f.krdKey, f.krdCert = orFile(f.krdKey, f.partner, "krd.key"), orFile(f.krdCert, f.partner, "krd.crt")
		}
		if err := f.check(args); err != nil {
			return err
		}
		answer, err := f.unwrap(s, args[0])
		return give(s.out, f.json, answer, err)
	}
}

func (f *tokenFlags) check(args []string) error {
	switch {
	case len(args) != 1:
		return usageError("wants one token")
	case f.krdKey == "" || f.krdCert == "" || f.kdhCert == "":
		return usageError("wants --krd-key, --krd-cert and --kdh-cert; --partner is instead of the first two")
	case f.noCRL && f.kdhCA == "":
		return usageError("wants --kdh-ca with --no-crl: without it no revocation list is checked")
	case f.krdKey == fromStdin && args[0] == fromStdin:
		return usageError("wants the key or the token on standard input, not both")
	}
	return nil
}

func (f *tokenFlags) unwrap(s streams, arg string) (openedToken, error) {
	der, err := readToken(s, arg)
	if err != nil {
		return openedToken{}, err
	}
	t, err := tr34.Parse(der)
	if err != nil {
		return openedToken{}, notToken(der, err)
	}
	if t.Nonce != nil && t.SigningTime.IsZero() && f.nonce == "" {
		return openedToken{}, &inputError{
			"nonce",
			-1,
			problemNonceMissing,
			fmt.Sprintf("%X in the token", t.Nonce),
			"the random number that was sent to the signer",
		}
	}
	check, err := f.receiver()
	if err != nil {
		return openedToken{}, err
	}
	key, err := readRSAKey(s, "krd-key", f.krdKey)
	if err != nil {
		return openedToken{}, err
	}
	if !key.PublicKey.Equal(check.KRD.PublicKey) {
		return openedToken{}, &inputError{"krd-key", -1, problemOtherPrivateKey, "", "the private key of " + f.krdCert}
	}
	opened, err := t.Open(key, check)
	if refusal, ok := errors.AsType[*tr34.Error](err); ok && refusal.Class == tr34.ErrCRL && t.CRL == nil {
		refusal.Wanted = "a CRL of the signer's CA; --no-crl accepts a token without one"
	}
	if err != nil {
		return openedToken{}, err
	}
	defer clear(opened.Key)
	return openedToken{
		true,
		opened.Header,
		fmt.Sprintf("%X", opened.Key),
		fmt.Sprintf("%X", opened.Nonce),
		moment(opened.SigningTime),
	}, nil
}

// receiver is what the command line has of the receiver.
func (f *tokenFlags) receiver() (c *tr34.Check, err error) {
	c = &tr34.Check{}
	if c.KDH, err = readCertificate("kdh-cert", f.kdhCert); err != nil {
		return nil, err
	}
	if c.KRD, err = readCertificate("krd-cert", f.krdCert); err != nil {
		return nil, err
	}
	if f.kdhCA == "" {
		c.CRL = tr34.CRLIgnored
	} else if c.CA, err = readCertificate("kdh-ca", f.kdhCA); err != nil {
		return nil, err
	}
	if f.noCRL {
		c.CRL = tr34.CRLOptional
	}
	if f.nonce != "" {
		if c.Nonce, err = unhex("nonce", f.nonce); err != nil {
			return nil, err
		}
	}
	c.Now, err = f.when()
	return c, err
}

func (f *tokenFlags) when() (time.Time, error) {
	if f.at == "" {
		return time.Now(), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, f.at); err == nil {
			return at, nil
		}
	}
	return time.Time{}, &inputError{"at", -1, problemTime, "", "2026-01-31T12:00:00Z or 2026-01-31"}
}

func readCertificate(field, name string) (*x509.Certificate, error) {
	data, err := readFile(field, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	c, err := x509ca.Decode(string(data))
	if refusal, ok := errors.AsType[*x509ca.Error](err); ok {
		return nil, &inputError{field, -1, refusal.Problem, refusal.Found, refusal.Wanted}
	}
	return c, err
}

func (o openedToken) print(w io.Writer) error {
	lines := [][3]string{{"header", o.Header}, {"key", o.Key}}
	if o.Nonce != "" {
		lines = append(lines, [3]string{"random nonce", o.Nonce})
	}
	if o.SigningTime != "" {
		lines = append(lines, [3]string{"signing time", o.SigningTime})
	}
	return printTable(w, lines)
}
