package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// pairOf is an open pair that was generated and its public half; ok is false
// where the device has no such pairs.
func pairOf(t T, b hsm.Backend, a hsm.Attributes) (k hsm.Key, public any, ok bool) {
	t.Helper()
	sealed, der, err := b.Generate(ctx, a)
	if lacks(err) {
		return nil, nil, false
	}
	if err != nil {
		t.Fatalf("Generate %s: %v", name(a), err)
	}
	if public, err = x509.ParsePKIXPublicKey(der); err != nil {
		t.Fatalf("%s: the public half: %v", name(a), err)
	}
	return open(t, b, sealed, a), public, true
}

// signedBy verifies a signature over a SHA-256 digest.
func signedBy(public any, digest, sig []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, sig) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, sig)
	}
	return false
}

var curves = []struct {
	attributes hsm.Attributes
	curve      elliptic.Curve
	ecdh       ecdh.Curve
}{{p256, elliptic.P256(), ecdh.P256()}, {p384, elliptic.P384(), ecdh.P384()}, {p521, elliptic.P521(), ecdh.P521()}}

var pairCases = []Case{
	{"ResealedPairsAreTheSame", "Resealer is a device that can seal the private key of a key pair anew", func(t T, b hsm.Backend) {
		device, ok := b.(hsm.Resealer)
		if !ok {
			return
		}
		for _, from := range []hsm.Attributes{rsa2048, kept(rsa2048), p256} {
			sealed, der, err := b.Generate(ctx, from)
			if lacks(err) {
				continue
			}
			if err != nil {
				t.Fatalf("Generate %s: %v", name(from), err)
			}
			to := with(from, func(a *hsm.Attributes) { a.KeyID, a.Usage = "another2another2", "S1" })
			anew, err := device.Reseal(ctx, sealed, from, to)
			if err != nil {
				t.Fatalf("Reseal %s: %v", name(from), err)
			}
			if _, err := b.Open(ctx, anew, from); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("%s: the new seal with the old attributes: %v", name(from), err)
			}
			public, err := x509.ParsePKIXPublicKey(der)
			if err != nil {
				t.Fatalf("%s: the public half: %v", name(from), err)
			}
			for what, s := range map[string]hsm.KeyRef{"old": {Sealed: sealed, Attributes: from}, "new": {Sealed: anew, Attributes: to}} {
				k := open(t, b, s.Sealed, s.Attributes)
				digest := sample(1, 32)
				if sig, err := k.Sign(ctx, crypto.SHA256, digest); !lacks(err) && (err != nil || !signedBy(public, digest, sig)) {
					t.Errorf("%s: the %s seal signs with another key, or %v", name(from), what, err)
				}
				k.Close()
			}
			for what, change := range map[string]func(*hsm.Attributes){
				"another exportability": func(a *hsm.Attributes) { a.Exportability = 'E' + 'N' - a.Exportability },
				"another length":        func(a *hsm.Attributes) { a.Bits = 521 },
			} {
				if _, err := device.Reseal(ctx, sealed, from, with(from, change)); !errors.Is(err, hsm.ErrAttributes) {
					t.Errorf("%s with %s: %v, want %v", name(from), what, err, hsm.ErrAttributes)
				}
			}
			if _, err := device.Reseal(ctx, sealed, to, from); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("%s: resealed with attributes that it does not have: %v", name(from), err)
			}
		}
	}},
	{"RSASignsAndDecrypts", "For a pair, Public is its public half. RSA keys have the exponent 65537.", func(t T, b hsm.Backend) {
		k, public, ok := pairOf(t, b, rsa2048)
		if !ok {
			return
		}
		defer k.Close()
		pub, ok := public.(*rsa.PublicKey)
		if !ok || pub.N.BitLen() != 2048 || pub.E != 65537 {
			t.Fatalf("the public half is %T", public)
		}
		digest := sample(1, 32)
		if sig, err := k.Sign(ctx, crypto.SHA256, digest); !lacks(err) && (err != nil || rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest, sig) != nil) {
			t.Errorf("a signature that does not verify: %v", err)
		}
		message := sample(4, 24)
		raw := make([]byte, 256)
		copy(raw[100:], message)
		encrypted := rawRSA(pub, raw)
		if got, err := k.DecryptRaw(ctx, encrypted); !lacks(err) && (err != nil || !got.Equal(hsm.NewSecret(raw))) {
			t.Errorf("raw RSA gives other bytes, or %v", err)
		}
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
			c, err := rsa.EncryptOAEP(hash.New(), rand.Reader, pub, message, nil)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if got, err := k.DecryptOAEP(ctx, hash, c); !lacks(err) && (err != nil || !got.Equal(hsm.NewSecret(message))) {
				t.Errorf("OAEP with %v gives other bytes, or %v", hash, err)
			}
			c[200] ^= 1
			if _, err := k.DecryptOAEP(ctx, hash, c); !lacks(err) && !errors.Is(err, hsm.ErrInput) {
				t.Errorf("a spoiled OAEP ciphertext: %v", err)
			}
		}
		for what, err := range map[string]error{
			"a short ciphertext": second(k.DecryptRaw(ctx, encrypted[1:])), "a number above the modulus": second(k.DecryptRaw(ctx, bytes.Repeat([]byte{0xFF}, 256))),
			"a short OAEP ciphertext": second(k.DecryptOAEP(ctx, crypto.SHA256, encrypted[1:])), "a short digest": second(k.Sign(ctx, crypto.SHA256, digest[1:])),
		} {
			if !errors.Is(err, hsm.ErrInput) && !lacks(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}},
	{"ECSignsAndAgrees", "ECDH returns the x coordinate shared with the peer's public key", func(t T, b hsm.Backend) {
		for _, c := range curves {
			k, public, ok := pairOf(t, b, c.attributes)
			if !ok {
				continue
			}
			pub, ok := public.(*ecdsa.PublicKey)
			if !ok || pub.Curve != c.curve {
				t.Fatalf("%s: the public half is %T", name(c.attributes), public)
			}
			digest := sample(2, 48)
			if sig, err := k.Sign(ctx, crypto.SHA384, digest); !lacks(err) && (err != nil || !ecdsa.VerifyASN1(pub, digest, sig)) {
				t.Errorf("%s: a signature that does not verify: %v", name(c.attributes), err)
			}
			peer, err := c.ecdh.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatalf("%v", err)
			}
			mine, _ := pub.ECDH()
			want, _ := peer.ECDH(mine)
			if got, err := k.ECDH(ctx, peer.PublicKey().Bytes()); !lacks(err) && (err != nil || !got.Equal(hsm.NewSecret(want))) {
				t.Errorf("%s: another shared secret, or %v", name(c.attributes), err)
			}
			for what, point := range map[string][]byte{"nothing": nil, "no point": make([]byte, len(peer.PublicKey().Bytes())), "half a point": peer.PublicKey().Bytes()[:20]} {
				if _, err := k.ECDH(ctx, point); !lacks(err) && !errors.Is(err, hsm.ErrInput) {
					t.Errorf("%s: %s as the peer: %v", name(c.attributes), what, err)
				}
			}
			k.Close()
		}
	}},
	{"PairsAreImported", "DER RSAPrivateKey (RFC 8017) for RSA, DER ECPrivateKey (RFC 5915) for EC.", func(t T, b hsm.Backend) {
		for _, c := range []struct {
			a     hsm.Attributes
			wrong int // bits that it does not have
		}{{rsa2048, 3072}, {p256, 384}, {p384, 521}, {p521, 256}} {
			k, ok := bringPair(t, b, secretOf(c.a), c.a)
			if !ok {
				continue
			}
			if err := works(ctx, k, c.a, publicOf(c.a), nil); err != nil && !lacks(err) {
				t.Errorf("an imported %s: %v", name(c.a), err)
			}
			k.Close()
			wrong := with(c.a, func(a *hsm.Attributes) { a.Bits = c.wrong })
			if _, err := b.Import(ctx, hsm.NewSecret(secretOf(c.a)), wrong); !errors.Is(err, hsm.ErrAttributes) {
				t.Errorf("%s as %s: %v", name(c.a), name(wrong), err)
			}
		}
	}},
	{"PrivateKeysAreKept", "ErrRefused where the device keeps it.", func(t T, b hsm.Backend) {
		for _, a := range []hsm.Attributes{rsa2048, p256} {
			k, ok := bringPair(t, b, secretOf(a), kept(a))
			if !ok {
				continue
			}
			if _, err := k.Reveal(ctx); !errors.Is(err, hsm.ErrRefused) {
				t.Errorf("an imported %s: %v", name(a), err)
			}
			k.Close()
		}
		k, _, ok := pairOf(t, b, kept(p256))
		if !ok {
			return
		}
		defer k.Close()
		if _, err := k.Reveal(ctx); !errors.Is(err, hsm.ErrRefused) {
			t.Errorf("a generated %s: %v", name(p256), err)
		}
	}},
	{"PairsThatMayBeExportedComeOutWhole", "Reveal returns the key in the clear, in the form that Import takes", func(t T, b hsm.Backend) {
		for _, a := range []hsm.Attributes{rsa2048, p256, p384, p521} {
			k, ok := bringPair(t, b, secretOf(a), a)
			if !ok {
				continue
			}
			raw, err := revealed(ctx, k)
			k.Close()
			if errors.Is(err, hsm.ErrRefused) || lacks(err) {
				continue // no command needs it
			}
			if err != nil {
				t.Errorf("%s: %v", name(a), err)
				continue
			}
			again, _ := bringPair(t, b, raw, a)
			if err := works(ctx, again, a, publicOf(a), nil); err != nil && !lacks(err) {
				t.Errorf("%s, revealed and imported again: %v", name(a), err)
			}
			again.Close()
		}
	}},
}

// rawRSA is the bare RSA function with a public key.
func rawRSA(pub *rsa.PublicKey, message []byte) []byte {
	m := new(big.Int).SetBytes(message)
	return m.Exp(m, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, pub.Size()))
}
