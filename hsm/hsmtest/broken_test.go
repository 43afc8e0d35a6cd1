package hsmtest_test

import (
	"context"
	"crypto"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// broken is a backend with one method put wrong, or with something around all
// of them.
type broken struct {
	hsm.Backend
	around   func(method string, do func() error) error // nil: just do
	generate func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error)
	imported func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error)
	open     func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error)
	masterID func(ctx context.Context) (string, error)
	random   func(ctx context.Context, p []byte) error
	close    func() error

	// The interfaces that a device may have.
	generateOpen func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error)
	initialize   func(ctx context.Context) error
	reseal       func(ctx context.Context, s hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error)
}

// backend is one with the interfaces that it has methods for.
func (b *broken) backend() hsm.Backend {
	switch {
	case b.generateOpen != nil:
		return generator{b}
	case b.initialize != nil:
		return initializer{b}
	case b.reseal != nil:
		return resealer{b}
	}
	return b
}

type generator struct{ *broken }

func (g generator) GenerateOpen(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error) {
	return g.generateOpen(ctx, a)
}

type resealer struct{ *broken }

func (r resealer) Reseal(ctx context.Context, s hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error) {
	return r.reseal(ctx, s, from, to)
}

type initializer struct{ *broken }

func (i initializer) Initialize(ctx context.Context) error { return i.initialize(ctx) }

// do goes through what is around, if anything is.
func do(around func(string, func() error) error, method string, call func() error) error {
	if around == nil {
		return call()
	}
	return around(method, call)
}

func (b *broken) Generate(ctx context.Context, a hsm.Attributes) (s hsm.Sealed, p hsm.Public, err error) {
	if b.generate != nil {
		return b.generate(ctx, a)
	}
	err = do(b.around, "Generate", func() (err error) { s, p, err = b.Backend.Generate(ctx, a); return err })
	return s, p, err
}

func (b *broken) Import(ctx context.Context, s hsm.Secret, a hsm.Attributes) (out hsm.Sealed, err error) {
	if b.imported != nil {
		return b.imported(ctx, s, a)
	}
	err = do(b.around, "Import", func() (err error) { out, err = b.Backend.Import(ctx, s, a); return err })
	return out, err
}

func (b *broken) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (k hsm.Key, err error) {
	if b.open != nil {
		return b.open(ctx, s, a)
	}
	err = do(b.around, "Open", func() (err error) { k, err = b.Backend.Open(ctx, s, a); return err })
	if err != nil {
		return nil, err
	}
	if b.around != nil {
		k = &brokenKey{Key: k, attributes: a, around: b.around}
	}
	return k, nil
}

func (b *broken) MasterKeyID(ctx context.Context) (id string, err error) {
	if b.masterID != nil {
		return b.masterID(ctx)
	}
	err = do(b.around, "MasterKeyID", func() (err error) { id, err = b.Backend.MasterKeyID(ctx); return err })
	return id, err
}

func (b *broken) Random(ctx context.Context, p []byte) error {
	if b.random != nil {
		return b.random(ctx, p)
	}
	return do(b.around, "Random", func() error { return b.Backend.Random(ctx, p) })
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Backend.Close()
}

// brokenKey is an open key with one primitive put wrong, or with something
// around all of them.
type brokenKey struct {
	hsm.Key
	attributes hsm.Attributes
	around     func(method string, do func() error) error
	cipher     func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error
	cmac       func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)
	hmac       func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)
	sign       func(k hsm.Key, ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error)
	oaep       func(k hsm.Key, ctx context.Context, h crypto.Hash, c []byte) (hsm.Secret, error)
	ecdh       func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error)
	derive     func(k hsm.Key, ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error)
	reveal     func(k hsm.Key, ctx context.Context) (hsm.Secret, error)
	close      func(k hsm.Key) error
}

func (k *brokenKey) Encrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	if k.cipher != nil {
		return k.cipher(k.Key, ctx, mode, iv, data)
	}
	return do(k.around, "Encrypt", func() error { return k.Key.Encrypt(ctx, mode, iv, data) })
}

func (k *brokenKey) Decrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	return do(k.around, "Decrypt", func() error { return k.Key.Decrypt(ctx, mode, iv, data) })
}

