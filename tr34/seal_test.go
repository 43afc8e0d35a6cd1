package tr34

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var everyLayout = []Layout{LayoutStandard, LayoutRFC, LayoutStrict, LayoutX9TR342012}
var everyCipher = []Cipher{TDESCBC, AES128CBC, AES192CBC, AES256CBC}

// drawSealing is any token that KDH 1 may make, and what its receiver checks it
// with.
func drawSealing(t *rapid.T, p *parties) (*Sealing, *Check, *rsa.PrivateKey) {
	s := p.sealing(rapid.SampledFrom(everyLayout).Draw(t, "layout"))
	c := p.check()
	s.Cipher = rapid.SampledFrom(everyCipher).Draw(t, "cipher")
	s.Header = rapid.StringMatching(`[ -~]{16,40}`).Draw(t, "header")
	if rapid.Bool().Draw(t, "CRL") {
		s.CRL = p.crl
	}
	if rapid.Bool().Draw(t, "one-pass") {
		s.Nonce, c.Nonce = nil, nil
		seconds := rapid.Int64Range(-630720000, 4102444800).Draw(t, "signing time")
		s.SigningTime = time.Unix(seconds, rapid.Int64Range(0, 999999999).Draw(t, "fraction"))
		if s.CRL == nil {
			c.CRL = CRLOptional
		}
	} else {
		s.Nonce = rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(t, "nonce")
		c.Nonce = s.Nonce
	}
	if rapid.Bool().Draw(t, "RSA 3072") {
		s.KRD, c.KRD = p.krd2, p.krd2
		return s, c, p.krd2Key
	}
	return s, c, p.krdKey
}

func TestSealedKeysOpen(t *testing.T) {
	p := newParties(t)
	rapid.Check(t, func(t *rapid.T) {
		s, c, krd := drawSealing(t, p)
		key := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "key")
		want := bytes.Clone(key)
		der, err := Seal(s, key)
		if err != nil {
			t.Fatal(err)
		}
		token, err := Parse(der)
		if err != nil {
			t.Fatalf("%X: %v", der, err)
		}
		got, err := token.Open(krd, c)
		if err != nil {
			t.Fatalf("%X: %v", der, err)
		}
		if !bytes.Equal(got.Key, want) || !bytes.Equal(key, want) || got.Header != s.Header || !bytes.Equal(got.Nonce, s.Nonce) {
			t.Errorf("got %X, %q, %X", got.Key, got.Header, got.Nonce)
		}
		if !got.SigningTime.Equal(toSecond(s.SigningTime)) || token.Cipher != s.Cipher || !bytes.Equal(token.CRL, s.CRL) {
			t.Errorf("got %v, %s, CRL %X", got.SigningTime, token.Cipher, token.CRL)
		}
		checkWritten(t, token, s)
	})
}

// checkWritten holds what the layout asks of a writer.
func checkWritten(t *rapid.T, token *Token, s *Sealing) {
	want := s.Layout
	if want == LayoutStrict {
		want = LayoutRFC
	}
	if token.Layout != want || token.Version != layouts[s.Layout].version || !token.SignatureAlgorithm.Equal(oidRSA) {
		t.Errorf("got %s, version %d, %v", token.Layout, token.Version, token.SignatureAlgorithm)
	}
	if s.Layout == LayoutX9TR342012 {
		return
	}
	var all [][]byte
	in := (&reader{token.message.signer.attributes, &failure{}}).open(constructed0, "")
	for in.more() {
		all = append(all, in.element(0x30, ""))
	}
	if len(all) != 4 || !slices.IsSortedFunc(all, bytes.Compare) {
		t.Errorf("attributes are not in DER order: %X", all)
	}
}

