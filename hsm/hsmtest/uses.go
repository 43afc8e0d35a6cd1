package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// use is one primitive with the key of secretOf. do returns the device's error, or a
// mismatch with what Go's crypto makes of it.
type use struct {
	name string
	a    hsm.Attributes
	do   func(ctx context.Context, k hsm.Key) error
}

// uses are every primitive, each with keys of every kind that can make a difference.
var uses = sync.OnceValue(func() []use {
	return []use{
		enciphers(aes128, hsm.CBC, 48), enciphers(tdes2, hsm.CBC, 48), enciphers(tdes3, hsm.ECB, 24),
		deciphers(aes192, hsm.ECB, 48), deciphers(aes256, hsm.CBC, 48), deciphers(tdes2, hsm.ECB, 24),
		cmacs(aes256, 77), cmacs(tdes3, 77), hmacs(hmac256, 300), hmacs(hmac512, 300), hmacs(hmac17, 300), hmacs(hmac129, 300),
		derives(aes128, tr31.VersionD), derives(aes256, tr31.VersionE), derives(tdes2, tr31.VersionA), derives(tdes3, tr31.VersionB),
		reveals(aes256), reveals(kept(tdes2)), reveals(hmac17), reveals(hmac129),
		signs(rsa2048, crypto.SHA256), decryptsRaw(), decryptsOAEP(crypto.SHA256), decryptsOAEP(crypto.SHA512),
		signs(p256, crypto.SHA256), signs(p521, crypto.SHA384), agrees(p256, nil), agrees(p384, nil), agrees(p521, nil),
	}
})

// block is the standard library's cipher of a key.
func block(key []byte, algorithm hsm.Algorithm) cipher.Block {
	if algorithm == hsm.AES {
		b, _ := aes.NewCipher(key)
		return b
	}
	b, _ := tdes.NewCipher(key)
	return b
}

// encrypted is data in ECB, block by block.
func encrypted(key []byte, algorithm hsm.Algorithm, data []byte) []byte {
	c, out := block(key, algorithm), bytes.Clone(data)
	for i := 0; i < len(out); i += c.BlockSize() {
		c.Encrypt(out[i:], out[i:])
	}
	return out
}

// text are n bytes in the clear, enciphered, and the IV.
func text(a hsm.Attributes, mode hsm.CipherMode, n int) (clear, ciphertext, iv []byte) {
	clear = sample(n, n)
	if mode == hsm.ECB {
		return clear, encrypted(secretOf(a), a.Algorithm, clear), nil
	}
	c := block(secretOf(a), a.Algorithm)
	ciphertext, iv = bytes.Clone(clear), sample(2, c.BlockSize())
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(ciphertext, ciphertext)
	return clear, ciphertext, iv
}

// inPlace calls Encrypt or Decrypt, and compares the data, the byte behind it and the IV.
func inPlace(call func(iv, data []byte) error, iv, data, want []byte) error {
	room, usedIV := append(bytes.Clone(data), 0xA5), bytes.Clone(iv)
	err := call(usedIV, room[:len(data)])
	return same(append(room, usedIV...), append(append(bytes.Clone(want), 0xA5), iv...), err)
}

func enciphers(a hsm.Attributes, mode hsm.CipherMode, n int) use {
	clear, ciphertext, iv := text(a, mode, n)
	return use{fmt.Sprintf("Encrypt %s, mode %d, %d bytes", name(a), mode, n), a, func(ctx context.Context, k hsm.Key) error {
		return inPlace(func(iv, data []byte) error { return k.Encrypt(ctx, mode, iv, data) }, iv, clear, ciphertext)
	}}
}

func deciphers(a hsm.Attributes, mode hsm.CipherMode, n int) use {
	clear, ciphertext, iv := text(a, mode, n)
	return use{fmt.Sprintf("Decrypt %s, mode %d, %d bytes", name(a), mode, n), a, func(ctx context.Context, k hsm.Key) error {
		return inPlace(func(iv, data []byte) error { return k.Decrypt(ctx, mode, iv, data) }, iv, ciphertext, clear)
	}}
}

func cmacs(a hsm.Attributes, n int) use {
	message := sample(n, n)
	want := mac.NewCMAC(block(secretOf(a), a.Algorithm)).Sum(nil, message)
	return use{fmt.Sprintf("CMAC %s, %d bytes", name(a), n), a, func(ctx context.Context, k hsm.Key) error {
		got, err := k.CMAC(ctx, message)
		return same(got, want, err)
	}}
}

func hmacs(a hsm.Attributes, n int) use {
	message := sample(n, n)
	want := hmacOf(a, secretOf(a), message)
	return use{fmt.Sprintf("HMAC %s, %v, %d bytes", name(a), a.Hash, n), a, func(ctx context.Context, k hsm.Key) error {
		got, err := k.HMAC(ctx, message)
		return same(got, want, err)
	}}
}

func hmacOf(a hsm.Attributes, key, message []byte) []byte {
	h := hmac.New(a.Hash.New, key)
	h.Write(message)
	return h.Sum(nil)
}

func reveals(a hsm.Attributes) use {
	want := secretOf(a)
	return use{"Reveal " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		got, err := revealed(ctx, k)
		return same(got, want, err)
	}}
}

