package x509ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestOpenSSLVerifiesWhatWeIssue(t *testing.T) {
	for _, key := range []struct {
		name   string
		signer crypto.Signer
	}{{"RSA", rsa2048()}, {"P-256", p256()}} {
		for _, hash := range certificateHashes {
			t.Run(fmt.Sprintf("key=%s/hash=%v", key.name, hash), func(t *testing.T) {
				use := func(o *order) { o.Hash = hash }
				root := newRoot(t, use, func(o *order) { o.key = key.signer })
				ca := root.ca(t, "between", use, func(o *order) { o.key = key.signer; o.PathLength = new(0) })
				leaf := ca.leaf(t, use, func(o *order) { o.ExtKeyUsage = []asn1.ObjectIdentifier{ServerAuth, ClientAuth} })
				verify := []string{"verify", "-x509_strict", "-attime", fmt.Sprint(now.Unix()),
					"-CAfile", pemFile(t, certificateType, root.Raw), "-untrusted", pemFile(t, certificateType, ca.Raw)}
				out, err := openssl(t, append(verify, pemFile(t, certificateType, leaf.Raw))...)
				if err != nil {
					t.Errorf("openssl: %v\n%s", err, out)
				}
				if hash != crypto.SHA256 {
					return // openssl has shown once that it looks
				}
				bad := bytes.Clone(leaf.Raw)
				bad[len(bad)-1] ^= 1
				if out, err := openssl(t, append(verify, pemFile(t, certificateType, bad))...); err == nil {
					t.Errorf("openssl takes a corrupted certificate: %s", out)
				}
			})
		}
	}
}

func TestNamesAreCopiedByteForByte(t *testing.T) {
	// Attributes in an unusual order and unusual forms, which crypto/x509 would
	// not write by itself.
	name := Name{
		{CommonName, "529027455495", UTF8String},
		{Country, "US", UTF8String},
		{Locality, "Arlington", PrintableString},
		{CommonName, "again", IA5String},
	}
	root := newRoot(t, func(o *order) { o.Subject = name })
	leaf := root.leaf(t)
	want, leafWant := must(name.DER()), must(leafOrder().Subject.DER())
	for what, got := range map[string][]byte{"root subject": root.RawSubject, "root issuer": root.RawIssuer, "leaf issuer": leaf.RawIssuer} {
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", what, got, want)
		}
	}
	if !bytes.Equal(leaf.RawSubject, leafWant) {
		t.Errorf("leaf subject: got %x, want %x", leaf.RawSubject, leafWant)
	}
}

func TestIssuerIsTakenFromACertificateNotOurs(t *testing.T) {
	// The RDN holds two attributes, which a Name cannot, and the key identifier
	// is of somebody's own making.
	foreign := testrig.Hex("3018" + "3116" + "3009060355040613025553" + "3009060355040a0c024143")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), RawSubject: foreign, NotBefore: now, NotAfter: now.Add(time.Hour),
		SubjectKeyId: []byte("somebody's own"), IsCA: true, BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(nil, template, template, p256().Public(), p256()))
	root := &cert{must(x509.ParseCertificate(der)), p256()}
	leaf := root.leaf(t)
	if !bytes.Equal(leaf.RawIssuer, foreign) {
		t.Errorf("issuer: got %x, want %x", leaf.RawIssuer, foreign)
	}
	if got := string(leaf.AuthorityKeyId); got != "somebody's own" {
		t.Errorf("authority key identifier: got %q", got)
	}
	wantRule(t, (&Rules{Now: now}).CheckIssued(leaf.Certificate, root.Certificate), "")
}

func TestKeyIdentifiersAreSHA1OfTheKey(t *testing.T) {
	root := newRoot(t)
	leaf := root.leaf(t)
	id := func(c *cert) []byte {
		sum := sha1.Sum(must(c.PublicKey.(*ecdsa.PublicKey).Bytes()))
		return sum[:]
	}
	for what, got := range map[string][]byte{"root's own": root.SubjectKeyId, "root's authority": root.AuthorityKeyId,
		"leaf's authority": leaf.AuthorityKeyId} {
		if !bytes.Equal(got, id(root)) {
			t.Errorf("%s: got %x, want %x", what, got, id(root))
		}
	}
	if !bytes.Equal(leaf.SubjectKeyId, id(leaf)) {
		t.Errorf("got %x, want %x", leaf.SubjectKeyId, id(leaf))
	}
	bare := newRoot(t, func(o *order) { o.Profile = Profile{Hash: crypto.SHA256, NoExtensions: true} })
	if got := bare.leaf(t).AuthorityKeyId; !bytes.Equal(got, id(root)) {
		t.Errorf("under a root without an identifier: got %x, want %x", got, id(root))
	}
}

