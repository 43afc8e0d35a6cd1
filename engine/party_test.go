package engine_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// The other party of an exchange, on the standard library alone: an authority
// of its own, and keys that the authority certifies.

// rsaKey is a pair that no simulator of these tests comes to hand out.
func rsaKey(t testing.TB, bits, fromEnd int) *rsa.PrivateKey { return simtest.PartyRSA(bits, fromEnd) }

func ecKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certified is a key with a certificate.
type certified struct {
	crypto.Signer
	certificate *x509.Certificate
}

// text is the certificate as the service takes it.
func (c certified) text() string { return certificateText(c.certificate.Raw) }

func certificateText(der []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// issue certifies a key; nil for the issuer makes it self-signed. Change may
// make the certificate a bad one.
func issue(t testing.TB, key crypto.Signer, name string, by *certified, change func(*x509.Certificate)) certified {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{"Other party"}},
		NotBefore: noon.Add(-24 * time.Hour), NotAfter: noon.Add(400 * 24 * time.Hour),
	}
	if by == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.Signer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certified{key, c}
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// publicAttributes are those of an imported certificate authority.
func publicAttributes(a apc.KeyAlgorithm) apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassPublicKey,
		KeyAlgorithm: a, KeyModesOfUse: apc.KeyModesOfUse{Verify: true}}
}

func importMaterial(c *engine.Caller, m engine.ImportKeyMaterial) (engine.Key, error) {
	out, err := c.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: m})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

// trust imports a root and returns its key.
func trust(t testing.TB, c *engine.Caller, root certified, a apc.KeyAlgorithm) engine.Key {
	t.Helper()
	k, err := importMaterial(c, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
		KeyAttributes: publicAttributes(a), PublicKeyCertificate: root.text()}})
	if err != nil {
		t.Fatalf("importing the root: %v", err)
	}
	return k
}

// concatKDF is NIST SP 800-56C's one-step derivation with SHA-256.
func concatKDF(shared, info []byte, size int) (out []byte) {
	for n := uint32(1); len(out) < size; n++ {
		sum := sha256.Sum256(append(append(binary.BigEndian.AppendUint32(nil, n), shared...), info...))
		out = append(out, sum[:]...)
	}
	return out[:size]
}

func clocked(t testing.TB, o engine.Options) (*engine.Engine, *engine.Clock) {
	t.Helper()
	clock := engine.NewClock(noon)
	o.Now = clock.Now
	return simtest.New(t, &o), clock
}
