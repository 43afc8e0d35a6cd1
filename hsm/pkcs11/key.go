//go:build cgo

package pkcs11

import (
	"context"
	"crypto"
	"slices"
	"sync"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// key is an open key: session objects, which are made on first use and made again
// when their connection is lost.
type key struct {
	backend *Backend
	a       hsm.Attributes
	source  source

	// inUse is held for reading by every call, so that Close destroys nothing
	// in use: some modules would then work with another key.
	inUse  sync.RWMutex
	closed bool // guarded by inUse

	objects [purposes]object
	modulus modulus // of RSA
}

// source makes an object of a key for a purpose.
type source interface {
	object(ctx context.Context, c *connection, a hsm.Attributes, p purpose) (p11.ObjectHandle, error)
}

// object is a session object of a key for one purpose.
type object struct {
	mu     sync.Mutex  // guards both, and is held while one is made
	at     *connection // nil: it was not made yet
	handle p11.ObjectHandle
}

// get is the object's handle on a connection.
func (k *key) get(ctx context.Context, c *connection, p purpose) (p11.ObjectHandle, error) {
	o := &k.objects[p]
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.at == c {
		return o.handle, nil
	}
	h, err := k.source.object(ctx, c, k.a, p)
	if err != nil {
		return 0, err
	}
	o.at, o.handle = c, h
	return h, nil
}

// object unwraps the key. A symmetric key becomes one of its algorithm, or for
// carrying a generic secret, of which no module changes a bit.
func (w *wrapped) object(ctx context.Context, c *connection, a hsm.Attributes, p purpose) (p11.ObjectHandle, error) {
	if paired(a) {
		return c.unwrapUnder(ctx, w.how, c.masters.wrapper(w.by), w.blob, c.caps.pairTemplate(a, w.second, p))
	}
	kind, blob := secretType(a), w.blob
	switch {
	case p == carrying:
		kind = p11.CKK_GENERIC_SECRET
	case p == hashing:
		kind, blob = p11.CKK_GENERIC_SECRET, w.second
	case w.second != nil && a.Algorithm == hsm.HMAC:
		blob = w.second
	}
	return c.unwrapUnder(ctx, w.how, c.masters.wrapper(w.by), blob,
		sessionKey(p11.CKO_SECRET_KEY, kind, p, w.by == masterRevealable && p == carrying))
}

// adopt makes an object that exists already the key's.
func (k *key) adopt(c *connection, p purpose, h p11.ObjectHandle) {
	k.objects[p].at, k.objects[p].handle = c, h
}

// do runs calls with the key's object for a purpose, on the present connection, and
// once more if that is lost. The error of can is that the module cannot do it.
func (k *key) do(
	ctx context.Context,
	p purpose,
	can func(*capabilities) error,
	calls func(*connection, p11.ObjectHandle) error,
) error {
	return k.backend.do(ctx, func(c *connection) error {
		if err := can(c.caps); err != nil {
			return err
		}
		h, err := k.get(ctx, c, p)
		if err != nil {
			return err
		}
		return calls(c, h)
	})
}

// begin is the first step of every primitive, with inUse held.
func (k *key) begin(ctx context.Context, algorithms ...hsm.Algorithm) error {
	if k.closed {
		return hsm.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, a := range algorithms {
		if k.a.Algorithm == a {
			return nil
		}
	}
	return hsm.ErrRefused
}

// cipherMechanisms are those of one block cipher.
type cipherMechanisms struct {
	ecb, cbc, cmac, derive uint
	size                   int
}

var mechanismsOf = map[hsm.Algorithm]cipherMechanisms{
	hsm.AES:  {p11.CKM_AES_ECB, p11.CKM_AES_CBC, p11.CKM_AES_CMAC, p11.CKM_AES_ECB_ENCRYPT_DATA, 16},
	hsm.TDES: {p11.CKM_DES3_ECB, p11.CKM_DES3_CBC, p11.CKM_DES3_CMAC, p11.CKM_DES3_ECB_ENCRYPT_DATA, 8},
}

// Encrypt works in the token.
func (k *key) Encrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	return k.cipher(ctx, mode, iv, data, (*connection).encrypt)
}

// Decrypt works in the token.
func (k *key) Decrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	return k.cipher(ctx, mode, iv, data, (*connection).decrypt)
}

func (k *key) cipher(ctx context.Context, mode hsm.CipherMode, iv, data []byte,
	run func(*connection, context.Context, []*p11.Mechanism, p11.ObjectHandle, []byte) ([]byte, error)) error {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.AES, hsm.TDES); err != nil {
		return err
	}
	ms := mechanismsOf[k.a.Algorithm]
	m, wantIV := mechanism(ms.ecb, nil), 0
	if mode == hsm.CBC {
		m, wantIV = mechanism(ms.cbc, iv), ms.size
	}
	if mode != hsm.ECB && mode != hsm.CBC || len(iv) != wantIV || len(data)%ms.size != 0 {
		return hsm.ErrInput
	}
	if len(data) == 0 {
		return nil
	}
	can := func(caps *capabilities) error {
		if !caps.ciphers[k.a.Algorithm] {
			return hsm.Unsupported(nameFor(canCipher, k.a.Algorithm))
		}
		return nil
	}
	return k.do(ctx, enciphering, can, func(c *connection, h p11.ObjectHandle) error {
		out, err := run(c, ctx, m, h, data)
		if err != nil {
			return err
		}
		defer clear(out)
		if len(out) != len(data) {
			return &Error{Function: "C_Encrypt or C_Decrypt", Code: ckrGeneralError, Name: "an output of another length"}
		}
		copy(data, out)
		return nil
	})
}

