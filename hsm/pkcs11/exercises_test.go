//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

var ctx = context.Background()

// errWrong: the device answered, and wrongly.
var errWrong = errors.New("a wrong result")

// Keys with known bytes.
var (
	knownKey  = []byte("0123456789abcdef0123456789ABCDEF")
	knownAES  = hsm.Attributes{KeyID: "a", Usage: "K1", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 256}
	knownKept = hsm.Attributes{KeyID: "a", Usage: "K1", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 256}
	knownTDES = hsm.Attributes{KeyID: "t", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: 192}
	knownHMAC = hsm.Attributes{
		KeyID:         "h",
		Usage:         "M7",
		Algorithm:     hsm.HMAC,
		Mode:          'C',
		Exportability: 'N',
		Bits:          256,
		Hash:          crypto.SHA256,
	}
	knownRSA = hsm.Attributes{KeyID: "r", Usage: "D1", Algorithm: hsm.RSA, Mode: 'B', Exportability: 'N', Bits: 2048}
	knownEC  = hsm.Attributes{KeyID: "e", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N', Bits: 256}
)

// probePrivate is the pair of probe.pem.
func probePrivate() (*rsa.PrivateKey, []byte) {
	block, _ := pem.Decode(probePEM)
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	return key, block.Bytes
}

// ecScalar is a private key of P-256, and the form in which it is imported.
func ecScalar() (*ecdh.PrivateKey, []byte) {
	key, err := ecdh.P256().NewPrivateKey(knownKey)
	if err != nil {
		panic(err)
	}
	signer, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), knownKey)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalECPrivateKey(signer)
	if err != nil {
		panic(err)
	}
	return key, der
}

// sealedKeys are the known keys, sealed.
type sealedKeys struct{ aes, kept, tdes, hmac, rsa, ec hsm.Sealed }

func sealKnown(t testing.TB, b hsm.Backend) sealedKeys {
	t.Helper()
	seal := func(raw []byte, a hsm.Attributes) hsm.Sealed {
		s, err := b.Import(ctx, hsm.NewSecret(raw), a)
		if err != nil {
			t.Fatalf("Import %+v: %v", a, err)
		}
		return s
	}
	_, der := probePrivate()
	_, ec := ecScalar()
	return sealedKeys{
		seal(knownKey, knownAES),
		seal(knownKey, knownKept),
		seal(knownKey[:24], knownTDES),
		seal(knownKey, knownHMAC),
		seal(der, knownRSA),
		seal(ec, knownEC),
	}
}

