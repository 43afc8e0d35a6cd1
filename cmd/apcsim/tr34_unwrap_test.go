package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// tokenVector is a key token with what opening it gives.
type tokenVector struct {
	ID, File, Kind, Nonce, Header, Key, Expect, Layout string
	SignerCert                                         string `json:"signer_cert"`
	SignerCA                                           string `json:"signer_ca"`
	KRDCert                                            string `json:"krd_cert"`
	KRDKey                                             string `json:"krd_key"`

	dir string
}

// tokenVectors reads the tokens made for this project, which are next to tr34,
// or all where the environment names their folder.
func tokenVectors(t *testing.T) (out []tokenVector) {
	t.Helper()
	dir, all := filepath.Join(os.Getenv("APCSIM_VECTORS"), "tr34"), testrig.Vectors[[]tokenVector](t, "tr34/index.json")
	if all == nil {
		dir, all = "../../tr34/testdata", testrig.ReadJSON[[]tokenVector](t, "../../tr34/testdata/index.json")
	}
	for _, v := range all {
		if strings.HasPrefix(v.Kind, "key token") {
			v.dir = dir
			out = append(out, v)
		}
	}
	if len(out) < 70 {
		t.Fatalf("%s: %d key tokens, want more", dir, len(out))
	}
	return out
}

func (v tokenVector) path(name string) string { return filepath.Join(v.dir, name) }

func (v tokenVector) args(more ...string) []string {
	args := []string{
		"tr34",
		"unwrap",
		"--krd-key",
		v.path(v.KRDKey),
		"--krd-cert",
		v.path(v.KRDCert),
		"--kdh-cert",
		v.path(v.SignerCert),
		"--at",
		"2026-12-01T12:00:00Z",
	}
	if v.SignerCA != "" {
		args = append(args, "--kdh-ca", v.path(v.SignerCA))
	}
	if v.Nonce != "" {
		args = append(args, "--nonce", v.Nonce)
	}
	return append(args, more...)
}

func (v tokenVector) unwrap(t *testing.T, stdin string, more ...string) (answer, int) {
	t.Helper()
	var out, errs strings.Builder
	status := run(context.Background(), v.args(append(more, "--json")...), strings.NewReader(stdin), &out, &errs)
	if errs.Len() > 0 {
		t.Fatalf("%s: %s", v.ID, &errs)
	}
	var a answer
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil {
		t.Fatalf("%s: %v: %s", v.ID, err, &out)
	}
	return a, status
}

func TestTokensGiveTheirVerdicts(t *testing.T) {
	for _, v := range tokenVectors(t) {
		got, status := v.unwrap(t, "", v.path(v.File))
		if v.Expect == "accept" {
			if !got.OK || got.Header != v.Header || got.Key != v.Key || status != exitOK {
				t.Errorf("%s: got %+v, status %d, want key %s", v.ID, got, status, v.Key)
			}
			continue
		}
		if got.OK || got.Error != v.Expect || status != exitRefused {
			t.Errorf("%s: got %+v, status %d, want a refusal of class %s", v.ID, got, status, v.Expect)
		}
	}
}

func TestTokenCommandLinesThatCannotBeMeant(t *testing.T) {
	v := tokenVectors(t)[0]
	for what, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no token":       {v.args(), exitUsage, "wants one token"},
		"no certificate": {[]string{"tr34", "unwrap", "--krd-key", v.path(v.KRDKey), "x"}, exitUsage, "--kdh-cert"},
		"two from stdin": {v.args("--krd-key", "-", "-"), exitUsage, "not both"},
		"nothing of use": {v.args("certainly not!"), exitRefused, "neither the text nor a file of that name is a token"},
		"no such file":   {v.args("--krd-cert", "/no/such/file", v.path(v.File)), exitRefused, "krd-cert"},
		"no certificate 2": {v.args("--krd-cert", v.path(v.KRDKey), v.path(v.File)), exitRefused,
			"krd-cert: the PEM block is not a certificate: found a private key, wanted a certificate"},
		"no private key": {v.args("--krd-key", v.path(v.KRDCert), v.path(v.File)), exitRefused, "krd-key: the file has no RSA private key"},
		"no time": {v.args("--at", "noon", v.path(v.File)), exitRefused,
			"at: the time is not in one of the forms that are accepted: wanted 2026-01-31T12:00:00Z or 2026-01-31"},
		"no nonce":        {v.args("--nonce", "xyz", v.path(v.File)), exitRefused, "hexadecimal"},
		"inspect nothing": {[]string{"tr34", "inspect"}, exitUsage, "wants one token"},
	} {
		var out, errs strings.Builder
		if status := run(context.Background(), c.args, strings.NewReader(""), &out, &errs); status != c.status ||
			!strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: status %d, %s; want %d and %q", what, status, &errs, c.status, c.says)
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
