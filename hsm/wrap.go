package hsm

import (
	"context"
	"crypto"

	"github.com/seed748fb4d1/apcsim/tr31"
)

// Wrap is a backend that calls before in front of every call, for latency, faults
// and logs. It may wait. Where it returns an error the call fails with that error
// and does not reach the backend. It is given the context of the call and the
// name of the method, of Backend, of an optional interface or of Key: "Generate",
// "Reseal", "Encrypt". Only Close, of the backend and of keys, is called without
// it. Any number of goroutines may be in before at a time.
//
// The result has the optional interfaces that the backend has: [OpenGenerator],
// [Resealer] and [Initializer]. A struct that embeds a Backend has none of them.
func Wrap(b Backend, before func(ctx context.Context, call string) error) Backend {
	w := &wrappedBackend{b, before}
	generator, generates := b.(OpenGenerator)
	resealer, reseals := b.(Resealer)
	initializer, initializes := b.(Initializer)
	g, r, i := wrappedGenerator{w, generator}, wrappedResealer{w, resealer}, wrappedInitializer{w, initializer}
	switch [...]bool{generates, reseals, initializes} {
	case [...]bool{true, true, true}:
		return struct {
			Backend
			OpenGenerator
			Resealer
			Initializer
		}{w, g, r, i}
	case [...]bool{true, true, false}:
		return struct {
			Backend
			OpenGenerator
			Resealer
		}{w, g, r}
	case [...]bool{true, false, true}:
		return struct {
			Backend
			OpenGenerator
			Initializer
		}{w, g, i}
	case [...]bool{false, true, true}:
		return struct {
			Backend
			Resealer
			Initializer
		}{w, r, i}
	case [...]bool{true, false, false}:
		return struct {
			Backend
			OpenGenerator
		}{w, g}
	case [...]bool{false, true, false}:
		return struct {
			Backend
			Resealer
		}{w, r}
	case [...]bool{false, false, true}:
		return struct {
			Backend
			Initializer
		}{w, i}
	}
	return w
}

type wrappedBackend struct {
	backend Backend
	before  func(ctx context.Context, call string) error
}

func (w *wrappedBackend) Generate(ctx context.Context, a Attributes) (Sealed, Public, error) {
	if err := w.before(ctx, "Generate"); err != nil {
		return nil, nil, err
	}
	return w.backend.Generate(ctx, a)
}

func (w *wrappedBackend) Import(ctx context.Context, s Secret, a Attributes) (Sealed, error) {
	if err := w.before(ctx, "Import"); err != nil {
		return nil, err
	}
	return w.backend.Import(ctx, s, a)
}

func (w *wrappedBackend) Open(ctx context.Context, s Sealed, a Attributes) (Key, error) {
	if err := w.before(ctx, "Open"); err != nil {
		return nil, err
	}
	return w.key(w.backend.Open(ctx, s, a))
}

func (w *wrappedBackend) MasterKeyID(ctx context.Context) (string, error) {
	if err := w.before(ctx, "MasterKeyID"); err != nil {
		return "", err
	}
	return w.backend.MasterKeyID(ctx)
}

func (w *wrappedBackend) Random(ctx context.Context, p []byte) error {
	if err := w.before(ctx, "Random"); err != nil {
		return err
	}
	return w.backend.Random(ctx, p)
}

func (w *wrappedBackend) Close() error { return w.backend.Close() }

// key wraps an open key.
func (w *wrappedBackend) key(k Key, err error) (Key, error) {
	if err != nil {
		return nil, err
	}
	return &wrappedKey{w, k}, nil
}

type wrappedGenerator struct {
	w         *wrappedBackend
	generator OpenGenerator
}

func (g wrappedGenerator) GenerateOpen(ctx context.Context, a Attributes) (Sealed, Public, Key, error) {
	if err := g.w.before(ctx, "GenerateOpen"); err != nil {
		return nil, nil, nil, err
	}
	sealed, public, k, err := g.generator.GenerateOpen(ctx, a)
	if err != nil {
		return nil, nil, nil, err
	}
	return sealed, public, &wrappedKey{g.w, k}, nil
}