// CMAC works in the token, where it has one for the algorithm.
func (k *key) CMAC(ctx context.Context, message []byte) (out []byte, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.AES, hsm.TDES); err != nil {
		return nil, err
	}
	ms := mechanismsOf[k.a.Algorithm]
	can := func(caps *capabilities) error {
		if !caps.cmacs[k.a.Algorithm] {
			return hsm.Unsupported(nameFor(canCMAC, k.a.Algorithm))
		}
		return nil
	}
	err = k.do(ctx, authenticating, can, func(c *connection, h p11.ObjectHandle) error {
		out, err = c.signed(ctx, mechanism(ms.cmac, nil), h, message, ms.size)
		return err
	})
	return out, err
}

// signed is sign with a check of the result's length.
func (c *connection) signed(ctx context.Context, m []*p11.Mechanism, h p11.ObjectHandle, message []byte, size int) ([]byte, error) {
	out, err := c.sign(ctx, m, h, message)
	if err == nil && len(out) != size {
		err = &Error{Function: "C_Sign", Code: ckrGeneralError, Name: "a MAC of a wrong length"}
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// HMAC works in the token.
func (k *key) HMAC(ctx context.Context, message []byte) (out []byte, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.HMAC); err != nil {
		return nil, err
	}
	return k.hmac(ctx, authenticating, k.a.Hash, message)
}

// HMACWith works in the token, with an object of its own. A key that was sealed by a version
// without HMACWith has no wrapping for it.
func (k *key) HMACWith(ctx context.Context, hash crypto.Hash, message []byte) ([]byte, error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.AES, hsm.TDES); err != nil {
		return nil, err
	}
	if !k.a.TakesHash() {
		return nil, hsm.ErrRefused
	}
	if hash != crypto.SHA224 && hash != crypto.SHA256 && hash != crypto.SHA384 && hash != crypto.SHA512 {
		return nil, hsm.ErrInput
	}
	if w, ok := k.source.(*wrapped); !ok || w.second == nil {
		return nil, hsm.Unsupported(hmacName(hash) + " under a key of an earlier version")
	}
	return k.hmac(ctx, hashing, hash, message)
}

func (k *key) hmac(ctx context.Context, p purpose, hash crypto.Hash, message []byte) (out []byte, err error) {
	m, ok := hmacs[hash]
	if !ok {
		return nil, hsm.Unsupported(hmacName(hash))
	}
	can := func(caps *capabilities) error {
		if slices.Contains(caps.without, m) {
			return hsm.Unsupported(hmacName(hash))
		}
		return nil
	}
	err = k.do(ctx, p, can, func(c *connection, h p11.ObjectHandle) error {
		if out, err = c.signed(ctx, mechanism(m, nil), h, message, hash.Size()); err != nil {
			return unsupported(err, hmacName(hash))
		}
		return nil
	})
	return out, err
}

// having is a can of do.
func having(can func(*capabilities) bool, name string) func(*capabilities) error {
	return func(caps *capabilities) error {
		if !can(caps) {
			return hsm.Unsupported(name)
		}
		return nil
	}
}

// unsupported makes an UnsupportedError of the code for a missing mechanism.
func unsupported(err error, primitive string) error {
	if failedWith(err, lacking...) {
		return hsm.Unsupported(primitive)
	}
	return err
}

// Reveal has the token wrap the key under the transport key. The token does that
// for no key but those of the master for revealable keys.
func (k *key) Reveal(ctx context.Context) (out hsm.Secret, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, k.a.Algorithm); err != nil {
		return hsm.Secret{}, err
	}
	if !k.a.Revealable() {
		return hsm.Secret{}, hsm.ErrRefused
	}
	if w, ok := k.source.(*wrapped); ok && w.by != masterRevealable {
		return hsm.Secret{}, hsm.ErrKept
	}
	if paired(k.a) {
		return k.revealPair(ctx)
	}
	always := func(*capabilities) error { return nil }
	err = k.do(ctx, carrying, always, func(c *connection, h p11.ObjectHandle) error {
		raw, err := c.take(ctx, h, k.a.Bits/8)
		if err != nil {
			return err
		}
		defer clear(raw)
		out = hsm.NewSecret(raw)
		return nil
	})
	return out, err
}

// take returns the first size bytes of a secret in the clear. Anything but zeros
// behind them is an error.
func (c *connection) take(ctx context.Context, h p11.ObjectHandle, size int) ([]byte, error) {
	blob, err := c.wrap(ctx, byKW.mechanism(nil), c.transport.handle, h)
	if err != nil {
		return nil, err
	}
	out, ok := unwrapHost(c.transport.block, blob)
	if !ok || len(out) < size {
		clear(out)
		return nil, &Error{Function: "C_WrapKey", Code: ckrGeneralError, Name: "what it gave is no RFC 3394 key wrap of the key"}
	}
	for _, b := range out[size:] {
		if b != 0 {
			clear(out)
			return nil, &Error{Function: "C_WrapKey", Code: ckrGeneralError, Name: "the key is longer than it should be"}
		}
	}
	return out[:size:size], nil
}

// Close destroys the key's objects.
func (k *key) Close() error {
	k.inUse.Lock()
	defer k.inUse.Unlock()
	if k.closed {
		return nil
	}
	k.closed = true
	k.backend.forget(k)
	return nil
}
