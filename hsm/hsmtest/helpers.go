package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
)

var ctx = context.Background()

// Attributes of keys that every device must have. All may be exported, so that a
// device reveals them.
var (
	aes128  = hsm.Attributes{KeyID: "kwapwa6qaifllw2h", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	aes192  = with(aes128, func(a *hsm.Attributes) { a.Bits = 192 })
	aes256  = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Bits = "K1", 256 })
	tdes2   = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm = "K0", hsm.TDES })
	tdes3   = with(tdes2, func(a *hsm.Attributes) { a.Bits = 192 })
	hmac256 = hmacKey(32, crypto.SHA256)
	hmac17  = hmacKey(17, crypto.SHA256)  // no whole number of blocks
	hmac129 = hmacKey(129, crypto.SHA256) // nor is this, which is longer than the hash's block
	hmac512 = hmacKey(64, crypto.SHA512)
	rsa2048 = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm, a.Mode, a.Bits = "S0", hsm.RSA, 'S', 2048 })
	p256    = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm, a.Mode, a.Bits = "K3", hsm.EC, 'X', 256 })
	p384    = with(p256, func(a *hsm.Attributes) { a.Bits = 384 })
	p521    = with(p256, func(a *hsm.Attributes) { a.Bits = 521 })

	ciphers   = []hsm.Attributes{aes128, aes192, aes256, tdes2, tdes3}
	symmetric = append(
		[]hsm.Attributes{hmac256, hmac512, hmac17, hmac129, hmacKey(28, crypto.SHA224), hmacKey(48, crypto.SHA384)},
		ciphers...)
	pairs = []hsm.Attributes{rsa2048, p256, p384, p521}
	every = slices.Concat(pairs, symmetric)
)

func hmacKey(n int, hash crypto.Hash) hsm.Attributes {
	return hsm.Attributes{
		KeyID:         "kwapwa6qaifllw2h",
		Usage:         "M7",
		Algorithm:     hsm.HMAC,
		Mode:          'C',
		Exportability: 'E',
		Bits:          n * 8,
		Hash:          hash,
	}
}

func with(a hsm.Attributes, change func(*hsm.Attributes)) hsm.Attributes {
	change(&a)
	return a
}

// kept is a key that may not be exported.
func kept(a hsm.Attributes) hsm.Attributes {
	a.Exportability = 'N'
	return a
}

func name(a hsm.Attributes) string { return fmt.Sprintf("%v-%d", a.Algorithm, a.Bits) }

// lacks reports whether an error says that the device has no such primitive and
// names it, which is no failure.
func lacks(err error) bool {
	missing, ok := errors.AsType[*hsm.UnsupportedError](err)
	return ok && missing.Primitive != ""
}

// mismatch is a success with a result that is another than it should be.
type mismatch string

func (m mismatch) Error() string { return string(m) }

// same is the device's error, or a mismatch.
func same(got, want []byte, err error) error {
	switch {
	case err != nil:
		return err
	case len(got) != len(want):
		return mismatch(fmt.Sprintf("a result of %d bytes, want %d", len(got), len(want)))
	case !bytes.Equal(got, want):
		return mismatch("another result than the right one")
	}
	return nil
}

// verified is the device's error, or a mismatch.
func verified(good bool, err error) error {
	if err == nil && !good {
		return mismatch("a signature that does not verify")
	}
	return err
}

// good fails the case for an error.
func good(t tester, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// goodOrLacks is good where the device may lack the primitive.
func goodOrLacks(t tester, what string, err error) {
	t.Helper()
	if !lacks(err) {
		good(t, what, err)
	}
}

// fails fails the case for every error that is not want.
func fails(t tester, want error, errs map[string]error) {
	t.Helper()
	for what, err := range errs {
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
}

// failsOrLacks is fails where the device may lack the primitive.
func failsOrLacks(t tester, want error, errs map[string]error) {
	t.Helper()
	maps.DeleteFunc(errs, func(_ string, err error) bool { return lacks(err) })
	fails(t, want, errs)
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }

func open(t tester, b hsm.Backend, s hsm.Sealed, a hsm.Attributes) hsm.Key {
	t.Helper()
	k, err := b.Open(ctx, s, a)
	if err != nil {
		t.Fatalf("Open %s: %v", name(a), err)
	}
	return k
}

// opened imports and opens the key of secretOf; ok is false where the device has no
// keys of the kind.
func opened(t tester, b hsm.Backend, a hsm.Attributes) (k hsm.Key, ok bool) {
	t.Helper()
	sealed, err := b.Import(ctx, hsm.NewSecret(secretOf(a)), a)
	if lacks(err) {
		return nil, false
	}
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	return open(t, b, sealed, a), true
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

// sample is n bytes, other ones for each seed. As a TDES key they have bytes of
// both parities.
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
		panic(err) // it is part of the program
	}
	return key
})

// ecPair is a pair of a curve with the given private number, or a long one for nil.
func ecPair(bits int, number []byte) *ecdsa.PrivateKey {
	size := (bits + 7) / 8
	if number == nil {
		number = sample(1, size-2)
	}
	curve := map[int]elliptic.Curve{256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}[bits]
	key, err := ecdsa.ParseRawPrivateKey(curve, append(make([]byte, size-len(number)), number...))
	if err != nil {
		panic(err) // the number is neither zero nor above the order
	}
	return key
}

// secretOf is a key in the form that Import takes: always the same one for the same
// attributes.
func secretOf(a hsm.Attributes) []byte {
	switch a.Algorithm {
	case hsm.RSA:
		return x509.MarshalPKCS1PrivateKey(rsaPair())
	case hsm.EC:
		der, err := x509.MarshalECPrivateKey(ecPair(a.Bits, nil))
		if err != nil {
			panic(err) // a curve that X.509 has
		}
		return der
	}
	return sample(a.Bits/8, a.Bits/8)
}

// publicOf is the public half of secretOf, nil for a symmetric key.
func publicOf(a hsm.Attributes) crypto.PublicKey {
	switch a.Algorithm {
	case hsm.RSA:
		return &rsaPair().PublicKey
	case hsm.EC:
		return &ecPair(a.Bits, nil).PublicKey
	}
	return nil
}
