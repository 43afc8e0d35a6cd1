// Package awkward is a Backend that lacks whatever a device may lack, so that
// nothing above it comes to rely on the software one: no CMAC under TDES, no
// OAEP, no derivation of TDES block keys, seals of whole multiples of 8 bytes
// only. It reveals no key but those that are marked in their seals.
package awkward

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// Backend is the awkward device. It borrows the software backend's
// primitives and seals for itself.
type Backend struct {
	hsm.Backend // its primitives, not its commands
	aead        cipher.AEAD
}

// New makes one; the options are those of the software backend.
func New(o *hsm.SoftwareOptions) *Backend {
	options := hsm.SoftwareOptions{}
	if o != nil {
		options = *o
	}
	if options.MasterKey == nil {
		options.MasterKey = new([32]byte)
		rand.Read(options.MasterKey[:])
	}
	key := sha256.Sum256(append([]byte("awkward "), options.MasterKey[:]...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // a key of 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // a block of 16 bytes
	}
	return &Backend{Backend: hsm.NewSoftware(&options), aead: aead}
}

// Generate makes a key with the software backend and seals it in the awkward
// form.
func (b *Backend) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	open := a
	open.Exportability = 'E' // so that it can be taken over
	sealed, public, err := b.Backend.Generate(ctx, open)
	if err != nil {
		return nil, nil, err
	}
	key, err := b.Backend.Open(ctx, sealed, open)
	if err != nil {
		return nil, nil, err
	}
	defer key.Close()
	secret, err := key.Reveal(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer secret.Destroy()
	return b.seal(secret, a), public, nil
}

// Import seals a secret that the software backend takes.
func (b *Backend) Import(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
	if _, err := b.Backend.Import(ctx, s, a); err != nil {
		return nil, err
	}
	return b.seal(s, a), nil
}

// sealHead is a mark, 1 on a key that may be revealed, and the length of the key.
const sealHead = 1 + 2

// seal pads to whole blocks of 8 bytes.
func (b *Backend) seal(s hsm.Secret, a hsm.Attributes) hsm.Sealed {
	room := make([]byte, (sealHead+s.Len()+7)/8*8)
	defer clear(room)
	if a.Revealable() {
		room[0] = 1
	}
	binary.BigEndian.PutUint16(room[1:], uint16(s.Len()))
	s.Expose(func(secret []byte) error { copy(room[sealHead:], secret); return nil })
	bound, _ := a.AppendBinary(nil)
	nonce := make([]byte, b.aead.NonceSize())
	rand.Read(nonce)
	return b.aead.Seal(nonce, nonce, room, bound)
}

// Reseal opens a seal and makes another; see [hsm.Resealer].
func (b *Backend) Reseal(ctx context.Context, s hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error) {
	if err := from.CheckReseal(to); err != nil {
		return nil, err
	}
	secret, _, err := b.unseal(ctx, s, from)
	if err != nil {
		return nil, err
	}
	defer secret.Destroy()
	return b.seal(secret, to), nil
}

// unseal is the clear key in a seal, and whether it is marked as revealable.
func (b *Backend) unseal(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (key hsm.Secret, revealable bool, err error) {
	if _, err := b.MasterKeyID(ctx); err != nil {
		return hsm.Secret{}, false, err // closed or cancelled
	}
	size := b.aead.NonceSize()
	if len(s) < size {
		return hsm.Secret{}, false, hsm.ErrSealed
	}
	bound, _ := a.AppendBinary(nil)
	room, err := b.aead.Open(nil, s[:size], s[size:], bound)
	if err != nil {
		return hsm.Secret{}, false, hsm.ErrSealed
	}
	defer clear(room)
	return hsm.NewSecret(room[sealHead:][:binary.BigEndian.Uint16(room[1:])]), room[0] == 1, nil
}

// Open opens the seal and lends a software key, with the device's gaps.
func (b *Backend) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	secret, revealable, err := b.unseal(ctx, s, a)
	if err != nil {
		return nil, err
	}
	defer secret.Destroy()
	lent, err := b.Backend.Import(ctx, secret, a)
	if err != nil {
		return nil, err
	}
	inner, err := b.Backend.Open(ctx, lent, a)
	if err != nil {
		return nil, err
	}
	return &key{Key: inner, attributes: a, revealable: revealable}, nil
}

type key struct {
	hsm.Key
	attributes hsm.Attributes
	revealable bool
}

func (k *key) CMAC(ctx context.Context, message []byte) ([]byte, error) {
	if k.attributes.Algorithm == hsm.TDES {
		return nil, hsm.Unsupported("CMAC under TDES")
	}
	return k.Key.CMAC(ctx, message)
}

func (k *key) DecryptOAEP(context.Context, crypto.Hash, []byte) (hsm.Secret, error) {
	return hsm.Secret{}, hsm.Unsupported("RSA-OAEP")
}

func (k *key) DeriveKBPK(ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error) {
	if k.attributes.Algorithm == hsm.TDES {
		return nil, nil, hsm.Unsupported("derivation of TDES block keys")
	}
	return k.Key.DeriveKBPK(ctx, v)
}

func (k *key) Reveal(ctx context.Context) (hsm.Secret, error) {
	if !k.revealable {
		return hsm.Secret{}, hsm.ErrRefused
	}
	return k.Key.Reveal(ctx)
}
