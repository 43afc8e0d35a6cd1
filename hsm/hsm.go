package hsm

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/seed748fb4d1/apcsim/kcv"
)

// DefaultCache is how many prepared keys an HSM keeps ready.
const DefaultCache = 1024

// Options of an HSM. The zero value is right.
type Options struct {
	Ready Ready // RSA key pairs to use before any is generated; nil: none
	Cache int   // prepared keys kept, the least recently used are closed first; 0 or less: DefaultCache

	// Generations is how many RSA key pairs are made at once; 0: GOMAXPROCS less one, which leaves
	// one processor for other work, and at least one.
	Generations int

	// Log has a line when the generation of an RSA key pair begins and when it ends, and one for each
	// size of which Ready has no key pairs left. nil: none.
	Log *slog.Logger
}

// HSM is the payment commands, built once on the primitives of any Backend.
// Any number of goroutines may share one. Close closes what the HSM itself keeps
// open; the backend is closed by the caller that opened it.
//
// It starts a goroutine for one thing only: the generation of an RSA key pair for
// a context that can end. That goroutine ends with the generation; see
// [HSM.GenerateKey].
type HSM struct {
	backend     Backend
	ready       Ready
	cache       *cache
	generations *generations
	log         *slog.Logger
	usedUp      sync.Map // sizes in bits of which ready has none left
}

var discard = slog.New(slog.DiscardHandler)

// New builds the commands on a backend. A nil Options means defaults.
func New(b Backend, o *Options) *HSM {
	if o == nil {
		o = &Options{}
	}
	size := o.Cache
	if size <= 0 {
		size = DefaultCache
	}
	log := o.Log
	if log == nil {
		log = discard
	}
	return &HSM{backend: b, ready: o.Ready, cache: newCache(size), generations: newGenerations(o.Generations), log: log}
}

// KeyRef is what a store keeps of a key: the sealed key and, next to it, the
// attributes that it was sealed with ([Attributes.AppendBinary] and
// [Attributes.UnmarshalBinary]). Attributes that are computed anew from something
// else may differ one day, and the seal does not open with others.
type KeyRef struct {
	Sealed     Sealed
	Attributes Attributes
}

// Made is a key that was made or imported: what is to be stored of it, the public
// half of a key pair, and the check value that was asked for.
type Made struct {
	KeyRef
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

// Close closes the keys kept open. The backend stays open. A generation that is running ends by
// itself, and its key pair is erased.
func (h *HSM) Close() error {
	h.generations.close()
	h.cache.clear()
	return nil
}

// GenerateKey makes a key and its check value. RSA key pairs come from
// Options.Ready while it has any.
//
// At most Options.Generations RSA key pairs are made at once, on any backend. A call returns when
// its context ends, whether it waits for its turn or for its key pair. A generation that has begun
// continues to its end, and what it made is for the next caller of that size and exportability, if
// the backend is a [Resealer]; otherwise it is dropped.
func (h *HSM) GenerateKey(ctx context.Context, a Attributes, m kcv.Method) (Made, error) {
	if a.Algorithm == RSA && h.ready != nil {
		if private, public, ok := h.ready.Next(a.Bits); ok {
			defer private.Destroy()
			sealed, err := h.backend.Import(ctx, private, a)
			if err != nil {
				return Made{}, err
			}
			return made(ctx, KeyRef{sealed, a}, public, nil, m)
		}
		if _, known := h.usedUp.LoadOrStore(a.Bits, true); !known {
			h.log.Info("the ready RSA key pairs of this size are used up: new ones are generated", "bits", a.Bits)
		}
	}
	if a.Algorithm == RSA {
		return h.generateRSA(ctx, a, m)
	}
	sealed, public, key, err := h.generate(ctx, a)
	if err != nil {
		return Made{}, err
	}
	defer key.Close()
	return made(ctx, KeyRef{sealed, a}, public, key, m)
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

// Components is what LoadComponents makes: the key, and the check value of each
// component in the order given.
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

// CheckValue computes the check value of a symmetric key, which stays prepared.
func (h *HSM) CheckValue(ctx context.Context, k KeyRef, m kcv.Method) (kcv.Value, error) {
	p, err := h.use(ctx, k)
	if err != nil {
		return kcv.Value{}, err
	}
	defer h.cache.release(p)
	return checkValue(ctx, p.key, m)
}

// adoptKey seals clear bytes as a key and computes its check value. The bytes stay
// the caller's, to be cleared.
func (h *HSM) adoptKey(ctx context.Context, raw []byte, a Attributes, m kcv.Method) (Made, error) {
	value, err := m.Compute(raw)
	if err != nil {
		return Made{}, err
	}
	sealed, err := h.backend.Import(ctx, adopt(raw), a)
	if err != nil {
		return Made{}, err
	}
	return Made{KeyRef: KeyRef{sealed, a}, CheckValue: value}, nil
}

// made computes the check value: of a key pair over its public half, of any other
// key with the key.
func made(ctx context.Context, ref KeyRef, public Public, key Key, m kcv.Method) (out Made, err error) {
	out.KeyRef, out.Public = ref, public
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
		zero := m.Message() // one block
		out, err = cmacOf(ctx, k, len(zero), zero)
	default:
		out, err = k.HMAC(ctx, m.Message())
	}
	if err != nil {
		return kcv.Value{}, err
	}
	return m.Value(out)
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