func (k *brokenKey) CMAC(ctx context.Context, m []byte) (out []byte, err error) {
	if k.cmac != nil {
		return k.cmac(k.Key, ctx, m)
	}
	err = do(k.around, "CMAC", func() (err error) { out, err = k.Key.CMAC(ctx, m); return err })
	return out, err
}

func (k *brokenKey) HMAC(ctx context.Context, m []byte) (out []byte, err error) {
	if k.hmac != nil {
		return k.hmac(k.Key, ctx, m)
	}
	err = do(k.around, "HMAC", func() (err error) { out, err = k.Key.HMAC(ctx, m); return err })
	return out, err
}

func (k *brokenKey) Sign(ctx context.Context, h crypto.Hash, digest []byte) (out []byte, err error) {
	if k.sign != nil {
		return k.sign(k.Key, ctx, h, digest)
	}
	err = do(k.around, "Sign", func() (err error) { out, err = k.Key.Sign(ctx, h, digest); return err })
	return out, err
}

func (k *brokenKey) DecryptRaw(ctx context.Context, c []byte) (out hsm.Secret, err error) {
	err = do(k.around, "DecryptRaw", func() (err error) { out, err = k.Key.DecryptRaw(ctx, c); return err })
	return out, err
}

func (k *brokenKey) DecryptOAEP(ctx context.Context, h crypto.Hash, c []byte) (out hsm.Secret, err error) {
	if k.oaep != nil {
		return k.oaep(k.Key, ctx, h, c)
	}
	err = do(k.around, "DecryptOAEP", func() (err error) { out, err = k.Key.DecryptOAEP(ctx, h, c); return err })
	return out, err
}

func (k *brokenKey) ECDH(ctx context.Context, peer []byte) (out hsm.Secret, err error) {
	if k.ecdh != nil {
		return k.ecdh(k.Key, ctx, peer)
	}
	err = do(k.around, "ECDH", func() (err error) { out, err = k.Key.ECDH(ctx, peer); return err })
	return out, err
}

func (k *brokenKey) DeriveKBPK(ctx context.Context, v tr31.Version) (e, m hsm.Key, err error) {
	if k.derive != nil {
		return k.derive(k.Key, ctx, v)
	}
	err = do(k.around, "DeriveKBPK", func() (err error) { e, m, err = k.Key.DeriveKBPK(ctx, v); return err })
	return e, m, err
}

func (k *brokenKey) Reveal(ctx context.Context) (out hsm.Secret, err error) {
	if k.reveal != nil {
		return k.reveal(k.Key, ctx)
	}
	err = do(k.around, "Reveal", func() (err error) { out, err = k.Key.Reveal(ctx); return err })
	return out, err
}

func (k *brokenKey) Close() error {
	if k.close != nil {
		return k.close(k.Key)
	}
	return k.Key.Close()
}

// keys puts every opened key wrong.
func keys(wrong brokenKey) func(*broken) {
	return eachKey(func() brokenKey { return wrong })
}

// eachKey puts every opened key wrong by itself.
func eachKey(wrong func() brokenKey) func(*broken) {
	return func(b *broken) {
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			inner, err := b.Backend.Open(ctx, s, a)
			if err != nil {
				return nil, err
			}
			k := wrong()
			k.Key, k.attributes = inner, a
			return &k, nil
		}
	}
}

// revealing changes what comes out of Reveal.
func revealing(change func([]byte)) func(*broken) {
	return keys(brokenKey{reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
		s, err := k.Reveal(ctx)
		s.Expose(func(b []byte) error { change(b); return nil })
		return s, err
	}})
}

// exposed copies a secret.
func exposed(s hsm.Secret) (out []byte) {
	s.Expose(func(clear []byte) error { out = append([]byte{}, clear...); return nil })
	return out
}

// unbound opens keys whatever one attribute says.
func unbound(forget func(*hsm.Attributes)) func(*broken) {
	return func(b *broken) {
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			forget(&a)
			return b.Backend.Generate(ctx, a)
		}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			forget(&a)
			return b.Backend.Open(ctx, s, a)
		}
	}
}
