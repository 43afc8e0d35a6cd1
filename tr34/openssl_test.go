package tr34

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

// openssl runs OpenSSL in a folder of its own, with the given files, and gives
// what it wrote to "out". Without OpenSSL the test is skipped.
func openssl(t *testing.T, files map[string][]byte, arguments ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("there is no openssl")
	}
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), path, arguments...)
	run.Dir = dir
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("openssl %q: %v\n%s", arguments, err, said)
	}
	out, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// verifiedByOpenSSL checks the signature, and the signer's certificate against
// its CA for any purpose, and gives the content.
func verifiedByOpenSSL(t *testing.T, der []byte, signer, ca *x509.Certificate) []byte {
	t.Helper()
	files := map[string][]byte{
		"token": der, "signer.pem": armour("CERTIFICATE", signer.Raw), "ca.pem": armour("CERTIFICATE", ca.Raw),
	}
	return openssl(t, files, "cms", "-verify", "-inform", "DER", "-in", "token", "-binary", "-out", "out",
		"-certfile", "signer.pem", "-nointern", "-CAfile", "ca.pem", "-partial_chain", "-purpose", "any")
}

// decryptedByOpenSSL opens the EnvelopedData of a token of plain CMS.
func decryptedByOpenSSL(t *testing.T, p *parties, content []byte) []byte {
	t.Helper()
	enveloped, err := encode(func(b *cryptobyte.Builder) {
		addSequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidEnveloped)
			b.AddASN1(constructed0, func(b *cryptobyte.Builder) { b.AddBytes(content) })
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"enveloped": enveloped, "krd.pem": armour("CERTIFICATE", p.krd.Raw),
		"krd.key": armour("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(p.krdKey)),
	}
	return openssl(t, files, "cms", "-decrypt", "-inform", "DER", "-in", "enveloped", "-binary", "-out", "out",
		"-recip", "krd.pem", "-inkey", "krd.key")
}

func TestOpenSSLVerifiesOurTokensAndOpensThoseOfPlainCMS(t *testing.T) {
	p := newParties(t)
	for _, l := range everyLayout {
		for _, c := range everyCipher {
			t.Run(l.String()+"/"+c.String(), func(t *testing.T) {
				t.Parallel()
				s := p.sealing(l)
				s.Cipher, s.CRL = c, p.crl
				content := verifiedByOpenSSL(t, p.seal(t, s), p.kdh, p.kdhCA)
				if !layouts[l].tagged {
					return
				}
				block, err := parseKeyBlock(decryptedByOpenSSL(t, p, content))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(block.key, testKey) || string(block.header) != testHeader || !block.kdh.Names(p.kdh) {
					t.Errorf("got key %X under %q of %s", block.key, block.header, block.kdh)
				}
			})
		}
	}
}

func TestOpenSSLVerifiesOurOnePassTokens(t *testing.T) {
	p := newParties(t)
	for _, l := range everyLayout {
		token, _ := p.onePass(t, p.crl)
		if content := verifiedByOpenSSL(t, token.Bytes(), p.kdh, p.kdhCA); !bytes.Equal(content, token.message.content) {
			t.Errorf("%s: got content %X", l, content)
		}
	}
}

func TestOpenSSLVerifiesOurBindings(t *testing.T) {
	p := newParties(t)
	root := vector{dir: "testdata"}.certificate(t, "gen/pki/root.crt")
	for _, k := range everyKind {
		for _, with := range []bool{false, bindingRules[k].rebind} {
			b := p.binding(k)
			b.WithSequence = with
			der, _ := p.newBinding(t, b)
			signer, _, _ := p.signer(k)
			ca := p.kdhCA
			if bindingRules[k].byCA {
				ca = root
			}
			verifiedByOpenSSL(t, der, signer, ca)
		}
	}
}

func TestOpenSSLReadsOurCredentials(t *testing.T) {
	p := newParties(t)
	for _, crl := range [][]byte{nil, p.crl} {
		der, err := newCredential(&Credential{p.kdh.Raw, crl})
		if err != nil {
			t.Fatal(err)
		}
		printed := openssl(t, map[string][]byte{"token": der}, "pkcs7", "-inform", "DER", "-in", "token", "-print_certs", "-out", "out")
		if !bytes.Contains(printed, bytes.TrimSpace(armour("CERTIFICATE", p.kdh.Raw))) {
			t.Errorf("got %s", printed)
		}
	}
}
