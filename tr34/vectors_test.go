package tr34

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// vector is one entry of testdata/index.json (our own, made with other
// implementations and checked by OpenSSL) or of the published vectors, which
// have the same form. Names of files are relative to the index.
type vector struct {
	ID         string `json:"id"`
	File       string `json:"file"`
	Kind       string `json:"kind"`
	Layout     string `json:"layout"`
	SignerCert string `json:"signer_cert"`
	SignerCA   string `json:"signer_ca"`
	KRDCert    string `json:"krd_cert"`
	KRDKey     string `json:"krd_key"`
	NewKDHCert string `json:"new_kdh_cert"`
	OldKDHCert string `json:"old_kdh_cert"`
	Cert       string `json:"cert"`
	Nonce      string `json:"nonce"`
	Time       string `json:"signing_time"`
	CRL        string `json:"crl"`
	Cipher     string `json:"content_cipher"`
	Header     string `json:"header"`
	Key        string `json:"key"`
	Expect     string `json:"expect"`

	dir string
}

const accepted = "accept"

// vectorTime is when every certificate of the vectors is valid that ever should be.
var vectorTime = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// published are the vectors that are not ours to keep, or none where there is no
// folder of them.
func published(tb testing.TB) []vector {
	tb.Helper()
	all := within(filepath.Join(os.Getenv("APCSIM_VECTORS"), "tr34"), testrig.Vectors[[]vector](tb, "tr34/index.json"))
	return slices.DeleteFunc(all, func(v vector) bool { return strings.HasPrefix(v.ID, "gen-") })
}

func made(tb testing.TB) []vector {
	tb.Helper()
	all := within("testdata", testrig.ReadJSON[[]vector](tb, "testdata/index.json"))
	if len(all) < 95 {
		tb.Fatalf("testdata/index.json has %d vectors", len(all))
	}
	return all
}

// within says in which folder the files of the vectors are.
func within(dir string, all []vector) []vector {
	for i := range all {
		all[i].dir = dir
	}
	return all
}

// eachVector runs a check on every vector, ours and published, for which it is.
func eachVector(t *testing.T, fits func(v vector) bool, check func(t *testing.T, v vector)) {
	for _, v := range append(made(t), published(t)...) {
		if fits(v) {
			t.Run(v.ID, func(t *testing.T) { t.Parallel(); check(t, v) })
		}
	}
}

func isToken(v vector) bool      { return strings.HasPrefix(v.Kind, "key token") }
func isCredential(v vector) bool { return strings.HasSuffix(v.Kind, "credential token") }
func isRandom(v vector) bool     { return strings.HasPrefix(v.Kind, "random") }
func isBinding(v vector) bool    { return strings.HasSuffix(v.Kind, "bind") }
func isSigned(v vector) bool     { return (isToken(v) || isBinding(v)) && v.Expect == accepted }

