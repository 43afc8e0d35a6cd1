package tr34

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"sync"
	"testing"
	"time"
)

// onePass is a token with a signing time, and what its receiver checks it with.
func (p *parties) onePass(t *testing.T, crl []byte) (*Token, *Check) {
	t.Helper()
	s, c := p.sealing(LayoutStandard), p.check()
	s.Nonce, s.SigningTime, s.CRL, c.Nonce = nil, testTime, crl, nil
	token, err := Parse(p.seal(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return token, c
}

func (p *parties) twoPass(t *testing.T, crl []byte) (*Token, *Check) {
	t.Helper()
	s := p.sealing(LayoutStandard)
	s.CRL = crl
	token, err := Parse(p.seal(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return token, p.check()
}

// newCRL is a CRL of CA KDH, in date unless the template says otherwise.
func newCRL(t *testing.T, p *parties, list *x509.RevocationList) []byte {
	t.Helper()
	list.Number = big.NewInt(1)
	if list.ThisUpdate.IsZero() {
		list.ThisUpdate, list.NextUpdate = testTime, testTime.AddDate(1, 0, 0)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, p.kdhCA, p.kdhCAKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// checkVerdict takes an empty class for acceptance.
func checkVerdict(t *testing.T, err error, want Class) {
	t.Helper()
	if want != "" {
		checkRefused(t, err, want)
	} else if err != nil {
		t.Errorf("got %v, want it accepted", err)
	}
}

func TestVerifyChecksInTheOrderOfTheStandard(t *testing.T) {
	p := newParties(t)
	token, good := p.onePass(t, p.crl)
	if err := token.Verify(good); err != nil {
		t.Fatal(err)
	}
	broken := takeApart(t, token.Bytes())
	broken.at(1, 0, 4, 0, 5).data[0] ^= 1 // the signature, behind a CRL
	badSignature, err := Parse(broken.bytes())
	if err != nil {
		t.Fatal(err)
	}
	broken = takeApart(t, token.Bytes())
	broken.at(1, 0, 4, 0, 5).data[0] ^= 1
	broken.at(1, 0, 2, 1, 0, 0, 2, 2).data[0] ^= 1 // and the ciphertext
	badDigest, err := Parse(broken.bytes())
	if err != nil {
		t.Fatal(err)
	}
	// Everything is wrong; from line to line one thing less.
	c := Check{KDH: p.kdh2, CA: p.krdCA, KRD: p.krd2, Now: vectorTime, Nonce: testNonce}
	checkRefused(t, badDigest.Verify(&c), ErrCertificate)
	c.CA = p.kdhCA
	checkRefused(t, badDigest.Verify(&c), ErrSigner)
	c.KDH = p.kdh
	checkRefused(t, badDigest.Verify(&c), ErrDigest)
	checkRefused(t, badSignature.Verify(&c), ErrSignature)
	checkRefused(t, token.Verify(&c), ErrNonce)
	c.Nonce = nil
	c.CA = nil // so that the CRL cannot be checked
	checkRefused(t, token.Verify(&c), ErrCRL)
	c.CA = p.kdhCA
	checkRefused(t, token.Verify(&c), ErrRecipient)
	c.KRD = p.krd
	checkVerdict(t, token.Verify(&c), "")
}

// TestVerifyRefusesATokenWithoutAHeaderLast has tokens that are signed without the attribute.
func TestVerifyRefusesATokenWithoutAHeaderLast(t *testing.T) {
	p := newParties(t)
	token, check := p.twoPass(t, p.crl)
	signed, attributes := *token.message.signedData, token.message.attributes
	attributes.header = nil
	if err := signed.sign(p.kdh, p.kdhKey, &attributes, true); err != nil {
		t.Fatal(err)
	}
	der, err := signed.encode()
	if err != nil {
		t.Fatal(err)
	}
	without, err := Parse(der)
	if err != nil || without.Header != "" {
		t.Fatalf("got %+v, %v, want a token without a header", without, err)
	}
	checkRefused(t, without.Verify(check), ErrHeader)
	check.KRD = p.krd2
	checkRefused(t, without.Verify(check), ErrRecipient)
}

func TestVerifyAsksForFreshness(t *testing.T) {
	p := newParties(t)
	one, oneCheck := p.onePass(t, p.crl)
	two, twoCheck := p.twoPass(t, p.crl)
	checkRefused(t, one.Verify(twoCheck), ErrNonce)
	checkRefused(t, two.Verify(oneCheck), ErrTime)
	twoCheck.Nonce = append(testNonce[:len(testNonce):len(testNonce)], 0)
	checkRefused(t, two.Verify(twoCheck), ErrNonce)
	twoCheck.Nonce = []byte{} // not nil: a nonce was expected, and none is right
	checkRefused(t, two.Verify(twoCheck), ErrNonce)
	checkRefused(t, one.Verify(twoCheck), ErrNonce)
}

func TestVerifyChecksTheCertificate(t *testing.T) {
	p := newParties(t)
	token, good := p.twoPass(t, nil)
	for _, c := range []struct {
		name string
		edit func(c *Check)
		want Class
	}{
		{"at its first second", func(c *Check) { c.Now = p.kdh.NotBefore }, ""},
		{"before", func(c *Check) { c.Now = p.kdh.NotBefore.Add(-1) }, ErrCertificate},
		{"at its last second", func(c *Check) { c.Now = p.kdh.NotAfter }, ""},
		{"after", func(c *Check) { c.Now = p.kdh.NotAfter.Add(1) }, ErrCertificate},
		{"now by default", func(c *Check) { c.Now = time.Time{} }, ""},
		{"without key usage", func(c *Check) { c.KDH = edited(p.kdh, func(k *x509.Certificate) { k.KeyUsage = 0 }) }, ""},
		{"for encryption alone", func(c *Check) {
			c.KDH = edited(p.kdh, func(k *x509.Certificate) { k.KeyUsage = x509.KeyUsageKeyEncipherment })
		}, ErrCertificate},
		{"without RSA key", func(c *Check) { c.KDH = edited(p.kdh, func(k *x509.Certificate) { k.PublicKey = nil }) }, ErrCertificate},
		{"from a CA that has ended", func(c *Check) { c.CA = edited(p.kdhCA, func(k *x509.Certificate) { k.NotAfter = testTime }) },
			ErrCertificate},
		{"from a CA of another name", func(c *Check) {
			c.CA = edited(p.kdhCA, func(k *x509.Certificate) { k.RawSubject = p.krdCA.RawSubject })
		}, ErrCertificate},
		{"from one that is no CA", func(c *Check) { c.CA = edited(p.kdhCA, func(k *x509.Certificate) { k.IsCA = false }) }, ErrCertificate},
		{"from another CA of the same name", func(c *Check) {
			c.CA = edited(p.kdhCA, func(k *x509.Certificate) { k.PublicKey = p.krdCA.PublicKey })
		}, ErrCertificate},
		{"of which only name and key are known", func(c *Check) { c.CA, c.KDH = nil, disguised(NameOf(p.kdh), p.kdh) }, ""},
		{"missing", func(c *Check) { c.KDH = nil }, ErrCertificate},
		{"of the KRD missing", func(c *Check) { c.KRD = nil }, ErrRecipient},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := *good
			c.edit(&check)
			checkVerdict(t, token.Verify(&check), c.want)
		})
	}
}

// edited is a copy of a certificate with something else in it.
func edited(c *x509.Certificate, edit func(*x509.Certificate)) *x509.Certificate {
	c = new(*c)
	edit(c)
	return c
}

func TestNothingKnownPassesNothing(t *testing.T) {
	p := newParties(t)
	token, _ := p.twoPass(t, nil)
	checkRefused(t, token.Verify(nil), ErrCertificate)
	checkRefused(t, token.Verify(&Check{KDH: &x509.Certificate{}, KRD: &x509.Certificate{}}), ErrCertificate)
	checkRefused(t, new(Token).Verify(p.check()), ErrStructure)
	checkRefused(t, new(Binding).Verify(p.check()), ErrStructure)
	if new(Token).Bytes() != nil || new(Binding).Bytes() != nil {
		t.Error("nothing has bytes")
	}
	empty := disguised(NameOf(p.kdh), p.kdh)
	for _, key := range []any{nil, (*rsa.PublicKey)(nil), &rsa.PublicKey{}, 5} {
		empty.PublicKey = key
		checkRefused(t, token.Verify(&Check{KDH: empty, KRD: p.krd, Now: vectorTime}), ErrCertificate)
		s := p.sealing(LayoutStandard)
		s.KDH = empty
		_, err := Seal(s, testKey)
		checkRefused(t, err, ErrCertificate)
		s = p.sealing(LayoutStandard)
		s.KRD = empty
		_, err = Seal(s, testKey)
		checkRefused(t, err, ErrRecipient)
	}
	_, err := Seal(new(Sealing), testKey)
	checkRefused(t, err, ErrCertificate)
}

func TestGoroutinesShareTokenAndCheck(t *testing.T) {
	p := newParties(t)
	token, c := p.twoPass(t, p.crl)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := token.Open(p.krdKey, c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