func TestDecodeReadsTheLongestNames(t *testing.T) {
	var name Name
	for range 109 {
		name = append(name, Attribute{Type: OrganizationalUnit, Value: strings.Repeat("x", 64)})
	}
	if size := len(must(name.DER())); size < maxName-80 {
		t.Errorf("got a name of %d bytes, want nearly %d", size, maxName)
	}
	c := newRoot(t, func(o *order) { o.Subject, o.key = name, rsa2048() }) // reads it
	if got := len(c.Raw); got > maxDER-4096 {
		t.Errorf("got %d bytes, want room for larger keys", got)
	}
}

func TestZeroAuthorityIssuesNothing(t *testing.T) {
	o := leafOrder()
	_, err := new(Authority).Issue(p256().Public(), &o.Profile, &o.Request)
	wantRule(t, err, RuleKeyType)
	_, err = newRoot(t).authority(t).Issue(p256().Public(), nil, nil)
	wantRule(t, err, RuleHash)
	_, err = NewRoot(p256(), nil, nil)
	wantRule(t, err, RuleName)
}

func TestGoroutinesShareAuthoritiesProfilesAndRules(t *testing.T) {
	root := newRoot(t)
	authority, rules, o := root.authority(t), &Rules{Now: now, IssuerStrength: true}, leafOrder()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			der, err := authority.Issue(p256b().Public(), &o.Profile, &o.Request)
			if err == nil {
				err = rules.CheckIssued(must(Decode(EncodeCertificate(der))), root.Certificate)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestSerialNumberIsWrittenAsGiven(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{"01", "01"},
		{"0001", "01"},
		{"7f", "7f"},
		{"80", "80"},
		{"c61eff5d6a53ff8a5bd40fd8ff0852e8", "c61eff5d6a53ff8a5bd40fd8ff0852e8"},
		{"7f" + strings.Repeat("ff", 19), "7f" + strings.Repeat("ff", 19)},
		{"00" + strings.Repeat("ff", 19), strings.Repeat("ff", 19)},
	} {
		got := newRoot(t, func(o *order) { o.Serial = testrig.Hex(c.given) })
		if got := hex.EncodeToString(got.Certificate.SerialNumber.Bytes()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.given, got, c.want)
		}
	}
}

func TestSerialNumberIsDrawnAtFullLength(t *testing.T) {
	for _, c := range []struct {
		drawn byte
		size  int
		want  string
	}{
		{0xAB, 0, strings.Repeat("ab", 16)},
		{0x00, 0, "01" + strings.Repeat("00", 15)},
		{0x7F, 8, strings.Repeat("7f", 8)},
		{0xFF, 19, strings.Repeat("ff", 19)},
	} {
		got := newRoot(t, func(o *order) { o.SerialSize, o.Rand = c.size, repeated(c.drawn) })
		if got := hex.EncodeToString(got.Certificate.SerialNumber.Bytes()); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	a, b := newRoot(t), newRoot(t)
	if n := a.Certificate.SerialNumber; n.Cmp(b.Certificate.SerialNumber) == 0 || (n.BitLen()+7)/8 != 16 {
		t.Errorf("got %x and %x, want two of 16 bytes", n, b.Certificate.SerialNumber)
	}
}

// repeated reads as one byte for ever.
type repeated byte

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestTimesAreUTCAndCutToSeconds(t *testing.T) {
	zone := time.FixedZone("", 5*3600)
	c := newRoot(t, func(o *order) {
		o.NotBefore = time.Date(2049, 12, 31, 23, 59, 59, 999, time.UTC).In(zone)
		o.NotAfter = time.Date(2050, 1, 1, 0, 0, 0, 1, time.UTC).In(zone)
	})
	want := append([]byte{23, 13}, "491231235959Z"...)
	want = append(append(want, 24, 15), "20500101000000Z"...)
	if !bytes.Contains(c.Raw, want) {
		t.Errorf("got %x, which does not have %x", c.Raw, want)
	}
}

func TestErrorOfTheRandomSourceIsPassedOn(t *testing.T) {
	o := caOrder("root")
	o.Rand = iotest.ErrReader(errDevice)
	if _, err := NewRoot(p256(), &o.Profile, &o.Request); !errors.Is(err, errDevice) {
		t.Errorf("got %v, want %v", err, errDevice)
	}
}
