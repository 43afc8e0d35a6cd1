package tr34

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"
	"time"
)

// beside runs a floor and a subject in turns and reports how many times the
// floor the subject costs: the median of the turns, so that a busy machine
// disturbs neither.
func beside(b *testing.B, floor, subject func()) {
	took := func(f func()) float64 {
		start := time.Now()
		f()
		return float64(time.Since(start).Nanoseconds())
	}
	var floors, subjects, ratios []float64
	b.ReportAllocs()
	for b.Loop() {
		f, s := took(floor), took(subject)
		floors, subjects, ratios = append(floors, f), append(subjects, s), append(ratios, s/f)
	}
	median := func(all []float64) float64 {
		slices.Sort(all)
		return all[len(all)/2]
	}
	b.ReportMetric(median(subjects), "ns/subject")
	b.ReportMetric(median(floors), "ns/floor")
	b.ReportMetric(median(ratios), "x-floor")
}

// must stops at what cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkOpen: from DER to key, RSA of 2048 bits, with the KDH's certificate
// checked beforehand, beside one OAEP decryption and one RSA verification. The
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
				beside(b, func() {
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

// BenchmarkSeal: a token, RSA of 2048 bits, beside one RSA signature and one
// OAEP encryption. The bar is 1.3.
func BenchmarkSeal(b *testing.B) {
	p := newParties(b)
	for _, l := range everyLayout {
		b.Run("layout="+l.String(), func(b *testing.B) {
			s, sum, contentKey := p.sealing(l), sha256.Sum256(nil), make([]byte, 24)
			beside(b, func() {
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
