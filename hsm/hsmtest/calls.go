package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"math/bits"
	"slices"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// call is something done with a backend, from its beginning to a result that is
// checked. do returns the device's error, or a mismatch.
type call struct {
	name string
	do   func(ctx context.Context, b hsm.Backend) error
}

// callsOn are calls of every method of the backend that it has. RSA keys are
// imported, never generated: that may take a second.
func callsOn(t tester, b hsm.Backend) []call {
	t.Helper()
	id := masterKeyID(t, b)
	all := []call{
		{"MasterKeyID", func(ctx context.Context, b hsm.Backend) error {
			got, err := b.MasterKeyID(ctx)
			return same([]byte(got), []byte(id), err)
		}},
		{"Random", randomly},
	}
	for _, a := range []hsm.Attributes{aes192, tdes3, hmac17, hmac129, rsa2048, p384} {
		all = append(all, imports(a))
	}
	for _, a := range []hsm.Attributes{aes256, tdes2, hmac17, hmac512, p256} {
		all = append(all, generates(a))
	}
	if _, ok := b.(hsm.OpenGenerator); ok {
		all = append(all, generatesOpen(aes128), generatesOpen(hmac256), generatesOpen(p256))
	}
	return slices.DeleteFunc(all, func(c call) bool { return lacks(c.do(ctx, b)) })
}

func masterKeyID(t tester, b hsm.Backend) string {
	t.Helper()
	id, err := b.MasterKeyID(ctx)
	if err != nil || id == "" {
		t.Fatalf("MasterKeyID: %q, %v", id, err)
	}
	return id
}

func randomly(ctx context.Context, b hsm.Backend) error {
	p := make([]byte, 64)
	err := b.Random(ctx, p)
	if err == nil && (bytes.Equal(p[:32], make([]byte, 32)) || bytes.Equal(p[32:], make([]byte, 32)) || bytes.Equal(p[:32], p[32:])) {
		return mismatch("random bytes that are none")
	}
	return err
}

// imports seals a known key and uses what was sealed.
func imports(a hsm.Attributes) call {
	secret := secretOf(a)
	return call{"Import " + name(a), func(ctx context.Context, b hsm.Backend) error {
		sealed, err := b.Import(ctx, hsm.NewSecret(secret), a)
		if err != nil {
			return err
		}
		return madeKey{a, sealed, secret, publicOf(a)}.whole(ctx, b)
	}}
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
		_, err = fresh(ctx, k, a, sealed, public)
		return err
	}}
}

// generatesOpen checks that the key handed over and the sealed one are the same.
func generatesOpen(a hsm.Attributes) call {
	return call{"GenerateOpen " + name(a), func(ctx context.Context, b hsm.Backend) error {
		sealed, public, k, err := b.(hsm.OpenGenerator).GenerateOpen(ctx, a)
		if err != nil {
			return err
		}
		defer k.Close()
		made, err := fresh(ctx, k, a, sealed, public)
		if err != nil {
			return err
		}
		return made.whole(ctx, b)
	}}
}

// madeKey is a sealed key, and what it is known again by.
type madeKey struct {
	a      hsm.Attributes
	sealed hsm.Sealed
	raw    []byte           // of a symmetric key; nil where the device keeps it
	public crypto.PublicKey // of a pair
}

// fresh checks a key that was just generated.
func fresh(ctx context.Context, k hsm.Key, a hsm.Attributes, sealed hsm.Sealed, public hsm.Public) (made madeKey, err error) {
	made = madeKey{a: a, sealed: sealed}
	if a.Algorithm == hsm.RSA || a.Algorithm == hsm.EC {
		if made.public, err = x509.ParsePKIXPublicKey(public); err != nil {
			return made, mismatch("a public half that does not parse")
		}
		if pub, ok := made.public.(*rsa.PublicKey); ok && (pub.E != 65537 || pub.N.BitLen() != a.Bits) {
			return made, mismatch("an RSA key of another length or exponent")
		}
		return made, made.works(ctx, k)
	}
	made.raw, err = revealed(ctx, k)
	switch {
	case err != nil:
		return made, err
	case public != nil || len(made.raw) != a.Bits/8:
		return made, mismatch("a symmetric key of another length, or with a public half")
	case a.Algorithm == hsm.TDES && slices.ContainsFunc(made.raw, func(x byte) bool { return bits.OnesCount8(x)%2 == 0 }):
		return made, mismatch("a TDES key with a byte of even parity")
	}
	return made, made.works(ctx, k)
}

// works reports whether an open key is this one.
func (m madeKey) works(ctx context.Context, k hsm.Key) error {
	if m.public != nil {
		return signed(ctx, k, m.public, crypto.SHA256)
	}
	if raw, err := revealed(ctx, k); err != nil || !bytes.Equal(raw, m.raw) {
		return same(raw, m.raw, err)
	}
	message := sample(12, 48)
	if m.a.Algorithm == hsm.HMAC {
		got, err := k.HMAC(ctx, message)
		return same(got, hmacOf(m.a, m.raw, message), err)
	}
	data := bytes.Clone(message)
	err := k.Encrypt(ctx, hsm.ECB, nil, data)
	return same(data, encrypted(m.raw, m.a.Algorithm, message), err)
}

// whole opens the key and looks whether it is this one.
func (m madeKey) whole(ctx context.Context, b hsm.Backend) error {
	k, err := b.Open(ctx, m.sealed, m.a)
	if err != nil {
		return err
	}
	defer k.Close()
	return m.works(ctx, k)
}