type wrappedResealer struct {
	w        *wrappedBackend
	resealer Resealer
}

func (r wrappedResealer) Reseal(ctx context.Context, s Sealed, from, to Attributes) (Sealed, error) {
	if err := r.w.before(ctx, "Reseal"); err != nil {
		return nil, err
	}
	return r.resealer.Reseal(ctx, s, from, to)
}

type wrappedInitializer struct {
	w           *wrappedBackend
	initializer Initializer
}

func (i wrappedInitializer) Initialize(ctx context.Context) error {
	if err := i.w.before(ctx, "Initialize"); err != nil {
		return err
	}
	return i.initializer.Initialize(ctx)
}

type wrappedKey struct {
	w   *wrappedBackend
	key Key
}

func (k *wrappedKey) Encrypt(ctx context.Context, mode CipherMode, iv, data []byte) error {
	if err := k.w.before(ctx, "Encrypt"); err != nil {
		return err
	}
	return k.key.Encrypt(ctx, mode, iv, data)
}

func (k *wrappedKey) Decrypt(ctx context.Context, mode CipherMode, iv, data []byte) error {
	if err := k.w.before(ctx, "Decrypt"); err != nil {
		return err
	}
	return k.key.Decrypt(ctx, mode, iv, data)
}

func (k *wrappedKey) CMAC(ctx context.Context, message []byte) ([]byte, error) {
	if err := k.w.before(ctx, "CMAC"); err != nil {
		return nil, err
	}
	return k.key.CMAC(ctx, message)
}

func (k *wrappedKey) HMAC(ctx context.Context, message []byte) ([]byte, error) {
	if err := k.w.before(ctx, "HMAC"); err != nil {
		return nil, err
	}
	return k.key.HMAC(ctx, message)
}

func (k *wrappedKey) HMACWith(ctx context.Context, hash crypto.Hash, message []byte) ([]byte, error) {
	if err := k.w.before(ctx, "HMACWith"); err != nil {
		return nil, err
	}
	return k.key.HMACWith(ctx, hash, message)
}

func (k *wrappedKey) Sign(ctx context.Context, hash crypto.Hash, digest []byte) ([]byte, error) {
	if err := k.w.before(ctx, "Sign"); err != nil {
		return nil, err
	}
	return k.key.Sign(ctx, hash, digest)
}

func (k *wrappedKey) DecryptRaw(ctx context.Context, ciphertext []byte) (Secret, error) {
	if err := k.w.before(ctx, "DecryptRaw"); err != nil {
		return Secret{}, err
	}
	return k.key.DecryptRaw(ctx, ciphertext)
}

func (k *wrappedKey) DecryptOAEP(ctx context.Context, hash crypto.Hash, ciphertext []byte) (Secret, error) {
	if err := k.w.before(ctx, "DecryptOAEP"); err != nil {
		return Secret{}, err
	}
	return k.key.DecryptOAEP(ctx, hash, ciphertext)
}

func (k *wrappedKey) ECDH(ctx context.Context, peer []byte) (Secret, error) {
	if err := k.w.before(ctx, "ECDH"); err != nil {
		return Secret{}, err
	}
	return k.key.ECDH(ctx, peer)
}

func (k *wrappedKey) DeriveKBPK(ctx context.Context, v tr31.Version) (kbek, kbak Key, err error) {
	if err := k.w.before(ctx, "DeriveKBPK"); err != nil {
		return nil, nil, err
	}
	if kbek, kbak, err = k.key.DeriveKBPK(ctx, v); err != nil {
		return nil, nil, err
	}
	return &wrappedKey{k.w, kbek}, &wrappedKey{k.w, kbak}, nil
}

func (k *wrappedKey) Reveal(ctx context.Context) (Secret, error) {
	if err := k.w.before(ctx, "Reveal"); err != nil {
		return Secret{}, err
	}
	return k.key.Reveal(ctx)
}

func (k *wrappedKey) Close() error { return k.key.Close() }
