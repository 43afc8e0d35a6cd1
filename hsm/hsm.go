package hsm

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/cmac"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// DefaultCache is how many prepared keys an HSM keeps ready.
const DefaultCache = 1024

// Options of an HSM. The zero value is right.
type Options struct {
	Ready Ready // RSA pairs to hand out before any is generated; nil: none
	Cache int   // prepared keys kept, least recently used first out; 0: DefaultCache
}

// HSM is the payment commands, built once on the primitives of any Backend.
// Any number of goroutines may share one. Closing the backend is for whoever
// opened it; Close releases what the HSM itself keeps open.
type HSM struct {
	backend Backend
	ready   Ready
	cache   *cache
}

// New builds the commands on a backend. A nil Options means defaults.
func New(b Backend, o *Options) *HSM {
	if o == nil {
		o = &Options{}
	}
	size := o.Cache
	if size <= 0 {
		size = DefaultCache
	}
	return &HSM{backend: b, ready: o.Ready, cache: newCache(size)}
}

// KeyRef is a sealed key with the attributes it is bound to.
type KeyRef struct {
	Sealed     Sealed
	Attributes Attributes
}

// Made is a key that has come into being: sealed, with the public half of a
// pair and the check value asked for.
type Made struct {
	Sealed     Sealed
	Public     Public
	CheckValue kcv.Value
}

// MasterKeyID names the backend's master key; see [Backend].
func (h *HSM) MasterKeyID(ctx context.Context) (string, error) { return h.backend.MasterKeyID(ctx) }

// Initialize makes the backend's master key; see [Initializer]. One that is no
// Initializer has its master key from the beginning.
func (h *HSM) Initialize(ctx context.Context) error {
	if device, ok := h.backend.(Initializer); ok {
		return device.Initialize(ctx)
	}
	return nil
}

// Random fills p from the backend; see [Backend].
func (h *HSM) Random(ctx context.Context, p []byte) error { return h.backend.Random(ctx, p) }

// Forget closes whatever is kept open of a sealed key.
func (h *HSM) Forget(s Sealed) { h.cache.forget(s) }

// Close closes the keys kept open. The backend stays open.
func (h *HSM) Close() error { h.cache.clear(); return nil }

// GenerateKey makes a key and its check value. RSA pairs come from
// Options.Ready while it has any.
func (h *HSM) GenerateKey(ctx context.Context, a Attributes, m kcv.Method) (Made, error) {
	if a.Algorithm == RSA && h.ready != nil {
		if private, public, ok := h.ready.Next(a.Bits); ok {
			defer private.Destroy()
			sealed, err := h.backend.Import(ctx, private, a)
			if err != nil {
				return Made{}, err
			}
			return made(ctx, sealed, public, nil, m)
		}
	}
	sealed, public, key, err := h.generate(ctx, a)
	if err != nil {
		return Made{}, err
	}
	defer key.Close()
	return made(ctx, sealed, public, key, m)
}

// generate makes a key and opens it.
func (h *HSM) generate(ctx context.Context, a Attributes) (Sealed, Public, Key, error) {
	if device, ok := h.backend.(OpenGenerator); ok {
		return device.GenerateOpen(ctx, a)
	}
	sealed, public, err := h.backend.Generate(ctx, a)
	if err != nil {
		return nil, nil, nil, err
	}
	key, err := h.backend.Open(ctx, sealed, a)
	return sealed, public, key, err
}

// Components tells what LoadComponents made: the key, and the check value of
// each component in the order given.
type Components struct {
	Made
	Parts []kcv.Value
}

// LoadComponents makes a key from clear components, as a key ceremony does:
// the key is the XOR of all of them, each as long as the key. One component
// is the key itself. The secrets stay the caller's.
func (h *HSM) LoadComponents(ctx context.Context, parts []Secret, a Attributes, m kcv.Method) (Components, error) {
	if len(parts) == 0 {
		return Components{}, fmt.Errorf("%w: no component", ErrInput)
	}
	var c Components
	whole := make([]byte, a.Bits/8)
	defer clear(whole)
	for i, p := range parts {
		if p.Len() != len(whole) {
			return Components{}, fmt.Errorf("%w: component %d has %d bytes, the key %d", ErrInput, i+1, p.Len(), len(whole))
		}
		for j, b := range p.bytes() {
			whole[j] ^= b
		}
		v, err := m.Compute(p.bytes())
		if err != nil {
			return Components{}, err
		}
		c.Parts = append(c.Parts, v)
	}
	made, err := h.adoptKey(ctx, whole, a, m)
	c.Made = made
	return c, err
}

