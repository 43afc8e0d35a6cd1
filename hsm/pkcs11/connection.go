//go:build cgo

package pkcs11

import (
	"context"
	"crypto/cipher"
	"sync"
	"sync/atomic"

	p11 "github.com/miekg/pkcs11"
)

// connection is one login to the token with its sessions and the handles of the
// objects in them. It is lost as a whole.
// All its methods are called with module.calls held.
type connection struct {
	module     *module
	api        cryptoki
	slot       uint
	generation int // of the module
	losses     int // that the module had seen

	login p11.SessionHandle // keeps the login, and holds the transport key; never lent
	// Session objects end with the session that made them. Those of application
	// keys are made in homes, where no call begins an operation and does not end it, so that
	// no home is ever closed alone; operations run in workers.
	homes, workers *pool

	masters   *masters // nil: the token has none
	transport transport
	caps      *capabilities

	failing atomic.Pointer[error] // set once a destroy has found the connection lost

	mu     sync.Mutex         // guards doomed
	doomed []p11.ObjectHandle // objects that the module failed to destroy
}

// transport is a key that both the token and the host have: the host can unwrap what
// the token wraps under it.
type transport struct {
	handle p11.ObjectHandle
	block  cipher.Block
}

const allSessions = p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION

func (c *connection) openSession() (p11.SessionHandle, error) {
	s, err := c.api.OpenSession(c.slot, allSessions)
	return s, failure("C_OpenSession", err)
}

func (c *connection) closeSession(s p11.SessionHandle) error {
	return failure("C_CloseSession", c.api.CloseSession(s))
}

// close ends all sessions, and with them the login. The caller holds
// module.calls for writing: no session is lent.
func (c *connection) close() {
	if c.generation != c.module.generation || !c.module.up {
		return // gone already; its handles may be those of other sessions by now
	}
	c.homes.closeAll()
	c.workers.closeAll()
	if c.closeSession(c.login) != nil {
		c.closeSession(c.login) // once more: it holds the login
	}
}

// at runs one call that ends the operation it begins, in a home.
func (c *connection) at(ctx context.Context, function string, call func(p11.SessionHandle) error) error {
	s, err := c.homes.borrow(ctx)
	if err != nil {
		return err
	}
	defer c.homes.returned(s)
	return failure(function, call(s))
}

// operation runs two calls, C_xInit and C_x, in a worker. A worker in which the
// operation may still be under way is closed.
func (c *connection) operation(ctx context.Context, function string, start, finish func(p11.SessionHandle) error) error {
	s, err := c.workers.borrow(ctx)
	if err != nil {
		return err
	}
	if err := start(s); err != nil {
		c.workers.broken(s)
		return failure(function+"Init", err)
	}
	if err := failure(function, finish(s)); err != nil {
		c.workers.broken(s)
		return err
	}
	c.workers.returned(s)
	return nil
}

// The calls, by their PKCS#11 names.

func (c *connection) create(ctx context.Context, template []*p11.Attribute) (p11.ObjectHandle, error) {
	return c.object(ctx, "C_CreateObject", func(s p11.SessionHandle) (p11.ObjectHandle, error) {
		return c.api.CreateObject(s, template)
	})
}

func (c *connection) generate(ctx context.Context, m uint, template []*p11.Attribute) (p11.ObjectHandle, error) {
	return c.object(ctx, "C_GenerateKey", func(s p11.SessionHandle) (p11.ObjectHandle, error) {
		return c.api.GenerateKey(s, mechanism(m, nil), template)
	})
}

func (c *connection) unwrap(
	ctx context.Context,
	m []*p11.Mechanism,
	master p11.ObjectHandle,
	wrapped []byte,
	template []*p11.Attribute,
) (p11.ObjectHandle, error) {
	return c.object(ctx, "C_UnwrapKey", func(s p11.SessionHandle) (p11.ObjectHandle, error) {
		return c.api.UnwrapKey(s, m, master, wrapped, template)
	})
}

func (c *connection) derive(
	ctx context.Context,
	m []*p11.Mechanism,
	base p11.ObjectHandle,
	template []*p11.Attribute,
) (p11.ObjectHandle, error) {
	return c.object(ctx, "C_DeriveKey", func(s p11.SessionHandle) (p11.ObjectHandle, error) {
		return c.api.DeriveKey(s, m, base, template)
	})
}

