package x509ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// now is when the tests are.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// Keys that tests share; generating one of RSA takes a while.
var (
	rsa2048 = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	p256    = sync.OnceValue(func() crypto.Signer { return newKey(elliptic.P256()) })
	p256b   = sync.OnceValue(func() crypto.Signer { return newKey(elliptic.P256()) })
	p384    = sync.OnceValue(func() crypto.Signer { return newKey(elliptic.P384()) })
	p521    = sync.OnceValue(func() crypto.Signer { return newKey(elliptic.P521()) })
)

var (
	allHashes         = []crypto.Hash{crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512}
	certificateHashes = allHashes[1:]
)

func newKey(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cert is a certificate with its key, so that it can issue others.
type cert struct {
	*x509.Certificate
	key crypto.Signer
}

// order is everything that goes into a certificate; the edits of a test change it.
type order struct {
	Profile
	Request
	key crypto.Signer
}

type edit func(*order)

func (o *order) with(edits []edit) *order {
	for _, e := range edits {
		e(o)
	}
	return o
}

func caOrder(name string) *order {
	return &order{
		Profile{
			Hash: crypto.SHA256, CA: true, BasicConstraintsCritical: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, KeyUsageCritical: true,
		},
		Request{
			Subject:   Name{{Type: Country, Value: "US"}, {Type: CommonName, Value: name}},
			NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		},
		p256(),
	}
}

func leafOrder() *order {
	o := caOrder("leaf")
	o.Profile = Profile{Hash: crypto.SHA256, KeyUsage: x509.KeyUsageDigitalSignature, KeyUsageCritical: true}
	o.key = p256b()
	return o
}

// newRoot makes a self-signed CA.
func newRoot(t rapid.TB, edits ...edit) *cert {
	t.Helper()
	o := caOrder("root").with(edits)
	return o.finish(t)(NewRoot(o.key, &o.Profile, &o.Request))
}

// ca issues a CA.
func (c *cert) ca(t rapid.TB, name string, edits ...edit) *cert {
	t.Helper()
	return c.issue(t, caOrder(name).with(edits))
}

// leaf issues a certificate that is no CA.
func (c *cert) leaf(t rapid.TB, edits ...edit) *cert {
	t.Helper()
	return c.issue(t, leafOrder().with(edits))
}

func (c *cert) issue(t rapid.TB, o *order) *cert {
	t.Helper()
	return o.finish(t)(c.authority(t).Issue(o.key.Public(), &o.Profile, &o.Request))
}

func (c *cert) authority(t rapid.TB) *Authority {
	t.Helper()
	a, err := NewAuthority(c.Certificate, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// finish takes the DER in through Decode.
func (o *order) finish(t rapid.TB) func([]byte, error) *cert {
	return func(der []byte, err error) *cert {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		c, err := Decode(EncodeCertificate(der))
		if err != nil {
			t.Fatal(err)
		}
		return &cert{c, o.key}
	}
}

// wantRule holds that an error is an *Error of exactly one rule, and that it
// says what was found and wanted. An empty rule wants no error.
func wantRule(t rapid.TB, err error, rule Rule) {
	t.Helper()
	if rule == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, rule) || e.Rule != rule || e.Problem == "" {
		t.Errorf("got %v, want %v", err, rule)
	}
}

// openssl runs the command of that name and returns what it prints. It is on
// every Debian machine; a machine without it skips the test.
func openssl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl to ask")
	}
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	return string(out), err
}

// pemFile writes DER as a PEM file and returns its path.
func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pem.Encode(f, &pem.Block{Type: kind, Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(f.Name())
}
