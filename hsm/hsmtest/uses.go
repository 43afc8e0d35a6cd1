package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/cmac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// use is one primitive with a key that is imported with known bytes. do
// returns the device's error, or a mismatch with what Go's crypto says.
type use struct {
	name string
	a    hsm.Attributes
	do   func(ctx context.Context, k hsm.Key) error
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
		return mismatch(fmt.Sprintf("a result of %d bytes, not of %d", len(got), len(want)))
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

// uses are every primitive, each with keys of every kind that can make a
// difference.
var uses = sync.OnceValue(func() []use {
	return []use{
		enciphers(aes128), enciphers(tdes2), enciphers(tdes3), deciphers(aes192), deciphers(aes256), deciphers(tdes2),
		cmacs(aes256), cmacs(tdes3), hmacs(hmac256), hmacs(hmac512), hmacs(hmac17), hmacs(hmac129),
		derives(aes128, tr31.VersionD), derives(aes256, tr31.VersionE), derives(tdes2, tr31.VersionA), derives(tdes3, tr31.VersionB),
		reveals(aes256), reveals(kept(tdes2)), reveals(hmac17), reveals(hmac129),
		signsRSA(), decryptsRaw(), decryptsOAEP(crypto.SHA256), decryptsOAEP(crypto.SHA512),
		signsEC(p256), signsEC(p521), agrees(p256), agrees(p384), agrees(p521),
	}
})

const useBlocks = 3 // of a message that is enciphered

func enciphers(a hsm.Attributes) use {
	c := block(secretOf(a), a.Algorithm)
	clear, iv := sample(1, useBlocks*c.BlockSize()), sample(2, c.BlockSize())
	want := bytes.Clone(clear)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(want, want)
	return use{"Encrypt " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		data := bytes.Clone(clear)
		err := k.Encrypt(ctx, hsm.CBC, bytes.Clone(iv), data)
		return same(data, want, err)
	}}
}

func deciphers(a hsm.Attributes) use {
	clear := sample(3, useBlocks*16)
	in := encrypted(secretOf(a), a.Algorithm, clear)
	return use{"Decrypt " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		data := bytes.Clone(in)
		err := k.Decrypt(ctx, hsm.ECB, nil, data)
		return same(data, clear, err)
	}}
}

func cmacs(a hsm.Attributes) use {
	message := sample(4, 77)
	want := cmac.New(block(secretOf(a), a.Algorithm)).Sum(nil, message)
	return use{"CMAC " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		got, err := k.CMAC(ctx, message)
		return same(got, want, err)
	}}
}

func hmacs(a hsm.Attributes) use {
	message := sample(5, 300)
	want := hmacOf(a, secretOf(a), message)
	return use{"HMAC " + name(a), a, func(ctx context.Context, k hsm.Key) error {
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

// derives derives, and looks at each half by what it is there for.
func derives(a hsm.Attributes, v tr31.Version) use {
	enc, mac := blockKeys(secretOf(a), v)
	return use{fmt.Sprintf("DeriveKBPK %s, version %c", name(a), v), a, func(ctx context.Context, k hsm.Key) error {
		kbek, kbak, err := k.DeriveKBPK(ctx, v)
		if err != nil {
			return err
		}
		defer kbek.Close()
		defer kbak.Close()
		clear := sample(6, 32)
		data := bytes.Clone(clear)
		err = kbek.Encrypt(ctx, hsm.ECB, nil, data)
		if err := same(data, encrypted(enc, a.Algorithm, clear), err); err != nil {
			return err
		}
		sum, err := kbak.CMAC(ctx, clear)
		if lacks(err) {
			return nil // then HSM makes it of Encrypt
		}
		return same(sum, cmac.New(block(mac, a.Algorithm)).Sum(nil, clear), err)
	}}
}

// blockKeys are KBEK and KBAK in the clear.
func blockKeys(kbpk []byte, v tr31.Version) (kbek, kbak []byte) {
	kbek, kbak, err := tr31.DeriveKeys(v, kbpk)
	if err != nil {
		panic(err) // the lengths fit
	}
	return kbek, kbak
}

func signsRSA() use {
	digest := sample(7, 32)
	return use{"Sign RSA", rsa2048, func(ctx context.Context, k hsm.Key) error {
		sig, err := k.Sign(ctx, crypto.SHA256, digest)
		return verified(rsa.VerifyPKCS1v15(&rsaPair().PublicKey, crypto.SHA256, digest, sig) == nil, err)
	}}
}

func decryptsRaw() use {
	message := append(make([]byte, 2), sample(8, 254)...)
	in := rawRSA(&rsaPair().PublicKey, message)
	return use{"DecryptRaw", rsa2048, func(ctx context.Context, k hsm.Key) error {
		got, err := k.DecryptRaw(ctx, in)
		return same(exposed(got), message, err)
	}}
}

func decryptsOAEP(hash crypto.Hash) use {
	message := sample(9, 32)
	in, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &rsaPair().PublicKey, message, nil)
	if err != nil {
		panic(err) // the message fits
	}
	return use{fmt.Sprintf("DecryptOAEP with %v", hash), rsa2048, func(ctx context.Context, k hsm.Key) error {
		got, err := k.DecryptOAEP(ctx, hash, in)
		return same(exposed(got), message, err)
	}}
}

func signsEC(a hsm.Attributes) use {
	digest, public := sample(10, 32), &ecPair(a.Bits, 1).PublicKey
	return use{"Sign " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		sig, err := k.Sign(ctx, crypto.SHA256, digest)
		return verified(ecdsa.VerifyASN1(public, digest, sig), err)
	}}
}

func agrees(a hsm.Attributes) use {
	peer, want := sharedBy(ecPair(a.Bits, 1), ecPair(a.Bits, 2))
	return use{"ECDH " + name(a), a, func(ctx context.Context, k hsm.Key) error {
		got, err := k.ECDH(ctx, peer)
		return same(exposed(got), want, err)
	}}
}

// sharedBy is the peer's public point and what it shares with the key.
func sharedBy(key, peer *ecdsa.PrivateKey) (point, shared []byte) {
	var own *ecdh.PrivateKey
	own, err := key.ECDH()
	if err != nil {
		panic(err) // a curve that has ECDH
	}
	public, err := peer.PublicKey.ECDH()
	if err != nil {
		panic(err)
	}
	if shared, err = own.ECDH(public); err != nil {
		panic(err)
	}
	return public.Bytes(), shared
}

// sealedUse is a use whose key is sealed.
type sealedUse struct {
	use
	sealed hsm.Sealed
}

// sealUses imports the keys of the uses that the device has.
func sealUses(t T, b hsm.Backend) (out []sealedUse) {
	t.Helper()
	for _, u := range uses() {
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
