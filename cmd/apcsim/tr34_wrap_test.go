package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestTokensOfEveryLayoutOpenToTheKey: an AES key is enciphered with AES-128, another with TDES.
func TestTokensOfEveryLayoutOpenToTheKey(t *testing.T) {
	for layout, read := range map[string]string{"standard": "standard", "rfc": "rfc", "x9-tr34-2012": "x9-tr34-2012",
		"strict": "rfc"} { // what differs from rfc is enciphered
		for header, cipher := range map[string]string{"D0112K0AB00E0000": "AES-128-CBC", "D0112K0TB00E0000": "TDES-CBC"} {
			for _, nonce := range []string{"", "0011223344556677"} {
				got := wrapAndOpen(t, nonce, "--header", header, "--layout", layout)
				if got.Layout != read || got.Cipher != cipher || got.Header != header {
					t.Errorf("layout %s, nonce %q: got %+v, want %s, %s and %s", layout, nonce, got, read, cipher, header)
				}
			}
		}
	}
	if got := wrapAndOpen(t, "", "--header", "D0112K0AB00E0000"); got.Layout != "x9-tr34-2012" {
		t.Errorf("no layout: got %+v, want that of the service", got)
	}
}

// wrapAndOpen wraps testKey and explains the token. The receiver opens it to the key. With a nonce it has that, without
// one the current time.
func wrapAndOpen(t *testing.T, nonce string, more ...string) (made inspectedToken) {
	t.Helper()
	wrap := append(strings.Fields("tr34 wrap --kdh-key kdh1.key --kdh-cert kdh1.crt --krd-cert krd1.crt"), more...)
	open := strings.Fields("tr34 unwrap --json --krd-key krd1.key --krd-cert krd1.crt --kdh-cert kdh1.crt")
	if nonce != "" {
		wrap, open = append(wrap, "--nonce", nonce), append(open, "--nonce", nonce)
	}
	before := time.Now().Truncate(time.Second)
	token := mustRun(t, append(inPKI(wrap), testKey)...)
	if err := json.Unmarshal([]byte(mustRun(t, "tr34", "inspect", "--json", token)), &made); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, made.SigningTime)
	if nonce == "" && (err != nil || at.Before(before) || at.After(time.Now())) || nonce != "" && made.SigningTime != "" {
		t.Errorf("%q, nonce %q: got signing time %q", more, nonce, made.SigningTime)
	}
	var opened openedToken
	err = json.Unmarshal([]byte(mustRun(t, append(inPKI(open), token)...)), &opened)
	if err != nil || opened.Key != testKey || opened.Nonce != nonce {
		t.Errorf("%q: opened to %+v, %v, want key %s and nonce %q", more, opened, err, testKey, nonce)
	}
	return made
}

// inPKI puts the folder of the tests' authority before the names of its files.
func inPKI(args []string) (out []string) {
	for _, a := range args {
		if strings.HasSuffix(a, ".crt") || strings.HasSuffix(a, ".key") {
			a = tr34Data + a
		}
		out = append(out, a)
	}
	return out
}

func TestWhatCannotBeWrappedForAReceiverIsRefused(t *testing.T) {
	base := "tr34 wrap --kdh-key kdh1.key --kdh-cert kdh1.crt --krd-cert krd1.crt --header D0112K0AB00E0000 "
	for args, want := range map[string]string{
		base: "wants one key",
		"tr34 wrap --kdh-cert kdh1.crt --krd-cert krd1.crt --header D0112K0AB00E0000 " + testKey: "wants --kdh-key and --kdh-cert",
		base + "--header D0112 " + testKey:      "header",
		base + "--kdh-key kdh2.key " + testKey:  "kdh-key: the private key is not that of the certificate",
		base + "--kdh-cert krd1.key " + testKey: "kdh-cert: the PEM block is not a certificate",
		base + "--krd-cert krd1.key " + testKey: "krd-cert: the PEM block is not a certificate",
		base + "--layout other " + testKey:      "layout",
		base + "--nonce 00 " + testKey:          "nonce",
		base + "--nonce xyz " + testKey:         "nonce: ",
		base + testKey[:31]:                     "key: ",
	} {
		got := apcsim(t, "", inPKI(strings.Fields(args))...)
		if got.status == exitOK || got.out != "" || !strings.Contains(got.err, want) {
			t.Errorf("%s: got %+v, want %q", args, got, want)
		}
		showsNoKey(t, got.err)
	}
}
