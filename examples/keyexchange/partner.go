package main

import (
	"bytes"
	"context"
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
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// partner is the other party: a key distribution host and key receiving device
// under an authority of its own, and an EC key whose certificate is its own
// authority. It works with the standard library, tr31 and tr34, and never sees
// the inside of the service.
type partner struct {
	root, host, device identity
	curve              identity
	now                time.Time
	kek                []byte // the key-encryption key that it gave the service
}

// identity is a private key and its certificate.
type identity struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

func newPartner(now time.Time) (*partner, error) {
	p := &partner{now: now}
	for _, i := range []struct {
		who  *identity
		name string
		by   *identity
		key  func() (crypto.Signer, error)
	}{
		{&p.root, "Partner CA", nil, newRSA},
		{&p.host, "Partner KDH", &p.root, newRSA},
		{&p.device, "Partner KRD", &p.root, newRSA},
		{&p.curve, "Partner ECDH", nil, newEC},
	} {
		key, err := i.key()
		if err != nil {
			return nil, err
		}
		if *i.who, err = certify(key, i.name, i.by, now); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func newRSA() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }
func newEC() (crypto.Signer, error)  { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) }

// certify makes a certificate, self-signed where there is no issuer.
func certify(key crypto.Signer, name string, by *identity, now time.Time) (identity, error) {
	c := &x509.Certificate{SerialNumber: big.NewInt(now.Unix()), Subject: pkix.Name{CommonName: name, Organization: []string{"Partner"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 30)}
	parent, signer := c, key
	if by == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageKeyAgreement
	} else {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return identity{}, err
	}
	c, err = x509.ParseCertificate(der)
	return identity{key, c}, err
}

// text is the certificate as the service takes and gives certificates.
func (i identity) text() string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw}))
}

func readCertificate(text string) (*x509.Certificate, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("no certificate in %q", text)
	}
	return x509.ParseCertificate(block.Bytes)
}

func newKey(size int) []byte {
	key := make([]byte, size)
	rand.Read(key)
	return key
}

// sealToken sends a key as a TR-34 token to the holder of a certificate.
func (p *partner) sealToken(to, header string, nonce, key []byte) (string, error) {
	krd, err := readCertificate(to)
	if err != nil {
		return "", err
	}
	der, err := tr34.Seal(
		&tr34.Sealing{Layout: tr34.LayoutX9TR342012, KDH: p.host.certificate, Signer: p.host.key, KRD: krd, Header: header, Nonce: nonce},
		key,
	)
	return upperHex(der), err
}

// openToken opens a token that the service signed with the key of a certificate.
func (p *partner) openToken(token, signer string, nonce []byte) (*tr34.Opened, error) {
	der, err := hex.DecodeString(token)
	if err != nil {
		return nil, err
	}
	kdh, err := readCertificate(signer)
	if err != nil {
		return nil, err
	}
	t, err := tr34.Parse(der)
	if err != nil {
		return nil, err
	}
	return t.Open(p.device.key.(crypto.Decrypter), &tr34.Check{KDH: kdh, KRD: p.device.certificate, Now: p.now, Nonce: nonce})
}

// wrap makes a key block, unwrap opens one.
func wrap(ctx context.Context, kbpk []byte, header string, key []byte) (string, error) {
	k, err := tr31.NewKBPK(kbpk)
	if err != nil {
		return "", err
	}
	h, err := tr31.ParseHeader(header)
	if err != nil {
		return "", err
	}
	return k.Wrap(ctx, h, key, nil)
}

func unwrap(ctx context.Context, kbpk []byte, block string) ([]byte, error) {
	k, err := tr31.NewKBPK(kbpk)
	if err != nil {
		return nil, err
	}
	b, err := tr31.Parse(block, tr31.Strict)
	if err != nil {
		return nil, err
	}
	return k.Unwrap(ctx, b)
}

// agree derives an AES-256 key from the partner's EC key and the service's, by
// the concatenation KDF of NIST SP 800-56A with SHA-256.
func (p *partner) agree(with string, info []byte) ([]byte, error) {
	c, err := readCertificate(with)
	if err != nil {
		return nil, err
	}
	theirs, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the service's certificate has a %T", c.PublicKey)
	}
	public, err := theirs.ECDH()
	if err != nil {
		return nil, err
	}
	private, err := p.curve.key.(*ecdsa.PrivateKey).ECDH()
	if err != nil {
		return nil, err
	}
	shared, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bytes.Join([][]byte{binary.BigEndian.AppendUint32(nil, 1), shared, info}, nil)) // 32 bytes are one round
	return sum[:], nil
}

// encrypt and decrypt are RSA-OAEP with SHA-256.
func (p *partner) encrypt(to string, key []byte) (string, error) {
	c, err := readCertificate(to)
	if err != nil {
		return "", err
	}
	public, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return "", fmt.Errorf("the service's certificate has a %T", c.PublicKey)
	}
	out, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, key, nil)
	return upperHex(out), err
}

func (p *partner) decrypt(cryptogram string) ([]byte, error) {
	raw, err := hex.DecodeString(cryptogram)
	if err != nil {
		return nil, err
	}
	return rsa.DecryptOAEP(sha256.New(), nil, p.device.key.(*rsa.PrivateKey), raw, nil)
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
