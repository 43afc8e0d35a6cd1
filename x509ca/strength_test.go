package x509ca

import "testing"

func TestIssuerStrengthComparesEveryPair(t *testing.T) {
	rsa := func(bits int) keySize { return keySize{bits: bits} }
	curve := func(bits int) keySize { return keySize{bits: bits, curve: true} }
	for _, c := range []struct {
		issuer, subject keySize
		want            bool
	}{
		{rsa(2048), rsa(2048), true}, {rsa(2048), rsa(3072), false}, {rsa(2048), rsa(4096), false},
		{rsa(3072), rsa(2048), true}, {rsa(3072), rsa(4096), false}, {rsa(4096), rsa(4096), true},
		{curve(256), curve(256), true}, {curve(256), curve(384), false}, {curve(384), curve(384), true},
		{curve(521), curve(384), true}, {curve(384), curve(521), false}, {curve(521), curve(521), true},
		{rsa(4096), curve(224), false}, {rsa(15360), curve(256), false},
		{curve(256), rsa(2048), true}, {curve(256), rsa(3072), true}, {curve(256), rsa(4096), true},
		{curve(256), rsa(7680), false}, {curve(224), rsa(3072), false}, {curve(521), rsa(15360), true},
		{curve(128), rsa(1024), false}, {curve(128), rsa(512), true},
	} {
		if got := c.issuer.maySign(c.subject); got != c.want {
			t.Errorf("%v signs for %v: got %v, want %v", c.issuer, c.subject, got, c.want)
		}
	}
}
