package x509ca

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// RFC 8017, appendix A.2.4, has NULL parameters; RFC 5758, section 3.2, none.
func TestSignatureAlgorithmIsWrittenAsTheStandardsHaveIt(t *testing.T) {
	for i, hash := range allHashes {
		for signer, want := range map[crypto.Signer]string{
			rsa2048(): "300d06092a864886f70d0101" + []string{"0e", "0b", "0c", "0d"}[i] + "0500",
			p256():    "300a06082a8648ce3d0403" + []string{"01", "02", "03", "04"}[i],
		} {
			csr := must(CSR(signer, hash, subject))
			inside, after := testrig.Hex(want), testrig.Hex(want+"03")
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
