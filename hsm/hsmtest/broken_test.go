package hsmtest

import (
	"context"
	"crypto"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// broken is a backend with functions in place of its methods, or around all of them.
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

type initializer struct{ *broken }

func (i initializer) Initialize(ctx context.Context) error { return i.initialize(ctx) }

type resealer struct{ *broken }

func (r resealer) Reseal(ctx context.Context, s hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error) {
	return r.reseal(ctx, s, from, to)
}

// do makes a call inside what is around it, if anything is.
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
	if err == nil && b.around != nil {
		k = &brokenKey{Key: k, around: b.around}
	}
	return k, err
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

// brokenKey is an open key with something around all of its primitives, or with
// functions in place of some.
type brokenKey struct {
	hsm.Key
	around func(method string, do func() error) error
	cipher func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error
	cmac   func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)
	hmac   func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)
	sign   func(k hsm.Key, ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error)
	oaep   func(k hsm.Key, ctx context.Context, h crypto.Hash, c []byte) (hsm.Secret, error)
	ecdh   func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error)
	derive func(k hsm.Key, ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error)
	reveal func(k hsm.Key, ctx context.Context) (hsm.Secret, error)
	close  func(k hsm.Key) error
}

func (k *brokenKey) Encrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	call := k.Key.Encrypt
	if k.cipher != nil {
		call = func(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			return k.cipher(k.Key, ctx, mode, iv, data)
		}
	}
	return do(k.around, "Encrypt", func() error { return call(ctx, mode, iv, data) })
}

func (k *brokenKey) Decrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	return do(k.around, "Decrypt", func() error { return k.Key.Decrypt(ctx, mode, iv, data) })
}

// primitive calls a primitive, or what is in its place.
func primitive[A, R any](
	k *brokenKey,
	method string,
	ctx context.Context,
	a A,
	usual func(context.Context, A) (R, error),
	wrong func(hsm.Key, context.Context, A) (R, error),
) (out R, err error) {
	err = do(k.around, method, func() (err error) {
		if wrong != nil {
			out, err = wrong(k.Key, ctx, a)
		} else {
			out, err = usual(ctx, a)
		}
		return err
	})
	return out, err
}

func (k *brokenKey) CMAC(ctx context.Context, m []byte) ([]byte, error) {
	return primitive(k, "CMAC", ctx, m, k.Key.CMAC, k.cmac)
}

func (k *brokenKey) HMAC(ctx context.Context, m []byte) ([]byte, error) {
	return primitive(k, "HMAC", ctx, m, k.Key.HMAC, k.hmac)
}

func (k *brokenKey) DecryptRaw(ctx context.Context, c []byte) (hsm.Secret, error) {
	return primitive(k, "DecryptRaw", ctx, c, k.Key.DecryptRaw, nil)
}

func (k *brokenKey) ECDH(ctx context.Context, peer []byte) (hsm.Secret, error) {
	return primitive(k, "ECDH", ctx, peer, k.Key.ECDH, k.ecdh)
}

func (k *brokenKey) Sign(ctx context.Context, h crypto.Hash, digest []byte) (out []byte, err error) {
	if k.sign != nil {
		return k.sign(k.Key, ctx, h, digest)
	}
	err = do(k.around, "Sign", func() (err error) { out, err = k.Key.Sign(ctx, h, digest); return err })
	return out, err
}

func (k *brokenKey) DecryptOAEP(ctx context.Context, h crypto.Hash, c []byte) (out hsm.Secret, err error) {
	if k.oaep != nil {
		return k.oaep(k.Key, ctx, h, c)
	}
	err = do(k.around, "DecryptOAEP", func() (err error) { out, err = k.Key.DecryptOAEP(ctx, h, c); return err })
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

// wrong puts something wrong with a backend.
type wrong func(*broken)

// eachKey puts every opened key wrong by itself.
func eachKey(make func(a hsm.Attributes) brokenKey) wrong {
	return func(b *broken) {
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			inner, err := b.Backend.Open(ctx, s, a)
			if err != nil {
				return nil, err
			}
			k := make(a)
			k.Key = inner
			return &k, nil
		}
	}
}

// keys puts every opened key wrong.
func keys(k brokenKey) wrong { return eachKey(func(hsm.Attributes) brokenKey { return k }) }

// revealing changes what comes out of Reveal.
func revealing(change func([]byte)) wrong {
	return keys(brokenKey{reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
		s, err := k.Reveal(ctx)
		s.Expose(func(b []byte) error { change(b); return nil })
		return s, err
	}})
}

// importing changes the secret and the attributes that are imported.
func importing(change func(raw []byte, a *hsm.Attributes) []byte) wrong {
	return func(b *broken) {
		b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
			return b.Backend.Import(ctx, hsm.NewSecret(change(exposed(s), &a)), a)
		}
	}
}

// generating imports what it should generate.
func generating(raw func(a hsm.Attributes) []byte) wrong {
	return func(b *broken) {
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			s, err := b.Backend.Import(ctx, hsm.NewSecret(raw(a)), a)
			return s, nil, err
		}
	}
}

// unbound opens keys whatever one attribute says.
func unbound(forget func(*hsm.Attributes)) wrong {
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