func (v vector) read(tb testing.TB, name string) []byte {
	tb.Helper()
	out, err := os.ReadFile(filepath.Join(v.dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func (v vector) token(tb testing.TB) []byte { return v.read(tb, v.File) }

func (v vector) certificate(tb testing.TB, name string) *x509.Certificate {
	tb.Helper()
	if name == "" {
		return nil
	}
	c, err := x509.ParseCertificate(unarmoured(tb, v.read(tb, name)))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// privateKeys are parsed once: to validate one takes longer than to use it.
var privateKeys sync.Map

func (v vector) privateKey(tb testing.TB, name string) *rsa.PrivateKey {
	tb.Helper()
	path := filepath.Join(v.dir, name)
	if known, ok := privateKeys.Load(path); ok {
		return known.(*rsa.PrivateKey)
	}
	raw := unarmoured(tb, v.read(tb, name))
	k, err := x509.ParsePKCS1PrivateKey(raw)
	if err != nil {
		any, err := x509.ParsePKCS8PrivateKey(raw)
		if err != nil {
			tb.Fatal(err)
		}
		k = any.(*rsa.PrivateKey)
	}
	privateKeys.Store(path, k)
	return k
}

func unarmoured(tb testing.TB, text []byte) []byte {
	tb.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		tb.Fatal("no PEM")
	}
	return block.Bytes
}

// nonce is nil where the vector has none.
func (v vector) nonce(tb testing.TB) []byte {
	if v.Nonce == "" {
		return nil
	}
	return testrig.Hex(v.Nonce)
}

// check is what the vector has the receiver check with. The index does not name the CA
// of those who sign unbind and rebind tokens: a KDH's is in the same folder, and of a
// CA it is taken on trust.
func (v vector) check(tb testing.TB) *Check {
	tb.Helper()
	ca := v.SignerCA
	if ca == "" && !strings.HasPrefix(v.Kind, "ca-") {
		ca = filepath.Join(filepath.Dir(v.SignerCert), "kdh_ca.crt")
	}
	return &Check{
		KDH: v.certificate(tb, v.SignerCert), CA: v.certificate(tb, ca), KRD: v.certificate(tb, v.KRDCert),
		Now: vectorTime, Nonce: v.nonce(tb),
	}
}

// open is the whole way from token to key.
func open(der []byte, krd crypto.Decrypter, c *Check) (*Opened, error) {
	t, err := Parse(der)
	if err != nil {
		return nil, err
	}
	return t.Open(krd, c)
}

func TestKeyTokensGiveTheirVerdicts(t *testing.T) {
	eachVector(t, isToken, func(t *testing.T, v vector) {
		got, err := open(v.token(t), v.privateKey(t, v.KRDKey), v.check(t))
		if v.Expect != accepted {
			checkRefused(t, err, Class(v.Expect))
			if got != nil {
				t.Error("a refusal came with a key")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Key, testrig.Hex(v.Key)) || got.Header != v.Header {
			t.Errorf("got key %X under %q, want %s under %q", got.Key, got.Header, v.Key, v.Header)
		}
		if v.Nonce != "" && !bytes.Equal(got.Nonce, testrig.Hex(v.Nonce)) {
			t.Errorf("got nonce %X, want %s", got.Nonce, v.Nonce)
		}
		if v.Time != "" && got.SigningTime.Format("060102150405Z") != v.Time {
			t.Errorf("got signing time %v, want %s", got.SigningTime, v.Time)
		}
	})
}

// checkRefused holds that an error is an *Error of a class.
func checkRefused(t *testing.T, err error, want Class) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Class != want || !errors.Is(err, want) {
		t.Errorf("got %v, want an *Error of class %s", err, string(want))
	}
}

func TestCredentialVectorsShowTheirCertificate(t *testing.T) {
	eachVector(t, isCredential, func(t *testing.T, v vector) {
		got, err := ParseCredential(v.token(t))
		if err != nil {
			t.Fatal(err)
		}
		if want := v.certificate(t, v.Cert); !bytes.Equal(got.Certificate, want.Raw) {
			t.Errorf("got certificate %X, want %X", got.Certificate, want.Raw)
		}
		if v.CRL != "" && (got.CRL != nil) != (v.CRL == "present") {
			t.Errorf("got CRL %X, want it %s", got.CRL, v.CRL)
		}
	})
}

var vectorKinds = map[string]BindingKind{
	"kdh-unbind": UnbindKDH, "ca-unbind": UnbindCA, "kdh-rebind": RebindKDH, "ca-rebind": RebindCA,
}

func TestBindingVectorsGiveTheirVerdicts(t *testing.T) {
	eachVector(t, isBinding, func(t *testing.T, v vector) {
		got, err := ParseBinding(v.token(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Verify(v.check(t)); err != nil {
			t.Fatal(err)
		}
		if got.Kind != vectorKinds[v.Kind] || !got.Signer.Names(v.certificate(t, v.SignerCert)) ||
			!got.KRD.Names(v.certificate(t, v.KRDCert)) {
			t.Errorf("got %s from %s for %s", got.Kind, got.Signer, got.KRD)
		}
		if v.OldKDHCert != "" && !got.OldKDH.Names(v.certificate(t, v.OldKDHCert)) {
			t.Errorf("got old KDH %s", got.OldKDH)
		}
		if v.NewKDHCert != "" && !bytes.Equal(got.NewKDH, v.certificate(t, v.NewKDHCert).Raw) {
			t.Errorf("got new KDH %X", got.NewKDH)
		}
		if (v.NewKDHCert == "") != (got.NewKDH == nil) || v.OldKDHCert == "" && got.OldKDH.whole() {
			t.Errorf("got more than the vector says: %v", got)
		}
		if !bytes.Equal(got.Bytes(), v.token(t)) {
			t.Error("Bytes is not what was parsed")
		}
	})
}

// verify is Parse and Verify of a token of any kind that is signed.
func (v vector) verify(der []byte, c *Check) error {
	if isToken(v) {
		t, err := Parse(der)
		if err != nil {
			return err
		}
		return t.Verify(c)
	}
	b, err := ParseBinding(der)
	if err != nil {
		return err
	}
	return b.Verify(c)
}

// signer is whom a token of any kind names as its signer.
func (v vector) signer(der []byte) IssuerSerial {
	if isToken(v) {
		if t, err := Parse(der); err == nil {
			return t.Signer
		}
	} else if b, err := ParseBinding(der); err == nil {
		return b.Signer
	}
	return IssuerSerial{}
}

// The signer's identifier is not signed (RFC 5652, section 5.3): its issuer may
// change to the same name in another spelling, and to nothing else.
func TestVectorsCorruptedAtAnyByteAreRefused(t *testing.T) {
	eachVector(t, isSigned, func(t *testing.T, v vector) {
		der, check := v.token(t), v.check(t)
		signer := v.signer(der)
		for i, b := range der {
			der[i] = b ^ [...]byte{0x01, 0x20, 0x80}[i%3]
			var e *Error
			err := v.verify(der, check)
			if err == nil {
				if other := v.signer(der); !bytes.Equal(other.Issuer, signer.Issuer) && dn.Equal(other.Issuer, signer.Issuer) {
					err = &Error{} // another spelling
				}
			}
			if !errors.As(err, &e) {
				t.Errorf("byte %d: %02X in place of %02X: got %v", i, der[i], b, err)
			}
			der[i] = b
		}
	})
}

func TestShortenedVectorsAreRefused(t *testing.T) {
	eachVector(t, isSigned, func(t *testing.T, v vector) {
		der := v.token(t)
		for n := range der {
			checkRefused(t, v.verify(der[:n], nil), ErrASN1)
		}
		checkRefused(t, v.verify(append(der, 0), nil), ErrASN1)
	})
}