// openKept opens the key that stays in the token, until the test ends.
func openKept(t testing.TB, b hsm.Backend, s sealedKeys) hsm.Key {
	t.Helper()
	k, err := b.Open(ctx, s.kept, knownKept)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// exercise is something done with a device, whose result is checked.
type exercise struct {
	name string
	do   func(ctx context.Context, b hsm.Backend, s sealedKeys) error
}

// with opens a key, uses it and closes it.
func with(ctx context.Context, b hsm.Backend, s hsm.Sealed, a hsm.Attributes, use func(hsm.Key) error) error {
	k, err := b.Open(ctx, s, a)
	if err != nil {
		return err
	}
	defer k.Close()
	return use(k)
}

// same is the call's error, or errWrong if it gave something else than it should.
func same(got []byte, err error, want []byte) error {
	if err == nil && !bytes.Equal(got, want) {
		return errWrong
	}
	return err
}

func exposed(s hsm.Secret, err error) ([]byte, error) {
	var out []byte
	s.Expose(func(clear []byte) error { out = bytes.Clone(clear); return nil })
	return out, err
}

// generated makes a key and has it agree with itself when it is opened again.
func generated(
	a hsm.Attributes,
	try func(context.Context, hsm.Key) ([]byte, error),
) func(context.Context, hsm.Backend, sealedKeys) error {
	return func(ctx context.Context, b hsm.Backend, _ sealedKeys) error {
		sealed, _, k, err := b.(hsm.OpenGenerator).GenerateOpen(ctx, a)
		if err != nil {
			return err
		}
		want, err := try(ctx, k)
		k.Close()
		if err != nil {
			return err
		}
		return with(ctx, b, sealed, a, func(k hsm.Key) error {
			got, err := try(ctx, k)
			return same(got, err, want)
		})
	}
}

func enciphered(ctx context.Context, k hsm.Key) ([]byte, error) {
	out := make([]byte, 16)
	err := k.Encrypt(ctx, hsm.ECB, nil, out)
	return out, err
}

func aesBlock() (cmacSum func([]byte) []byte, encrypt func([]byte) []byte) {
	block := testrig.AES(knownKey)
	return func(m []byte) []byte { return mac.NewCMAC(block).Sum(nil, m) }, func(in []byte) []byte {
		out := bytes.Clone(in)
		block.Encrypt(out, out)
		return out
	}
}

var exercises = []exercise{
	{
		"generate AES",
		generated(hsm.Attributes{KeyID: "g", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 128}, enciphered),
	},
	{
		"generate TDES",
		generated(hsm.Attributes{KeyID: "g", Usage: "D0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 192}, enciphered),
	},
	{
		"generate HMAC",
		generated(
			hsm.Attributes{KeyID: "g", Usage: "M7", Algorithm: hsm.HMAC, Mode: 'C', Exportability: 'N', Bits: 256, Hash: crypto.SHA256},
			func(ctx context.Context, k hsm.Key) ([]byte, error) { return k.HMAC(ctx, knownKey) },
		),
	},
	{"generate EC", generated(hsm.Attributes{KeyID: "g", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N', Bits: 256},
		func(ctx context.Context, k hsm.Key) ([]byte, error) {
			peer, _ := ecScalar()
			return exposed(k.ECDH(ctx, peer.PublicKey().Bytes()))
		})},
	{"import", func(ctx context.Context, b hsm.Backend, _ sealedKeys) error {
		s, err := b.Import(
			ctx,
			hsm.NewSecret(knownKey[:16]),
			hsm.Attributes{KeyID: "i", Usage: "D0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 128},
		)
		if err != nil {
			return err
		}
		return with(
			ctx,
			b,
			s,
			hsm.Attributes{KeyID: "i", Usage: "D0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 128},
			func(k hsm.Key) error {
				got, err := exposed(k.Reveal(ctx))
				return same(got, err, knownKey[:16])
			},
		)
	}},
	{"encrypt and authenticate", func(ctx context.Context, b hsm.Backend, s sealedKeys) error {
		return with(ctx, b, s.kept, knownKept, func(k hsm.Key) error {
			sum, encrypt := aesBlock()
			got, err := enciphered(ctx, k)
			if err := same(got, err, encrypt(make([]byte, 16))); err != nil {
				return err
			}
			err = k.Decrypt(ctx, hsm.ECB, nil, got)
			if err := same(got, err, make([]byte, 16)); err != nil {
				return err
			}
			mac, err := k.CMAC(ctx, knownKey)
			return same(mac, err, sum(knownKey))
		})
	}},
	{"derive block keys", func(ctx context.Context, b hsm.Backend, s sealedKeys) error {
		return with(ctx, b, s.kept, knownKept, func(k hsm.Key) error {
			kbek, kbak, err := k.DeriveKBPK(ctx, tr31.VersionD)
			if err != nil {
				return err
			}
			defer kbek.Close()
			defer kbak.Close()
			sum, _ := aesBlock()
			enc, _ := tr31.Derivation(tr31.VersionD, 256)
			block, err := aes.NewCipher(append(sum(enc[0]), sum(enc[1])...))
			if err != nil {
				return err
			}
			want := make([]byte, 16)
			block.Encrypt(want, want)
			got, err := enciphered(ctx, kbek)
			if err := same(got, err, want); err != nil {
				return err
			}
			_, err = kbak.CMAC(ctx, knownKey)
			return err
		})
	}},
	{"HMAC", func(ctx context.Context, b hsm.Backend, s sealedKeys) error {
		return with(ctx, b, s.hmac, knownHMAC, func(k hsm.Key) error {
			want := hmac.New(sha256.New, knownKey)
			want.Write(knownKey)
			got, err := k.HMAC(ctx, knownKey)
			return same(got, err, want.Sum(nil))
		})
	}},
	{"reveal", func(ctx context.Context, b hsm.Backend, s sealedKeys) error {
		return with(ctx, b, s.tdes, knownTDES, func(k hsm.Key) error {
			got, err := exposed(k.Reveal(ctx))
			return same(got, err, knownKey[:24])
		})
	}},
	{"sign and decrypt by RSA", func(ctx context.Context, b hsm.Backend, s sealedKeys) error {
		private, _ := probePrivate()
		return with(ctx, b, s.rsa, knownRSA, func(k hsm.Key) error {
			want, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, knownKey)
			if err != nil {
				return err
			}
			got, err := k.Sign(ctx, crypto.SHA256, knownKey)
			if err := same(got, err, want); err != nil {
				return err
			}
			two := big.NewInt(2)
			raw := new(big.Int).Exp(two, big.NewInt(65537), private.N).FillBytes(make([]byte, 256))
			got, err = exposed(k.DecryptRaw(ctx, raw))
			return same(got, err, two.FillBytes(make([]byte, 256)))
		})
	}},
	{"agree by ECDH", func(ctx context.Context, b hsm.Backend, s sealedKeys) error {
		return with(ctx, b, s.ec, knownEC, func(k hsm.Key) error {
			own, _ := ecScalar()
			want, err := own.ECDH(own.PublicKey())
			if err != nil {
				return err
			}
			got, err := exposed(k.ECDH(ctx, own.PublicKey().Bytes()))
			return same(got, err, want)
		})
	}},
	{"random", func(ctx context.Context, b hsm.Backend, _ sealedKeys) error {
		out := make([]byte, 32)
		err := b.Random(ctx, out)
		if err == nil && bytes.Equal(out, make([]byte, 32)) {
			return errWrong
		}
		return err
	}},
}
