package x509ca

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
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
	foreign := must(hex.DecodeString("3018" + "3116" + "3009060355040613025553" + "3009060355040a0c024143"))
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

func TestKeyUsageIsWrittenAsDERWantsIt(t *testing.T) {
	for usage, want := range map[x509.KeyUsage]string{
		x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment: "030205a0",
		x509.KeyUsageCertSign | x509.KeyUsageCRLSign:                 "03020106",
		x509.KeyUsageEncipherOnly:                                    "03020001",
		x509.KeyUsageDecipherOnly:                                    "0303070080",
		allKeyUsages:                                                 "030307ff80",
	} {
		c := newRoot(t, func(o *order) { o.KeyUsage = usage })
		i := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(idKeyUsage) })
		if got := hex.EncodeToString(c.Extensions[i].Value); got != want || c.KeyUsage != usage {
			t.Errorf("%s: got %s (%v), want %s", keyUsageString(usage), got, c.KeyUsage, want)
		}
	}
}

// DER omits a default: an extension that is not critical does not say so.
func TestExtensionThatIsNotCriticalDoesNotSayIt(t *testing.T) {
	for _, critical := range []bool{false, true} {
		c := newRoot(t, func(o *order) { o.KeyUsageCritical = critical })
		want := must(hex.DecodeString("0603551d0f" + either(critical, "0101ff", "") + "040403020106"))
		if !bytes.Contains(c.RawTBSCertificate, want) {
			t.Errorf("got %x, which does not have %x", c.RawTBSCertificate, want)
		}
	}
}

// RFC 8017, appendix A.2.4, has NULL parameters; RFC 5758, section 3.2, none.
func TestSignatureAlgorithmIsWrittenAsTheStandardsHaveIt(t *testing.T) {
	for i, hash := range allHashes {
		for signer, want := range map[crypto.Signer]string{
			rsa2048(): "300d06092a864886f70d0101" + []string{"0e", "0b", "0c", "0d"}[i] + "0500",
			p256():    "300a06082a8648ce3d0403" + []string{"01", "02", "03", "04"}[i],
		} {
			csr := must(CSR(signer, hash, subject))
			inside, after := must(hex.DecodeString(want)), must(hex.DecodeString(want+"03"))
			if bytes.Count(csr, after) != 1 {
				t.Errorf("%T with %v: got %x, want %s", signer, hash, csr, want)
			}
			if hash == crypto.SHA224 {
				continue // of requests alone
			}
			c := newRoot(t, func(o *order) { o.key, o.Hash = signer, hash })
			if bytes.Count(c.RawTBSCertificate, inside) != 1 || bytes.Count(c.Raw, after) != 1 {
				t.Errorf("%T with %v: got %x, want %s twice", signer, hash, c.Raw, want)
			}
		}
	}
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

func TestProfileIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawOrder(t)
		c := newRoot(t, func(o *order) { *o = *want })
		p := &want.Profile
		if p.NoExtensions {
			if len(c.Extensions) != 0 {
				t.Fatalf("got extensions %v, want none", c.Extensions)
			}
			return
		}
		limit, zero := -1, false
		if p.PathLength != nil {
			limit, zero = *p.PathLength, *p.PathLength == 0
		}
		if c.IsCA != p.CA || c.MaxPathLen != limit || c.MaxPathLenZero != zero || c.KeyUsage != p.KeyUsage {
			t.Fatalf("got %v %d %v, want %+v", c.IsCA, c.MaxPathLen, c.KeyUsage, p)
		}
		if critical(c, idBasicConstraints) != p.BasicConstraintsCritical ||
			critical(c, idKeyUsage) != (p.KeyUsageCritical && p.KeyUsage != 0) {
			t.Fatalf("got %v, want %+v", c.Extensions, p)
		}
		if got := len(c.ExtKeyUsage) + len(c.UnknownExtKeyUsage); got != len(p.ExtKeyUsage) {
			t.Fatalf("got %d extended key usages, want %d", got, len(p.ExtKeyUsage))
		}
		if !c.NotBefore.Equal(want.NotBefore) || !c.NotAfter.Equal(want.NotAfter) {
			t.Fatalf("got %v to %v, want %v to %v", c.NotBefore, c.NotAfter, want.NotBefore, want.NotAfter)
		}
		if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			t.Fatal(err)
		}
	})
}

