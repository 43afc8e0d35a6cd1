package tr34

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
)

// must stops at what cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkOpen: from DER to key, RSA of 2048 bits, with the KDH's certificate
// checked beforehand, against one OAEP decryption and one RSA verification. The
// bar is 1.3. With the CA, a second verification is done.
func BenchmarkOpen(b *testing.B) {
	p := newParties(b)
	for _, l := range everyLayout {
		for _, withCA := range []bool{false, true} {
			name := "layout=" + l.String() + "/CA=no"
			c := p.check()
			if c.CA = nil; withCA {
				name, c.CA = "layout="+l.String()+"/CA=yes", p.kdhCA
			}
			b.Run(name, func(b *testing.B) {
				der := p.seal(b, p.sealing(l))
				token := must(Parse(der))
				sum := token.message.signer.sum(nil)
				ratio.Beside(b, 1, func() {
					must(p.krdKey.Decrypt(rand.Reader, token.envelope.wrapped, &oaepSHA256))
					if err := rsa.VerifyPKCS1v15(&p.kdhKey.PublicKey, crypto.SHA256, sum[:], token.message.signer.signature); err != nil {
						b.Fatal(err)
					}
				}, func() {
					must(must(Parse(der)).Open(p.krdKey, c))
				})
			})
		}
	}
}

// BenchmarkSeal: a token, RSA of 2048 bits, against one RSA signature and one
// OAEP encryption. The bar is 1.3.
func BenchmarkSeal(b *testing.B) {
	p := newParties(b)
	for _, l := range everyLayout {
		b.Run("layout="+l.String(), func(b *testing.B) {
			s, sum, contentKey := p.sealing(l), sha256.Sum256(nil), make([]byte, 24)
			ratio.Beside(b, 1, func() {
				must(p.kdhKey.Sign(rand.Reader, sum[:], crypto.SHA256))
				must(rsa.EncryptOAEP(sha256.New(), rand.Reader, &p.krdKey.PublicKey, contentKey, nil))
			}, func() {
				must(Seal(s, testKey))
			})
		})
	}
}

// BenchmarkParse is the part of Open that needs no key.
func BenchmarkParse(b *testing.B) {
	p := newParties(b)
	der := p.seal(b, p.sealing(LayoutX9TR342012))
	b.ReportAllocs()
	for b.Loop() {
		must(Parse(der))
	}
}
