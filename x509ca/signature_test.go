package x509ca

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// pssParameters are RSASSA-PSS-params (RFC 4055, section 3.1) of what is in each context tag, in hexadecimal; "" is absent.
func pssParameters(hash, mask, salt, trailer string) string {
	var body string
	for i, content := range []string{hash, mask, salt, trailer} {
		if content != "" {
			body += fmt.Sprintf("a%d%02x%s", i, len(content)/2, content)
		}
	}
	return fmt.Sprintf("30%02x%s", len(body)/2, body)
}

const (
	inSHA1    = "300906052b0e03021a0500"
	inSHA256  = "300d06096086480165030402010500"
	inSHA384  = "300d06096086480165030402020500"
	inSHA3    = "300b0609608648016503040208" // SHA3-256
	inMGF1    = "301a06092a864886f70d010108" + inSHA256
	inMGF1of1 = "301606092a864886f70d010108" + inSHA1
	inMGF2    = "301a06092a864886f70d010109" + inSHA256
)

func TestParametersOfPSSAreRead(t *testing.T) {
	const malformed = "RSA-PSS with malformed parameters"
	for _, c := range []struct{ parameters, want string }{
		{pssParameters(inSHA256, inMGF1, "020120", ""), "SHA-256 32"},
		{pssParameters(inSHA256, inMGF1, "", ""), "SHA-256 20"},
		{pssParameters(inSHA256, inMGF1, "020114", "020101"), "SHA-256 20"}, // defaults that are written
		{pssParameters(inSHA256, inMGF1, "020100", ""), "SHA-256 0"},
		{pssParameters(inSHA256, inMGF1, "0201ff", ""), malformed},
		{pssParameters(inSHA256, inMGF1, "020120", "020102"), malformed},
		{pssParameters(inSHA256, inMGF2, "", ""), malformed},
		{pssParameters(inSHA256, "0500", "", ""), malformed},
		{pssParameters("0500", inMGF1, "", ""), malformed},
		{pssParameters(inSHA256, inMGF1, "0500", ""), malformed},
		{pssParameters(inSHA256, inMGF1, "", "") + "0500", malformed},
		{"3003020120", malformed}, {"0500", malformed}, {"", malformed}, {"30", malformed},
		{pssParameters("", "", "", ""), "RSA-PSS with SHA-1"},
		{pssParameters("", inMGF1, "", ""), "RSA-PSS with SHA-1"},
		{pssParameters(inSHA1, inMGF1of1, "", ""), "RSA-PSS with SHA-1"},
		{pssParameters(inSHA256, "", "020120", ""), "RSA-PSS with SHA-256 and MGF1 with SHA-1"},
		{pssParameters(inSHA384, inMGF1, "020120", ""), "RSA-PSS with SHA-384 and MGF1 with SHA-256"},
		{pssParameters(inSHA3, inMGF1, "020120", ""), "RSA-PSS with an unknown hash"},
	} {
		s, found := schemeOf(append(must(asn1.Marshal(idPSS)), testrig.Hex(c.parameters)...))
		if found == "" && s.pss != nil && !s.ecdsa && s.hash == s.pss.Hash {
			found = fmt.Sprintf("%v %d", s.hash, s.pss.SaltLength)
		}
		if found != c.want {
			t.Errorf("parameters %s: got %s, want %s", c.parameters, found, c.want)
		}
	}
}