// derives compares what each half does with what it would in the clear.
func derives(a hsm.Attributes, v tr31.Version) use {
	enc, auth, err := tr31.DeriveKeys(v, secretOf(a))
	if err != nil {
		panic(err) // the lengths fit
	}
	return use{fmt.Sprintf("DeriveKBPK %s, version %c", name(a), v), a, func(ctx context.Context, k hsm.Key) error {
		kbek, kbak, err := k.DeriveKBPK(ctx, v)
		if err != nil {
			return err
		}
		defer kbek.Close()
		defer kbak.Close()
		clear := sample(6, 48)
		data, back := bytes.Clone(clear), encrypted(enc, a.Algorithm, clear)
		err = kbek.Encrypt(ctx, hsm.ECB, nil, data)
		if err := same(data, back, err); err != nil {
			return err
		}
		err = kbek.Decrypt(ctx, hsm.ECB, nil, back)
		if err := same(back, clear, err); err != nil {
			return err
		}
		sum, err := kbak.CMAC(ctx, clear)
		if lacks(err) {
			return nil // then HSM makes it of Encrypt
		}
		return same(sum, mac.NewCMAC(block(auth, a.Algorithm)).Sum(nil, clear), err)
	}}
}

func signs(a hsm.Attributes, hash crypto.Hash) use {
	return use{fmt.Sprintf("Sign %s, %v", name(a), hash), a, func(ctx context.Context, k hsm.Key) error {
		return signed(ctx, k, publicOf(a), hash)
	}}
}

// signed checks a signature with a public key.
func signed(ctx context.Context, k hsm.Key, public crypto.PublicKey, hash crypto.Hash) error {
	digest := sample(7, hash.Size())
	sig, err := k.Sign(ctx, hash, digest)
	switch pub := public.(type) {
	case *rsa.PublicKey:
		return verified(rsa.VerifyPKCS1v15(pub, hash, digest, sig) == nil, err)
	case *ecdsa.PublicKey:
		return verified(ecdsa.VerifyASN1(pub, digest, sig), err)
	}
	return mismatch(fmt.Sprintf("a public half of type %T", public))
}

// decryptsRaw has a message that begins with zeros.
func decryptsRaw() use {
	pub, message := &rsaPair().PublicKey, append(make([]byte, 2), sample(8, 254)...)
	m := new(big.Int).SetBytes(message)
	in := m.Exp(m, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, pub.Size()))
	return use{"DecryptRaw", rsa2048, func(ctx context.Context, k hsm.Key) error {
		got, err := k.DecryptRaw(ctx, in)
		return same(exposed(got), message, err)
	}}
}

func decryptsOAEP(hash crypto.Hash) use {
	message := sample(9, 32)
	in := oaep(hash, message)
	return use{fmt.Sprintf("DecryptOAEP, %v", hash), rsa2048, func(ctx context.Context, k hsm.Key) error {
		got, err := k.DecryptOAEP(ctx, hash, in)
		return same(exposed(got), message, err)
	}}
}

func oaep(hash crypto.Hash, message []byte) []byte {
	in, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &rsaPair().PublicKey, message, nil)
	if err != nil {
		panic(err) // the message fits
	}
	return in
}

// agrees has the peer with a private number, or another one for nil.
func agrees(a hsm.Attributes, peer []byte) use {
	if peer == nil {
		peer = sample(2, 30)
	}
	point, want := shared(a.Bits, peer)
	return use{"ECDH " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		got, err := k.ECDH(ctx, point)
		return same(exposed(got), want, err)
	}}
}

// shared is a peer's public point and what it shares with the key of secretOf.
func shared(bits int, peer []byte) (point, secret []byte) {
	own, err := ecPair(bits, nil).ECDH()
	if err != nil {
		panic(err) // a curve that has ECDH
	}
	public, err := ecPair(bits, peer).PublicKey.ECDH()
	if err != nil {
		panic(err)
	}
	if secret, err = own.ECDH(public); err != nil {
		panic(err)
	}
	return public.Bytes(), secret
}

// sealedUse is a use whose key is sealed.
type sealedUse struct {
	use
	sealed hsm.Sealed
}

// seal imports the keys of the uses, but for what the device lacks.
func seal(t tester, b hsm.Backend, uses []use) (out []sealedUse) {
	t.Helper()
	for _, u := range uses {
		sealed, err := b.Import(ctx, hsm.NewSecret(secretOf(u.a)), u.a)
		if lacks(err) {
			continue
		}
		if err != nil {
			t.Fatalf("Import for %s: %v", u.name, err)
		}
		if s := (sealedUse{u, sealed}); !lacks(s.whole(ctx, b)) {
			out = append(out, s)
		}
	}
	return out
}

// whole opens the key, uses it and closes it.
func (u sealedUse) whole(ctx context.Context, b hsm.Backend) error {
	k, err := b.Open(ctx, u.sealed, u.a)
	if err != nil {
		return err
	}
	defer k.Close()
	return u.do(ctx, k)
}

// check opens and uses keys that were sealed before.
func check(t tester, b hsm.Backend, when string, sealed []sealedUse) {
	t.Helper()
	for _, u := range sealed {
		good(t, u.name+", sealed "+when, u.whole(ctx, b))
	}
}
