package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed748fb4d1/apcsim/x509ca"
)

var partnerNewCommand = command{
	name:    "partner new",
	args:    "DIR",
	summary: "Make keys and certificates of another party, to exchange keys with the service",
	details: `
DIR is made with
  ca.crt, ca.key          an RSA authority: ca.crt.b64 goes to ImportKey, RootCertificatePublicKey
  kdh.crt, kdh.key        the sender of TR-34 tokens: apcsim tr34 wrap --partner DIR
  krd.crt, krd.key        the receiver of TR-34 tokens and of RSA cryptograms
  ecc-ca.crt, ecc-ca.key  an ECC authority, for the key pairs below
  ecdh-256.crt, .key, ecdh-384.crt, .key, ecdh-521.crt, .key
                          for ECDH on the three curves

Each NAME.crt.b64 is the same certificate as the service takes it, base64 of PEM on one line. RSA keys
have 3072 bits, which is enough to exchange AES_128 keys. All are valid for a year. The private
keys are for tests: they are not encrypted.`,
	setup: func(*flag.FlagSet) action {
		return func(_ context.Context, s streams, args []string) error {
			if len(args) != 1 {
				return usageError("wants one folder")
			}
			if err := newPartner(args[0], time.Now()); err != nil {
				return err
			}
			_, err := fmt.Fprintln(s.out, "made", shown(args[0]))
			return err
		}
	},
}

const (
	partnerBits = 3072
	partnerYear = 365 * 24 * time.Hour
)

var (
	partnerCA = &x509ca.Profile{Hash: crypto.SHA256, CA: true, BasicConstraintsCritical: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, KeyUsageCritical: true}
	partnerRSA = &x509ca.Profile{
		Hash:             crypto.SHA256,
		KeyUsage:         x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		KeyUsageCritical: true,
	}
	partnerECDH = &x509ca.Profile{
		Hash:             crypto.SHA256,
		KeyUsage:         x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement,
		KeyUsageCritical: true,
	}
)

// newPartner makes the folder with all of its files, or refuses one that is there.
func newPartner(dir string, now time.Time) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	rsaKey := func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, partnerBits) }
	ecKey := func(c elliptic.Curve) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return ecdsa.GenerateKey(c, rand.Reader) }
	}
	for _, family := range []partnerFamily{
		{"ca", "Partner RSA CA", rsaKey, partnerRSA, map[string]func() (crypto.Signer, error){"kdh": rsaKey, "krd": rsaKey}},
		{"ecc-ca", "Partner ECC CA", ecKey(elliptic.P521()), partnerECDH, map[string]func() (crypto.Signer, error){
			"ecdh-256": ecKey(elliptic.P256()), "ecdh-384": ecKey(elliptic.P384()), "ecdh-521": ecKey(elliptic.P521())}},
	} {
		if err := family.write(dir, now); err != nil {
			return err
		}
	}
	return nil
}

// partnerFamily is a certificate authority and the key pairs that it certifies, by their names.
type partnerFamily struct {
	ca, name string
	make     func() (crypto.Signer, error)
	profile  *x509ca.Profile
	leaves   map[string]func() (crypto.Signer, error)
}

// write makes the key pairs and their certificates.
func (f *partnerFamily) write(dir string, now time.Time) error {
	key, err := f.make()
	if err != nil {
		return err
	}
	root, err := x509ca.NewRoot(key, partnerCA, partnerRequest(f.name, now))
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(root)
	if err != nil {
		return err
	}
	authority, err := x509ca.NewAuthority(certificate, key)
	if err != nil {
		return err
	}
	if err := writePartner(dir, f.ca, key, root); err != nil {
		return err
	}
	for name, make := range f.leaves {
		pair, err := make()
		if err != nil {
			return err
		}
		leaf, err := authority.Issue(pair.Public(), f.profile, partnerRequest("Partner "+name, now))
		if err != nil {
			return err
		}
		if err := writePartner(dir, name, pair, leaf); err != nil {
			return err
		}
	}
	return nil
}

func partnerRequest(name string, now time.Time) *x509ca.Request {
	return &x509ca.Request{Subject: x509ca.Name{{Type: x509ca.Organization, Value: "Partner"}, {Type: x509ca.CommonName, Value: name}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(partnerYear)}
}

// writePartner writes a key pair: the private key, the certificate, and that as the service takes it.
func writePartner(dir, name string, key crypto.Signer, der []byte) error {
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for file, content := range map[string][]byte{
		name + ".key":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		name + ".crt":     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		name + ".crt.b64": []byte(x509ca.EncodeCertificate(der) + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