// object is a call that makes a session object. The caller destroys it.
func (c *connection) object(
	ctx context.Context,
	function string,
	call func(p11.SessionHandle) (p11.ObjectHandle, error),
) (h p11.ObjectHandle, err error) {
	err = c.at(ctx, function, func(s p11.SessionHandle) error {
		var err error
		h, err = call(s)
		return err
	})
	return h, err
}

func (c *connection) generatePair(ctx context.Context, m uint, public, private []*p11.Attribute) (pub, priv p11.ObjectHandle, err error) {
	err = c.at(ctx, "C_GenerateKeyPair", func(s p11.SessionHandle) error {
		var err error
		pub, priv, err = c.api.GenerateKeyPair(s, mechanism(m, nil), public, private)
		return err
	})
	return pub, priv, err
}

// mostDoomed is how many objects that were not destroyed a connection may have
// before it is given up, which ends them.
const mostDoomed = 32

// destroy ends a session object, now or when the next one is destroyed. It does not
// use the caller's context: if that has ended the object would stay.
func (c *connection) destroy(h p11.ObjectHandle) {
	c.mu.Lock()
	doomed := append(c.doomed, h)
	c.doomed = nil
	c.mu.Unlock()
	for _, h := range doomed {
		err := c.at(context.Background(), "C_DestroyObject", func(s p11.SessionHandle) error { return c.api.DestroyObject(s, h) })
		if err == nil {
			continue
		}
		c.mu.Lock()
		c.doomed = append(c.doomed, h)
		many := len(c.doomed) > mostDoomed
		c.mu.Unlock()
		if many || lost(err) {
			c.failing.Store(&err) // destroy returns no error: leave gives the connection up
		}
	}
}

// attribute reads one attribute: of several the binding returns none if one of them
// cannot be read.
func (c *connection) attribute(ctx context.Context, h p11.ObjectHandle, kind uint) (value []byte, err error) {
	err = c.at(ctx, "C_GetAttributeValue", func(s p11.SessionHandle) error {
		found, err := c.api.GetAttributeValue(s, h, []*p11.Attribute{{Type: kind}})
		if err == nil {
			value = found[0].Value
		}
		return err
	})
	return value, err
}

func (c *connection) wrap(ctx context.Context, m []*p11.Mechanism, under, key p11.ObjectHandle) (wrapped []byte, err error) {
	err = c.at(ctx, "C_WrapKey", func(s p11.SessionHandle) error {
		var err error
		wrapped, err = c.api.WrapKey(s, m, under, key)
		return err
	})
	return wrapped, err
}

func (c *connection) random(ctx context.Context, n int) (out []byte, err error) {
	err = c.at(ctx, "C_GenerateRandom", func(s p11.SessionHandle) error {
		var err error
		out, err = c.api.GenerateRandom(s, n)
		return err
	})
	if err == nil && len(out) != n {
		err = &Error{Function: "C_GenerateRandom", Code: ckrGeneralError, Name: "a wrong number of bytes"}
	}
	return out, err
}

func (c *connection) encrypt(ctx context.Context, m []*p11.Mechanism, key p11.ObjectHandle, data []byte) (out []byte, err error) {
	err = c.operation(ctx, "C_Encrypt",
		func(s p11.SessionHandle) error { return c.api.EncryptInit(s, m, key) },
		func(s p11.SessionHandle) (err error) { out, err = c.api.Encrypt(s, data); return err })
	return out, err
}

func (c *connection) decrypt(ctx context.Context, m []*p11.Mechanism, key p11.ObjectHandle, data []byte) (out []byte, err error) {
	err = c.operation(ctx, "C_Decrypt",
		func(s p11.SessionHandle) error { return c.api.DecryptInit(s, m, key) },
		func(s p11.SessionHandle) (err error) { out, err = c.api.Decrypt(s, data); return err })
	return out, err
}

func (c *connection) sign(ctx context.Context, m []*p11.Mechanism, key p11.ObjectHandle, data []byte) (out []byte, err error) {
	err = c.operation(ctx, "C_Sign",
		func(s p11.SessionHandle) error { return c.api.SignInit(s, m, key) },
		func(s p11.SessionHandle) (err error) { out, err = c.api.Sign(s, data); return err })
	return out, err
}