// CheckValue computes the check value of a symmetric key.
func (h *HSM) CheckValue(ctx context.Context, k KeyRef, m kcv.Method) (kcv.Value, error) {
	key, err := h.backend.Open(ctx, k.Sealed, k.Attributes)
	if err != nil {
		return kcv.Value{}, err
	}
	defer key.Close()
	return checkValue(ctx, key, m)
}

// adoptKey seals clear bytes as a key and computes the check value while they
// are at hand. The bytes stay the caller's, to be cleared.
func (h *HSM) adoptKey(ctx context.Context, raw []byte, a Attributes, m kcv.Method) (Made, error) {
	value, err := m.Compute(raw)
	if err != nil {
		return Made{}, err
	}
	sealed, err := h.backend.Import(ctx, adopt(raw), a)
	return Made{Sealed: sealed, CheckValue: value}, err
}

// made computes the check value: of a pair over its public half, of any other
// key with the key.
func made(ctx context.Context, s Sealed, public Public, key Key, m kcv.Method) (Made, error) {
	out := Made{Sealed: s, Public: public}
	var err error
	if public != nil {
		out.CheckValue, err = m.Compute(public)
	} else {
		out.CheckValue, err = checkValue(ctx, key, m)
	}
	return out, err
}

// checkValue computes a check value with an open key. The method says what is
// enciphered or authenticated and how much is shown; this function only
// picks the primitive.
func checkValue(ctx context.Context, k Key, m kcv.Method) (kcv.Value, error) {
	var out []byte
	var err error
	switch m {
	case kcv.TDESZero, kcv.AESZero:
		out = m.Message()
		err = k.Encrypt(ctx, ECB, nil, out)
	case kcv.TDESCMAC, kcv.AESCMAC:
		out, err = cmacOf(ctx, k, m.Message())
	default:
		out, err = k.HMAC(ctx, m.Message())
	}
	if err != nil {
		return kcv.Value{}, err
	}
	return m.Value(out)
}

// cmacOf is the device's CMAC or, where it has none, CMAC built on its ECB.
func cmacOf(ctx context.Context, k Key, message []byte) ([]byte, error) {
	out, err := k.CMAC(ctx, message)
	if !errors.Is(err, errors.ErrUnsupported) {
		return out, err
	}
	block, err := newDeviceBlock(ctx, k)
	if err != nil {
		return nil, err
	}
	out = cmac.New(block).Sum(nil, message)
	return out, block.err
}

// deviceBlock is a device's key as a cipher.Block, for the length of one
// call. The first failure is kept and everything after it is void.
type deviceBlock struct {
	ctx  context.Context
	key  Key
	size int
	err  error
}

// newDeviceBlock learns the width of a block by trying: an AES device takes
// no single block of 8 bytes.
func newDeviceBlock(ctx context.Context, k Key) (*deviceBlock, error) {
	var probe [8]byte
	err := k.Encrypt(ctx, ECB, nil, probe[:])
	switch {
	case err == nil:
		return &deviceBlock{ctx: ctx, key: k, size: 8}, nil
	case errors.Is(err, ErrInput):
		return &deviceBlock{ctx: ctx, key: k, size: 16}, nil
	}
	return nil, err
}

func (b *deviceBlock) BlockSize() int { return b.size }

func (b *deviceBlock) Encrypt(dst, src []byte) {
	copy(dst[:b.size], src[:b.size])
	if b.err == nil {
		b.err = b.key.Encrypt(b.ctx, ECB, nil, dst[:b.size])
	}
}

// Decrypt completes cipher.Block; CMAC has no use for it.
func (b *deviceBlock) Decrypt(dst, src []byte) {
	copy(dst[:b.size], src[:b.size])
	if b.err == nil {
		b.err = b.key.Decrypt(b.ctx, ECB, nil, dst[:b.size])
	}
}

// HMAC computes the HMAC of a message under an HMAC key, which stays prepared.
func (h *HSM) HMAC(ctx context.Context, k KeyRef, message []byte) ([]byte, error) {
	p, err := h.use(ctx, k)
	if err != nil {
		return nil, err
	}
	defer h.cache.release(p)
	return p.key.HMAC(ctx, message)
}
