package x509ca

import (
	"crypto"
	"testing"
)

var benchKeys = []struct {
	name string
	key  func() crypto.Signer
}{{"RSA_2048", rsa2048}, {"P256", p256}}

func BenchmarkDecode(b *testing.B) {
	for _, k := range benchKeys {
		text := EncodeCertificate(newRoot(b, func(o *order) { o.key = k.key() }).Raw)
		b.Run("key="+k.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCheckIssued shows for each check the signature that is in it.
func BenchmarkCheckIssued(b *testing.B) {
	for _, k := range benchKeys {
		root := newRoot(b, func(o *order) { o.key = k.key() })
		leaf := root.leaf(b, func(o *order) { o.key = k.key() })
		rules := &Rules{Now: now, IssuerStrength: true}
		b.Run("key="+k.name, func(b *testing.B) {
			for b.Loop() {
				if err := rules.CheckIssued(leaf.Certificate, root.Certificate); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("key="+k.name+"/floor", func(b *testing.B) {
			for b.Loop() {
				if err := root.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIssue(b *testing.B) {
	for _, k := range benchKeys {
		authority := newRoot(b, func(o *order) { o.key = k.key() }).authority(b)
		o := leafOrder()
		public := o.key.Public()
		b.Run("key="+k.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := authority.Issue(public, &o.Profile, &o.Request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
