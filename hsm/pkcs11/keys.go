//go:build cgo

package pkcs11

import (
	"context"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Generate makes a key on the token; see [hsm.Backend].
func (b *Backend) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	sealed, public, key, err := b.GenerateOpen(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	return sealed, public, key.Close()
}

// GenerateOpen makes a key on the token and returns it open; see
// [hsm.OpenGenerator].
func (b *Backend) GenerateOpen(ctx context.Context, a hsm.Attributes) (sealed hsm.Sealed, public hsm.Public, opened hsm.Key, err error) {
	err = b.do(ctx, func(c *connection) error {
		if err := a.Check(); err != nil {
			return err
		}
		if err := c.caps.supports(a); err != nil {
			return err
		}
		k := &key{backend: b, a: a}
		var err error
		if paired(a) {
			sealed, public, err = c.generatePairFor(ctx, k)
		} else {
			sealed, err = c.generateSecret(ctx, k)
		}
		opened = k
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return sealed, public, opened, nil
}

// generatePairFor makes a key pair. No object of it is kept: its check value is
// computed over the public half.
func (c *connection) generatePairFor(ctx context.Context, k *key) (hsm.Sealed, hsm.Public, error) {
	h, public, err := c.newPair(ctx, k.a)
	if err != nil {
		return nil, nil, unsupported(err, "making a key of algorithm "+string(rune(k.a.Algorithm)))
	}
	defer c.destroy(h)
	point, err := pointOf(k.a, public)
	if err != nil {
		return nil, nil, err
	}
	w, err := c.wrapPair(ctx, h, point, k.a)
	if err != nil {
		return nil, nil, err
	}
	k.source = &w
	sealed, err := c.seal(ctx, w, k.a)
	return sealed, public, err
}

// generateSecret makes a symmetric key as an object with which its check value can
// be computed.
func (c *connection) generateSecret(ctx context.Context, k *key) (hsm.Sealed, error) {
	m, more := c.generator(k.a)
	if m == 0 {
		return c.drawSecret(ctx, k)
	}
	use := authenticating
	if k.a.Algorithm == hsm.TDES || k.a.Algorithm == hsm.AES && !c.caps.cmacs[hsm.AES] {
		use = enciphering
	}
	h, err := c.generate(ctx, m, sessionKey(p11.CKO_SECRET_KEY, secretType(k.a), use, true, more...))
	if err != nil {
		return nil, err
	}
	w := wrapped{by: masterFor(k.a), how: byKW}
	if w.blob, err = c.wrapUnder(ctx, byKW, c.masters.wrapper(w.by), h); err != nil {
		c.destroy(h)
		return nil, err
	}
	sealed, err := c.seal(ctx, w, k.a)
	if err != nil {
		c.destroy(h)
		return nil, err
	}
	k.source = &w
	k.adopt(c, use, h)
	return sealed, nil
}

func (c *connection) drawSecret(ctx context.Context, k *key) (hsm.Sealed, error) {
	raw, err := c.draw(ctx, k.a)
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	w, err := c.sealSecret(ctx, raw, k.a)
	if err != nil {
		return nil, err
	}
	k.source = &w
	return c.seal(ctx, w, k.a)
}

// Import seals a key given in the clear; see [hsm.Backend]. Its bytes are in host
// memory for the length of the call.
func (b *Backend) Import(ctx context.Context, s hsm.Secret, a hsm.Attributes) (sealed hsm.Sealed, err error) {
	err = b.do(ctx, func(c *connection) error {
		if err := a.Fit(s); err != nil {
			return err
		}
		if err := c.caps.supports(a); err != nil {
			return err
		}
		return s.Expose(func(raw []byte) (err error) {
			sealed, err = c.importKey(ctx, raw, a)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return sealed, nil
}

func (c *connection) importKey(ctx context.Context, raw []byte, a hsm.Attributes) (hsm.Sealed, error) {
	if !paired(a) {
		w, err := c.sealSecret(ctx, raw, a)
		if err != nil {
			return nil, err
		}
		return c.seal(ctx, w, a)
	}
	h, point, err := c.createPair(ctx, raw, a)
	if err != nil {
		return nil, err
	}
	defer c.destroy(h)
	w, err := c.wrapPair(ctx, h, point, a)
	if err != nil {
		return nil, err
	}
	return c.seal(ctx, w, a)
}

// Open checks the seal; see [hsm.Backend]. The key is unwrapped when it is used.
func (b *Backend) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (opened hsm.Key, err error) {
	err = b.do(ctx, func(c *connection) error {
		w, err := c.unseal(ctx, s, a)
		if err == nil {
			opened = &key{backend: b, a: a, source: &w}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// Reseal binds a key pair to other attributes; see [hsm.Resealer]. What the token
// wrapped stays as it is.
func (b *Backend) Reseal(ctx context.Context, s hsm.Sealed, from, to hsm.Attributes) (sealed hsm.Sealed, err error) {
	if err := from.CheckReseal(to); err != nil {
		return nil, err
	}
	err = b.do(ctx, func(c *connection) error {
		w, err := c.unseal(ctx, s, from)
		if err == nil {
			sealed, err = c.seal(ctx, w, to)
		}
		return err
	})
	return sealed, err
}

// forget destroys the objects of a key that is not in use. Those of a lost
// connection are lost with it.
func (b *Backend) forget(k *key) {
	b.module.calls.RLock()
	if b.closed || !b.alive() {
		b.module.calls.RUnlock()
		return
	}
	c := b.conn
	for i := range k.objects {
		if o := &k.objects[i]; o.at == c {
			c.destroy(o.handle)
		}
	}
	b.leave(c)
}

var (
	_ hsm.Backend       = (*Backend)(nil)
	_ hsm.OpenGenerator = (*Backend)(nil)
	_ hsm.Resealer      = (*Backend)(nil)
	_ hsm.Initializer   = (*Backend)(nil)
)
