package hsmtest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
)

// What the cases are told in.

var ctx = context.Background()

// Attributes of keys that every device must know. All may be exported, so
// that a device reveals them.
var (
	aes128  = hsm.Attributes{KeyID: "kwapwa6qaifllw2h", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	aes192  = with(aes128, func(a *hsm.Attributes) { a.Bits = 192 })
	aes256  = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Bits = "K1", 256 })
	tdes2   = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm = "K0", hsm.TDES })
	tdes3   = with(tdes2, func(a *hsm.Attributes) { a.Bits = 192 })
	hmac256 = with(aes128, func(a *hsm.Attributes) {
		a.Usage, a.Algorithm, a.Mode, a.Bits, a.Hash = "M7", hsm.HMAC, 'C', 256, crypto.SHA256
	})
	hmac17  = with(hmac256, func(a *hsm.Attributes) { a.Bits = 17 * 8 })  // no whole number of blocks
	hmac129 = with(hmac256, func(a *hsm.Attributes) { a.Bits = 129 * 8 }) // nor is this, which is longer than the hash's block
	rsa2048 = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm, a.Mode, a.Bits = "S0", hsm.RSA, 'S', 2048 })
	p256    = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm, a.Mode, a.Bits = "K3", hsm.EC, 'X', 256 })
	p384    = with(p256, func(a *hsm.Attributes) { a.Bits = 384 })
	p521    = with(p256, func(a *hsm.Attributes) { a.Bits = 521 })

	ciphers   = []hsm.Attributes{aes128, aes192, aes256, tdes2, tdes3}
	hmac512   = with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = 512, crypto.SHA512 })
	symmetric = append([]hsm.Attributes{hmac256, hmac512, hmac17, hmac129,
		with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = 224, crypto.SHA224 }),
		with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = 384, crypto.SHA384 })}, ciphers...)
)

func with(a hsm.Attributes, change func(*hsm.Attributes)) hsm.Attributes {
	change(&a)
	return a
}

// kept is a key that is never revealed for export.
func kept(a hsm.Attributes) hsm.Attributes {
	a.Exportability = 'N'
	return a
}

func name(a hsm.Attributes) string { return fmt.Sprintf("%c-%d", a.Algorithm, a.Bits) }

func generate(t T, b hsm.Backend, a hsm.Attributes) (hsm.Sealed, hsm.Public) {
	t.Helper()
	sealed, public, err := b.Generate(ctx, a)
	if err != nil {
		t.Fatalf("Generate %s: %v", name(a), err)
	}
	return sealed, public
}

func open(t T, b hsm.Backend, s hsm.Sealed, a hsm.Attributes) hsm.Key {
	t.Helper()
	k, err := b.Open(ctx, s, a)
	if err != nil {
		t.Fatalf("Open %s: %v", name(a), err)
	}
	return k
}

// bring imports and opens a key.
func bring(t T, b hsm.Backend, raw []byte, a hsm.Attributes) hsm.Key {
	t.Helper()
	sealed, err := b.Import(ctx, hsm.NewSecret(raw), a)
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	return open(t, b, sealed, a)
}

// bringPair is bring for a key of a kind that a device may lack; ok is false
// where it does.
func bringPair(t T, b hsm.Backend, raw []byte, a hsm.Attributes) (k hsm.Key, ok bool) {
	t.Helper()
	sealed, err := b.Import(ctx, hsm.NewSecret(raw), a)
	if lacks(err) {
		return nil, false
	}
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	return open(t, b, sealed, a), true
}

// bytesOf copies what is revealed of a key.
func bytesOf(t T, k hsm.Key) []byte {
	t.Helper()
	out, err := revealed(ctx, k)
	if err != nil {
		t.Fatalf("Reveal: %v", err)
	}
	return out
}

func revealed(ctx context.Context, k hsm.Key) ([]byte, error) {
	s, err := k.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Destroy()
	return exposed(s), nil
}

// exposed copies a secret.
func exposed(s hsm.Secret) (out []byte) {
	s.Expose(func(clear []byte) error { out = append([]byte{}, clear...); return nil })
	return out
}

// lacks says that the device has no such primitive and names it, which is no
// fault.
func lacks(err error) bool {
	missing, ok := errors.AsType[*hsm.UnsupportedError](err)
	return ok && missing.Primitive != ""
}

// sample is n bytes, other ones for each seed. As a TDES key they have bytes
// of both parities.
func sample(seed, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(seed*59 + i*i*7 + i)
	}
	return out
}

// rsaPair is a pair of 2048 bits that was made beforehand.
var rsaPair = sync.OnceValue(func() *rsa.PrivateKey {
	private, _, _ := testkeys.Ready().Next(2048)
	key, err := x509.ParsePKCS1PrivateKey(exposed(private))
	if err != nil {
		panic(err) // it stands in the program
	}
	return key
})

var curveOf = map[int]elliptic.Curve{256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}

// ecPair is a pair of a curve; the second is for the other party.
func ecPair(bits, seed int) *ecdsa.PrivateKey { return ecPairs()[[2]int{bits, seed}] }

var ecPairs = sync.OnceValue(func() map[[2]int]*ecdsa.PrivateKey {
	out := map[[2]int]*ecdsa.PrivateKey{}
	for bits, curve := range curveOf {
		for seed := 1; seed <= 2; seed++ {
			size := (bits + 7) / 8
			key, err := ecdsa.ParseRawPrivateKey(curve, append(make([]byte, 2), sample(seed, size-2)...))
			if err != nil {
				panic(err) // the number is neither zero nor above the order
			}
			out[[2]int{bits, seed}] = key
		}
	}
	return out
})

// secretOf is a key in the form that Import takes: always the same one for the
// same attributes.
func secretOf(a hsm.Attributes) []byte {
	switch a.Algorithm {
	case hsm.RSA:
		return x509.MarshalPKCS1PrivateKey(rsaPair())
	case hsm.EC:
		der, err := x509.MarshalECPrivateKey(ecPair(a.Bits, 1))
		if err != nil {
			panic(err) // a curve that X.509 knows
		}
		return der
	}
	return sample(a.Bits/8, a.Bits/8)
}