func TestSealRefusesWhatMakesNoToken(t *testing.T) {
	p := newParties(t)
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	noRSA := &x509.Certificate{RawIssuer: p.kdh.RawIssuer, SerialNumber: p.kdh.SerialNumber, PublicKey: &elliptic.PublicKey}
	small := &x509.Certificate{
		RawIssuer:    p.krd.RawIssuer,
		SerialNumber: p.krd.SerialNumber,
		PublicKey:    &rsa.PublicKey{N: new(big.Int).Rsh(p.krdKey.N, 1536), E: 65537},
	}
	for _, c := range []struct {
		name string
		edit func(s *Sealing)
		want Class
	}{
		{"unknown layout", func(s *Sealing) { s.Layout = 4 }, ErrStructure},
		{"negative layout", func(s *Sealing) { s.Layout = -1 }, ErrStructure},
		{"unknown cipher", func(s *Sealing) { s.Cipher = 4 }, ErrStructure},
		{"CRL longer than a token", func(s *Sealing) { s.CRL = longCRL(t, p) }, ErrStructure},
		{"no KDH", func(s *Sealing) { s.KDH = nil }, ErrCertificate},
		{"KDH without serial number", func(s *Sealing) { s.KDH = &x509.Certificate{RawIssuer: p.kdh.RawIssuer} }, ErrCertificate},
		{"KDH without RSA", func(s *Sealing) { s.KDH, s.Signer = noRSA, elliptic }, ErrCertificate},
		{"no signer", func(s *Sealing) { s.Signer = nil }, ErrSigner},
		{"another's signer", func(s *Sealing) { s.Signer = p.kdh2Key }, ErrSigner},
		{"neither nonce nor time", func(s *Sealing) { s.Nonce = nil }, ErrTime},
		{"nonce and time", func(s *Sealing) { s.SigningTime = testTime }, ErrTime},
		{"time beyond the year 9999", func(s *Sealing) { s.Nonce, s.SigningTime = nil, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
			ErrStructure},
		{"nonce of 7 bytes", func(s *Sealing) { s.Nonce = s.Nonce[:7] }, ErrNonce},
		{"nonce of 65 bytes", func(s *Sealing) { s.Nonce = make([]byte, 65) }, ErrNonce},
		{"CRL that is none", func(s *Sealing) { s.CRL = []byte{0x30, 0} }, ErrCRL},
		{"CRL with something after it", func(s *Sealing) { s.CRL = append(bytes.Clone(p.crl), 0) }, ErrCRL},
		{"no KRD", func(s *Sealing) { s.KRD = nil }, ErrRecipient},
		{"KRD without RSA", func(s *Sealing) { s.KRD = noRSA }, ErrRecipient},
		{"KRD with a small key", func(s *Sealing) { s.KRD = small }, ErrRecipient},
		{"short header", func(s *Sealing) { s.Header = "D0112K0TB00E000" }, ErrHeader},
		{"long header", func(s *Sealing) { s.Header = strings.Repeat("0", 10_000) }, ErrHeader},
		{"unprintable header", func(s *Sealing) { s.Header = "D0112K0TB00E000\x7F" }, ErrHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := p.sealing(LayoutStandard)
			c.edit(s)
			der, err := Seal(s, testKey)
			checkRefused(t, err, c.want)
			if der != nil {
				t.Errorf("got %X", der)
			}
		})
	}
	t.Run("no key", func(t *testing.T) {
		_, err := Seal(p.sealing(LayoutStandard), nil)
		checkRefused(t, err, ErrKeyBlock)
	})
	t.Run("key longer than a token", func(t *testing.T) {
		_, err := Seal(p.sealing(LayoutStandard), make([]byte, 70000))
		checkRefused(t, err, ErrStructure)
	})
}

// longCRL has so many entries that no token holds it.
func longCRL(t *testing.T, p *parties) []byte {
	t.Helper()
	entries := make([]x509.RevocationListEntry, 2000)
	for i := range entries {
		entries[i] = x509.RevocationListEntry{SerialNumber: p.krd.SerialNumber, RevocationTime: testTime}
	}
	return newCRL(t, p, &x509.RevocationList{RevokedCertificateEntries: entries})
}

// a broken signer or source of random bytes.
var errDevice = errors.New("the device is out of reach")

type brokenSigner struct{ *rsa.PrivateKey }

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errDevice }

func TestSealPassesOnWhatTheDeviceReports(t *testing.T) {
	p := newParties(t)
	checkPassedOn := func(s *Sealing, want error) {
		t.Helper()
		_, err := Seal(s, testKey)
		var e *Error
		if !errors.Is(err, want) || errors.As(err, &e) {
			t.Errorf("got %v, want %v without a class", err, want)
		}
	}
	s := p.sealing(LayoutStandard)
	s.Signer = brokenSigner{p.kdhKey}
	checkPassedOn(s, errDevice)
	for _, n := range []int{0, 23, 31} {
		s = p.sealing(LayoutStandard)
		s.Rand = bytes.NewReader(make([]byte, n))
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		checkPassedOn(s, want)
	}
}

func TestSealDrawsContentKeyAndIVFromTheGivenSource(t *testing.T) {
	p := newParties(t)
	for _, c := range everyCipher {
		s := p.sealing(LayoutStandard)
		source := make([]byte, 48)
		for i := range source {
			source[i] = byte(i + 1)
		}
		s.Cipher, s.Rand = c, bytes.NewReader(source)
		token, err := Parse(p.seal(t, s))
		if err != nil {
			t.Fatal(err)
		}
		got, err := unwrap(p.krdKey, token.envelope.wrapped)
		if err != nil {
			t.Fatal(err)
		}
		n := ciphers[c].key
		if iv := source[n : n+ciphers[c].block]; !bytes.Equal(token.envelope.iv, iv) {
			t.Errorf("%s: got IV %X, want %X", c, token.envelope.iv, iv)
		}
		for i, b := range got {
			odd := bits.OnesCount8(b)%2 == 1
			if want := source[i]; b != want && (c != TDESCBC || b != want^1) || c == TDESCBC && !odd {
				t.Errorf("%s: byte %d of the content key is %02X, from %02X", c, i, b, want)
			}
		}
	}
}

func TestSealNeverDrawsTheSameTwice(t *testing.T) {
	p := newParties(t)
	one, two := p.seal(t, p.sealing(LayoutRFC)), p.seal(t, p.sealing(LayoutRFC))
	a, err := Parse(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse(two)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.envelope.iv, b.envelope.iv) || bytes.Equal(a.envelope.sealed, b.envelope.sealed) ||
		bytes.Equal(a.envelope.wrapped, b.envelope.wrapped) {
		t.Error("two tokens share something that is drawn")
	}
}