// drawOrder draws a certificate that can be made.
func drawOrder(t *rapid.T) *order {
	o := caOrder("drawn")
	o.Hash = rapid.SampledFrom(certificateHashes).Draw(t, "hash")
	from := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)
	o.NotBefore = from.Add(time.Duration(rapid.Int64Range(0, 5e9).Draw(t, "from")) * time.Second)
	o.NotAfter = o.NotBefore.Add(time.Duration(rapid.Int64Range(0, 5e9).Draw(t, "for")) * time.Second)
	if o.NoExtensions = rapid.Bool().Draw(t, "bare"); o.NoExtensions {
		o.Profile = Profile{Hash: o.Hash, NoExtensions: true}
		return o
	}
	o.CA = rapid.Bool().Draw(t, "CA")
	if o.CA && rapid.Bool().Draw(t, "limited") {
		o.PathLength = new(rapid.IntRange(0, 300).Draw(t, "path length"))
	}
	o.BasicConstraintsCritical = rapid.Bool().Draw(t, "critical")
	o.KeyUsage = x509.KeyUsage(rapid.IntRange(0, int(allKeyUsages)).Draw(t, "usage"))
	o.KeyUsageCritical = rapid.Bool().Draw(t, "usage critical")
	o.ExtKeyUsage = rapid.SliceOfN(rapid.SampledFrom([]asn1.ObjectIdentifier{ServerAuth, ClientAuth, {2, 999}}), 0, 3).Draw(t, "extended")
	return o
}

func critical(c *cert, id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(id) })
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
		got := newRoot(t, func(o *order) { o.Serial = must(hex.DecodeString(c.given)) })
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

var errDevice = errors.New("the device is on fire")

// oddSigner signs by a function of its own.
type oddSigner struct {
	crypto.Signer
	sign func(digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (s oddSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.sign(digest, opts)
}

func TestErrorOfTheSignerIsPassedOn(t *testing.T) {
	broken := oddSigner{p256(), func([]byte, crypto.SignerOpts) ([]byte, error) { return nil, errDevice }}
	o, root := caOrder("root"), newRoot(t)
	_, errRoot := NewRoot(broken, &o.Profile, &o.Request)
	_, errIssue := must(NewAuthority(root.Certificate, broken)).Issue(p256b().Public(), &o.Profile, &o.Request)
	_, errCSR := CSR(broken, crypto.SHA256, o.Subject)
	for _, err := range []error{errRoot, errIssue, errCSR} {
		if !errors.Is(err, errDevice) {
			t.Errorf("got %v, want %v", err, errDevice)
		}
	}
}

func TestErrorOfTheRandomSourceIsPassedOn(t *testing.T) {
	o := caOrder("root")
	o.Rand = iotest.ErrReader(errDevice)
	if _, err := NewRoot(p256(), &o.Profile, &o.Request); !errors.Is(err, errDevice) {
		t.Errorf("got %v, want %v", err, errDevice)
	}
}

func TestSignerIsHandedTheDigest(t *testing.T) {
	for _, hash := range certificateHashes {
		var digest []byte
		var opts crypto.SignerOpts
		spy := oddSigner{p256(), func(d []byte, o crypto.SignerOpts) ([]byte, error) {
			digest, opts = bytes.Clone(d), o
			return p256().Sign(nil, d, o)
		}}
		c := newRoot(t, func(o *order) { o.key, o.Hash = spy, hash })
		h := hash.New()
		h.Write(c.RawTBSCertificate)
		if got := h.Sum(nil); !bytes.Equal(got, digest) || opts.HashFunc() != hash {
			t.Errorf("%v: got %x with %v, want %x", hash, digest, opts, got)
		}
	}
}

func TestKeysOfEveryKindAreCertified(t *testing.T) {
	p := newKey(elliptic.P224()).Public()
	agree := must(p384().(*ecdsa.PrivateKey).ECDH()).PublicKey()
	edwards := must2(ed25519.GenerateKey(nil))
	for _, key := range []crypto.PublicKey{rsa2048().Public(), p, p384().Public(), p521().Public(), agree, edwards} {
		o := leafOrder()
		der, err := newRoot(t).authority(t).Issue(key, &o.Profile, &o.Request)
		if err != nil {
			t.Errorf("%T: %v", key, err)
			continue
		}
		c := must(x509.ParseCertificate(der))
		if want := must(x509.MarshalPKIXPublicKey(key)); !bytes.Equal(c.RawSubjectPublicKeyInfo, want) {
			t.Errorf("%T: got %x, want %x", key, c.RawSubjectPublicKeyInfo, want)
		}
	}
}

func must2[T, U any](v T, _ U, err error) T { return must(v, err) }

func TestKeyThatCannotBeCertifiedIsRefused(t *testing.T) {
	var noECDSA *ecdsa.PublicKey
	var noRSA *rsa.PublicKey
	var noECDH *ecdh.PublicKey
	for _, key := range []crypto.PublicKey{
		nil, "a key", noRSA, &rsa.PublicKey{}, noECDSA, &ecdsa.PublicKey{}, &ecdsa.PublicKey{Curve: elliptic.P256()},
		//lint:ignore SA1019 there is no other way to a point that is not on its curve
		&ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}, noECDH, &ecdh.PublicKey{}, struct{}{},
	} {
		o := leafOrder()
		_, err := newRoot(t).authority(t).Issue(key, &o.Profile, &o.Request)
		wantRule(t, err, RuleKeyType)
	}
}