// TestAlgorithmsAreTakenOrNamed: a broken one by its name, an unknown one by its object identifier.
func TestAlgorithmsAreTakenOrNamed(t *testing.T) {
	for text, want := range map[string]string{
		"1.2.840.113549.1.1.2": "MD2-RSA", "1.2.840.113549.1.1.4": "MD5-RSA", "1.2.840.113549.1.1.5": "SHA1-RSA",
		"1.3.14.3.2.29": "SHA1-RSA", "1.2.840.10040.4.3": "DSA-SHA1", "1.2.840.10045.4.1": "ECDSA-SHA1",
		"1.2.840.113549.1.1.14": "RSA SHA-224", "1.2.840.113549.1.1.11": "RSA SHA-256", "1.2.840.113549.1.1.12": "RSA SHA-384",
		"1.2.840.113549.1.1.13": "RSA SHA-512", "1.2.840.10045.4.3.1": "ECDSA SHA-224", "1.2.840.10045.4.3.2": "ECDSA SHA-256",
		"1.2.840.10045.4.3.3": "ECDSA SHA-384", "1.2.840.10045.4.3.4": "ECDSA SHA-512",
		"1.3.101.112": "1.3.101.112", "1.2.840.113549.1.1.1": "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.15": "1.2.840.113549.1.1.15",
	} {
		var oid asn1.ObjectIdentifier
		for arc := range strings.SplitSeq(text, ".") {
			var n int
			must(fmt.Sscan(arc, &n))
			oid = append(oid, n)
		}
		s, got := schemeOf(must(asn1.Marshal(oid)))
		if got == "" && s.pss == nil {
			got = map[bool]string{false: "RSA ", true: "ECDSA "}[s.ecdsa] + s.hash.String()
		}
		if got != want {
			t.Errorf("algorithm %s: got %s, want %s", text, got, want)
		}
	}
	if _, got := schemeOf(cryptobyte.String{5, 0}); got != "none" {
		t.Errorf("no algorithm: got %s, want none", got)
	}
}

// TestSignaturesVerifyByTheirOwnSchemeOnly, by the key of it.
func TestSignaturesVerifyByTheirOwnSchemeOnly(t *testing.T) {
	body := []byte("what is signed")
	digest := sha256.Sum256(body)
	pss := func(salt int) *rsa.PSSOptions { return &rsa.PSSOptions{SaltLength: salt, Hash: crypto.SHA256} }
	edwards := must2(ed25519.GenerateKey(nil))
	for _, c := range []struct {
		name      string
		key       crypto.Signer
		options   crypto.SignerOpts
		own       scheme
		otherKeys []crypto.PublicKey
	}{
		{"PKCS #1 v1.5", rsa2048(), crypto.SHA256, scheme{hash: crypto.SHA256}, []crypto.PublicKey{p256().Public(), edwards, nil}},
		{"PSS", rsa2048(), pss(32), scheme{hash: crypto.SHA256, pss: pss(32)}, []crypto.PublicKey{p256().Public(), edwards, nil}},
		{"ECDSA", p256(), crypto.SHA256, scheme{hash: crypto.SHA256, ecdsa: true}, []crypto.PublicKey{rsa2048().Public(), p256b().Public(), nil}},
	} {
		signature := must(c.key.Sign(rand.Reader, digest[:], c.options))
		if !c.own.verifies(c.key.Public(), body, signature) {
			t.Errorf("%s: a good signature does not verify", c.name)
		}
		for _, other := range []scheme{{hash: crypto.SHA256}, {hash: crypto.SHA256, ecdsa: true}, {hash: crypto.SHA256, pss: pss(32)},
			{hash: crypto.SHA256, pss: pss(20)}, {hash: crypto.SHA384}, {hash: crypto.SHA384, ecdsa: true}} {
			same := other.hash == c.own.hash && other.ecdsa == c.own.ecdsa && (other.pss == nil) == (c.own.pss == nil) &&
				(other.pss == nil || other.pss.SaltLength == c.own.pss.SaltLength)
			if got := other.verifies(c.key.Public(), body, signature); got != same {
				t.Errorf("%s: verifies as %+v: got %t, want %t", c.name, other, got, same)
			}
		}
		for _, key := range c.otherKeys {
			if c.own.verifies(key, body, signature) {
				t.Errorf("%s: verifies under a %T", c.name, key)
			}
		}
	}
}
