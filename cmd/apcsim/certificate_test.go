package main

import (
	"strings"
	"testing"
)

// The certificates of two authorities made for tests, and where they are.
const (
	x509Data = "../../x509ca/testdata/"
	tr34Data = "../../tr34/testdata/gen/pki/"
)

// TestACertificateIsExplained: the values are openssl's, of x509 -nameopt RFC2253 and of the SHA-1 of the public key.
func TestACertificateIsExplained(t *testing.T) {
	for file, want := range map[string]string{
		x509Data + "ec-intermediate.pem": `{"ok":true,"subject":"CN=KDH Intermediate,OU=Test","issuer":"CN=KDH Root,OU=Test",` +
			`"serial":"2712","not_before":"2025-03-28T00:00:00Z","not_after":"2026-03-28T00:00:00Z","key":"ECC on P-521",` +
			`"kcv":"768F6E04","signature":"ECDSA-SHA512","ca":true}`,
		tr34Data + "kdh1.crt": `{"ok":true,"subject":"CN=KDH 1,O=KB Vectors,C=US","issuer":"CN=KB Vectors KDH CA,O=KB Vectors,C=US",` +
			`"serial":"44CDB06DA6E4BC1D9D200B40C904270DBAC8884A","not_before":"2024-01-01T00:00:00Z",` +
			`"not_after":"2044-01-01T00:00:00Z","key":"RSA of 2048 bits","kcv":"AA1F503F","signature":"SHA256-RSA","ca":false}`,
	} {
		if got := apcsim(t, "", "certificate", "--json", file); got != (result{exitOK, want + "\n", ""}) {
			t.Errorf("%s: got %+v, want %s", file, got, want)
		}
	}
}

func TestAChainIsCheckedAtATime(t *testing.T) {
	const leaf, ca, root = tr34Data + "kdh1.crt", tr34Data + "kdh_ca.crt", tr34Data + "root.crt"
	for _, c := range []struct {
		args string
		want string // of the refusal; accepted where there is none
	}{
		{"--at 2026-06-01 --ca " + ca + " --ca " + root + " " + leaf, ""},
		{"--at 2026-06-01T12:00:00+02:00 --ca " + ca + " --ca " + root + " " + leaf, ""},
		{"--at 2044-06-01 --ca " + ca + " --ca " + root + " " + leaf, "expired"},
		{"--at 2023-06-01 --ca " + ca + " --ca " + root + " " + leaf, "not valid yet"},
		{"--at noon --ca " + ca + " " + leaf, "at: the time is not in one of the forms"},
		{"--at 2026-06-01 --ca " + root + " --ca " + ca + " " + leaf, "issued by another authority"},
		{"--at 2026-06-01 --ca " + ca + " " + leaf, "root"},
		{"--at 2026-06-01 --ca " + ca + " --ca " + root + " " + tr34Data + "kdh_untrusted.crt", "issued by another authority"},
		{"--at 2026-06-01 --ca " + ca + " --ca " + tr34Data + "kdh1.key " + leaf, "ca 2: the PEM block is not a certificate"},
		{"--at 2025-06-01 --ca " + x509Data + "ec-root.pem " + x509Data + "ec-intermediate.pem", ""},
	} {
		got := apcsim(t, "", append([]string{"certificate"}, strings.Fields(c.args)...)...)
		accepted := strings.Contains(got.out, "chain          accepted\n")
		if c.want == "" && (got.status != exitOK || !accepted) {
			t.Errorf("%s: got %+v, want an accepted chain", c.args, got)
		}
		if c.want != "" && (got.status != exitRefused || accepted || !strings.Contains(got.err, c.want)) {
			t.Errorf("%s: got %+v, want %q", c.args, got, c.want)
		}
	}
	alone := apcsim(t, "", "certificate", "--at", "2026-06-01", leaf)
	if alone.status != exitUsage || !strings.Contains(alone.err, "--at is for a chain, which --ca names") {
		t.Errorf("a time for no chain: %+v", alone)
	}
}
