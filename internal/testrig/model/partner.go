package model

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// partner is the other party of all worlds: an RSA root that certifies a host and a
// receiver, and an EC certificate that is its own root. They outlive the machine's clock.
type partner struct {
	host, receiver certified
	root, curve    certified
}

// certified is a key with a certificate.
type certified struct {
	crypto.Signer
	certificate *x509.Certificate
}

// text is the certificate as the service takes it.
func (c certified) text() string { return x509ca.EncodeCertificate(c.certificate.Raw) }

// newPartner takes RSA keys that the engine does not make.
func newPartner(t testing.TB, keys [3]*rsa.PrivateKey) *partner {
	t.Helper()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &partner{root: certified{Signer: keys[0]}, host: certified{Signer: keys[1]}, receiver: certified{Signer: keys[2]}, curve: certified{Signer: curve}}
	root, authority := &x509ca.Profile{Hash: crypto.SHA256, CA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}, (*x509ca.Authority)(nil)
	for _, c := range []*certified{&p.root, &p.host, &p.receiver, &p.curve} {
		request := &x509ca.Request{Subject: x509ca.Name{{Type: x509ca.CommonName, Value: "partner"}},
			NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}
		var der []byte
		if c == &p.root || c == &p.curve {
			der, err = x509ca.NewRoot(c.Signer, root, request)
		} else {
			request.Subject[0].Value = "partner's device"
			der, err = authority.Issue(c.Public(), &x509ca.Profile{Hash: crypto.SHA256}, request)
		}
		if err == nil {
			c.certificate, err = x509.ParseCertificate(der)
		}
		if err == nil && c == &p.root {
			authority, err = x509ca.NewAuthority(c.certificate, c.Signer)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

const nonce = "0011223344556677"

// seal makes a key token to the holder of a certificate.
func (p *partner) seal(krd string, key []byte) (string, error) {
	to, err := x509ca.Decode(krd)
	if err != nil {
		return "", err
	}
	raw, err := hex.DecodeString(nonce)
	der, err2 := tr34.Seal(&tr34.Sealing{Layout: tr34.LayoutX9TR342012, KDH: p.host.certificate, Signer: p.host.Signer, KRD: to, Header: "D9999K0TB00E0000", Nonce: raw}, key)
	return strings.ToUpper(hex.EncodeToString(der)), errors.Join(err, err2)
}

// open opens a key token to the receiver, signed by the owner of a certificate.
func (p *partner) open(block, kdh string, now time.Time) (*tr34.Opened, error) {
	signer, err := x509ca.Decode(kdh)
	raw, err2 := hex.DecodeString(block)
	number, err3 := hex.DecodeString(nonce)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	parsed, err := tr34.Parse(raw)
	if err != nil {
		return nil, err
	}
	return parsed.Open(p.receiver.Signer.(crypto.Decrypter), &tr34.Check{KDH: signer, KRD: p.receiver.certificate, Now: now, Nonce: number, CRL: tr34.CRLIgnored})
}

// cryptogram encrypts a key to the holder of a certificate.
func cryptogram(to string, key []byte) (string, error) {
	c, err := x509ca.Decode(to)
	if err != nil {
		return "", err
	}
	out, err := rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, c.PublicKey.(*rsa.PublicKey), key, nil)
	return strings.ToUpper(hex.EncodeToString(out)), err
}

func importKey(c *engine.Caller, m engine.ImportKeyMaterial) (engine.Key, error) {
	out, err := c.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: m})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

func exportKey(c *engine.Caller, id string, m engine.ExportKeyMaterial) (*engine.WrappedKey, error) {
	out, err := c.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: id, KeyMaterial: m})
	if err != nil {
		return nil, err
	}
	return out.WrappedKey, nil
}

// Modes of use as the machine names them.
var (
	cipherModes = apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}
	deriveModes = apc.KeyModesOfUse{DeriveKey: true}
)

func attributes(u apc.KeyUsage, a apc.KeyAlgorithm, m apc.KeyModesOfUse) apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: u, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: a, KeyModesOfUse: m}
}

func protectionKey(a apc.KeyAlgorithm) apc.KeyAttributes {
	return attributes(apc.KeyUsageTR31K1KeyBlockProtectionKey, a, cipherModes)
}
