package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"math/bits"
	"slices"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// call is something done with a backend, from its beginning to a result that
// is checked. do returns the device's error, or a mismatch.
type call struct {
	name string
	do   func(ctx context.Context, b hsm.Backend) error
}

// callsOn are calls of every method of the backend that it has. RSA keys are
// imported, never generated: that may take a second.
func callsOn(t T, b hsm.Backend) []call {
	t.Helper()
	id, err := b.MasterKeyID(ctx)
	if err != nil {
		t.Fatalf("MasterKeyID: %v", err)
	}
	all := []call{
		{"MasterKeyID", func(ctx context.Context, b hsm.Backend) error {
			got, err := b.MasterKeyID(ctx)
			return same([]byte(got), []byte(id), err)
		}},
		{"Random", randomly},
		imports(aes192), imports(tdes3), imports(hmac17), imports(hmac129), imports(rsa2048), imports(p384),
		generates(aes256), generates(tdes2), generates(hmac17), generates(hmac512), generates(p256),
	}
	if _, ok := b.(hsm.OpenGenerator); ok {
		all = append(all, generatesOpen(aes128), generatesOpen(hmac256), generatesOpen(p256))
	}
	return slices.DeleteFunc(all, func(c call) bool { return lacks(c.do(ctx, b)) })
}

func randomly(ctx context.Context, b hsm.Backend) error {
	p := make([]byte, 64)
	err := b.Random(ctx, p)
	if err == nil && (bytes.Equal(p[:32], make([]byte, 32)) || bytes.Equal(p[32:], make([]byte, 32)) || bytes.Equal(p[:32], p[32:])) {
		return mismatch("random bytes that are none")
	}
	return err
}

// imports seals a known key, and has a look at what was sealed by using it.
func imports(a hsm.Attributes) call {
	secret := secretOf(a)
	return call{"Import " + name(a), func(ctx context.Context, b hsm.Backend) error {
		sealed, err := b.Import(ctx, hsm.NewSecret(secret), a)
		if err != nil {
			return err
		}
		k, err := b.Open(ctx, sealed, a)
		if err != nil {
			return err
		}
		defer k.Close()
		return works(ctx, k, a, publicOf(a), secret)
	}}
}

// publicOf is the public half of secretOf, nil for a symmetric key.
func publicOf(a hsm.Attributes) crypto.PublicKey {
	switch a.Algorithm {
	case hsm.RSA:
		return &rsaPair().PublicKey
	case hsm.EC:
		return &ecPair(a.Bits, 1).PublicKey
	}
	return nil
}

// works says whether an open key is the one with the secret (nil: whichever
// is revealed) or the public half.
func works(ctx context.Context, k hsm.Key, a hsm.Attributes, public crypto.PublicKey, secret []byte) error {
	if public != nil {
		digest := sample(11, 32)
		sig, err := k.Sign(ctx, crypto.SHA256, digest)
		switch pub := public.(type) {
		case *rsa.PublicKey:
			return verified(rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest, sig) == nil, err)
		case *ecdsa.PublicKey:
			return verified(ecdsa.VerifyASN1(pub, digest, sig), err)
		}
		return mismatch("a public half of no kind that is known")
	}
	raw, err := revealed(ctx, k)
	if err != nil {
		return err
	}
	if secret != nil && !bytes.Equal(raw, secret) || len(raw) != a.Bits/8 {
		return mismatch("another key than the one that was sealed")
	}
	message := sample(12, 32)
	if a.Algorithm == hsm.HMAC {
		got, err := k.HMAC(ctx, message)
		if lacks(err) {
			return nil
		}
		return same(got, hmacOf(a, raw, message), err)
	}
	data := bytes.Clone(message)
	err = k.Encrypt(ctx, hsm.ECB, nil, data)
	return same(data, encrypted(raw, a.Algorithm, message), err)
}

// fresh checks a key that was just generated.
func fresh(ctx context.Context, k hsm.Key, a hsm.Attributes, public hsm.Public) error {
	if a.Algorithm == hsm.RSA || a.Algorithm == hsm.EC {
		pub, err := x509.ParsePKIXPublicKey(public)
		if err != nil {
			return mismatch("a public half that does not parse")
		}
		return works(ctx, k, a, pub, nil)
	}
	if err := works(ctx, k, a, nil, nil); err != nil || a.Algorithm != hsm.TDES {
		return err
	}
	raw, err := revealed(ctx, k)
	if err == nil && slices.ContainsFunc(raw, func(x byte) bool { return bits.OnesCount8(x)%2 == 0 }) {
		return mismatch("a TDES key with a byte of even parity")
	}
	return err
}

func generates(a hsm.Attributes) call {
	return call{"Generate " + name(a), func(ctx context.Context, b hsm.Backend) error {
		sealed, public, err := b.Generate(ctx, a)
		if err != nil {
			return err
		}
		k, err := b.Open(ctx, sealed, a)
		if err != nil {
			return err
		}
		defer k.Close()
		return fresh(ctx, k, a, public)
	}}
}

// generatesOpen checks that the key handed over and the sealed one are the
// same.
func generatesOpen(a hsm.Attributes) call {
	return call{"GenerateOpen " + name(a), func(ctx context.Context, b hsm.Backend) error {
		sealed, public, k, err := b.(hsm.OpenGenerator).GenerateOpen(ctx, a)
		if err != nil {
			return err
		}
		defer k.Close()
		if err := fresh(ctx, k, a, public); err != nil {
			return err
		}
		again, err := b.Open(ctx, sealed, a)
		if err != nil {
			return err
		}
		defer again.Close()
		if public != nil {
			return fresh(ctx, again, a, public)
		}
		raw, err := revealed(ctx, k)
		if err != nil {
			return err
		}
		return works(ctx, again, a, nil, raw)
	}}
}
