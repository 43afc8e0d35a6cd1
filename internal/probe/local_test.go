package probe

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // of a check value
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"os"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestWhatOfAPublicKeyIsHashed: the values are openssl's, of the SubjectPublicKeyInfo and of what its bit string has.
func TestWhatOfAPublicKeyIsHashed(t *testing.T) {
	pemText, err := os.ReadFile("../../x509ca/testdata/ec-intermediate.pem")
	if err != nil {
		t.Fatal(err)
	}
	certificate := base64.StdEncoding.EncodeToString(pemText)
	c, err := readCertificate(certificate + "\n")
	if err != nil {
		t.Fatal(err)
	}
	bits := sha1.Sum(c.RawSubjectPublicKeyInfo[len(c.RawSubjectPublicKeyInfo)-133:]) // a point of P-521, uncompressed
	for checkValue, want := range map[string]string{
		"768F6E04": "SubjectPublicKeyInfo", "768f6e": "SubjectPublicKeyInfo", hex.EncodeToString(bits[:4]): "the bits of the key",
		"00000000": "another text", "768F6E05": "another text", "": "no check value",
	} {
		if got := hashed(checkValue, certificate); got != want {
			t.Errorf("%s: got %q, want %q", checkValue, got, want)
		}
	}
	for _, text := range []string{"", "zz", "AAAA", string(pemText)} {
		if got := hashed("768F6E04", text); got != "no certificate" {
			t.Errorf("%.20q: got %q", text, got)
		}
	}
}

func TestTheHashOfACryptogramIsFound(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{key: key}
	for want, h := range map[string]hash.Hash{"SHA-256": sha256.New(), "SHA-512": sha512.New(), "unreadable": sha1.New()} {
		raw, err := rsa.EncryptOAEP(h, rand.Reader, &key.PublicKey, []byte("key"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := opened(p, hex.EncodeToString(raw)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := opened(nil, hex.EncodeToString(raw)); got != "unreadable" {
			t.Errorf("no key: got %q", got)
		}
	}
	if got := opened(p, "no hexadecimal"); got != "unreadable" {
		t.Errorf("got %q", got)
	}
}

// TestWrappedBlocksOpen: what a probe sends as a key block is one.
func TestWrappedBlocksOpen(t *testing.T) {
	kbpk := []byte(strings.Repeat("k", 32))
	got, err := wrapped(t.Context(), kbpk,
		[]string{"D0000P0AE00E0000", "000102030405060708090A0B0C0D0E0F", "KS=FFFF9876543210E00001", "LB=a=b"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := tr31.Parse(got["Block"].(string), tr31.Strict)
	if err != nil {
		t.Fatalf("%v: %v", got, err)
	}
	k, err := tr31.NewKBPK(kbpk)
	if err != nil {
		t.Fatal(err)
	}
	key, err := k.Unwrap(t.Context(), b)
	ks, _ := b.Block("KS")
	lb, _ := b.Block("LB")
	if err != nil || hex.EncodeToString(key) != "000102030405060708090a0b0c0d0e0f" || ks.Data != "FFFF9876543210E00001" || lb.Data != "a=b" {
		t.Errorf("%v opens to %x, %q, %q, %v", got, key, ks.Data, lb.Data, err)
	}
	for _, args := range [][]string{{}, {"D0000P0AE00E0000"}, {"D0000", "00"}, {"D0000P0AE00E0000", "xx"}} {
		if got, err := wrapped(t.Context(), kbpk, args); err == nil {
			t.Errorf("%q: got %v, want an error", args, got)
		}
	}
}

// TestPartiesHaveCertificatesOfTheirAuthority, of every algorithm, and one key pair for each in a run.
func TestPartiesHaveCertificatesOfTheirAuthority(t *testing.T) {
	s := newService("x", nil, "http://x", "us-east-1")
	r := &runner{side: s, probe: &Probe{Name: "p"}, parties: map[string]*party{}}
	for _, line := range []string{"ca = authority P384", "leaf = issue ca RSA_2048", "ec = issue ca P256", "below = issue ca P521 authority",
		"self = authority P256 leaf"} {
		name, call, _ := strings.Cut(line, " = ")
		do, rest, _ := strings.Cut(call, " ")
		step, err := newStep(name, do, rest)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.make(t.Context(), &step)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		c, err := readCertificate(got["Certificate"].(string))
		if err != nil || base64.StdEncoding.EncodeToString(c.Raw) != got["DER"] {
			t.Fatalf("%s: got %v, %v", line, got, err)
		}
		by := r.parties["ca"].cert
		if name == "self" {
			by = c
		}
		if err := by.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		usage := map[string]x509.KeyUsage{"ca": x509.KeyUsageCertSign, "below": x509.KeyUsageCertSign,
			"leaf": x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
			"ec":   x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement, "self": x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement}
		if c.IsCA != (usage[name] == x509.KeyUsageCertSign) || c.KeyUsage != usage[name] || c.Subject.CommonName != "apcsim-probe p "+name {
			t.Errorf("%s: authority %t, usage %b, %s; want usage %b", line, c.IsCA, c.KeyUsage, c.Subject, usage[name])
		}
	}
	first, err := s.partyKey("P256", false)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.partyKey("P256", false); err != nil || again != first {
		t.Errorf("a second key pair in a run: %v", err)
	}
	if root, err := s.partyKey("P256", true); err != nil || root == first {
		t.Errorf("an authority has the key pair of one under it: %v", err)
	}
	if _, err := s.partyKey("RSA_512", true); err == nil {
		t.Error("a key pair of an unknown algorithm is made")
	}
}
