// Package hsmtest holds an hsm.Backend to every promise of its interface: Run
// it against a device of your own.
//
// A primitive that the device lacks (an hsm.UnsupportedError) passes: the
// suite holds a device to what it does, and hsm.HSM does the rest.
package hsmtest

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// T is what a case needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Case is one promise: the sentence of the interface's documentation that it
// enforces, and the check.
type Case struct {
	Name    string
	Promise string
	Check   func(t T, b hsm.Backend)
}

// Cases are all of them.
func Cases() []Case {
	var out []Case
	for _, group := range [][]Case{sealCases, primitiveCases, pairCases, lifeCases} {
		out = append(out, group...)
	}
	return out
}

// Run opens a backend for each case and holds it to the promise. The backend
// is closed when its case ends.
func Run(t *testing.T, open func(t *testing.T) hsm.Backend) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			b := open(t)
			t.Cleanup(func() { b.Close() })
			c.Check(promised{t, c.Promise}, b)
		})
	}
}

// promised prints the sentence with each failure.
type promised struct {
	*testing.T
	promise string
}

func (p promised) Errorf(format string, args ...any) {
	p.T.Helper()
	p.T.Errorf("%s\nthe interface promises: %s", fmt.Sprintf(format, args...), p.promise)
}

func (p promised) Fatalf(format string, args ...any) {
	p.T.Helper()
	p.T.Fatalf("%s\nthe interface promises: %s", fmt.Sprintf(format, args...), p.promise)
}

// Caught runs a case against a backend and says what fault it found; for
// tests of the suite.
func Caught(c Case, b hsm.Backend) []string {
	var r recorder
	var wg sync.WaitGroup
	wg.Go(func() { c.Check(&r, b) })
	wg.Wait()
	return r.faults
}

// recorder collects failures. Fatalf ends the goroutine, as testing does.
type recorder struct {
	mu     sync.Mutex // guards faults
	faults []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// What the cases are told in.

var ctx = context.Background()

// Attributes of keys that every device must know. All may be exported, so
// that a device reveals them.
var (
	aes128  = hsm.Attributes{KeyID: "kwapwa6qaifllw2h", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	aes192  = with(aes128, func(a *hsm.Attributes) { a.Bits = 192 })
	aes256  = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Bits = "K1", 256 })
	tdes2   = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm = "K0", hsm.TDES })
	tdes3   = with(tdes2, func(a *hsm.Attributes) { a.Bits = 192 })
	hmac256 = with(aes128, func(a *hsm.Attributes) {
		a.Usage, a.Algorithm, a.Mode, a.Bits, a.Hash = "M7", hsm.HMAC, 'C', 256, crypto.SHA256
	})
	rsa2048 = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm, a.Mode, a.Bits = "S0", hsm.RSA, 'S', 2048 })
	p256    = with(aes128, func(a *hsm.Attributes) { a.Usage, a.Algorithm, a.Mode, a.Bits = "K3", hsm.EC, 'X', 256 })
	p384    = with(p256, func(a *hsm.Attributes) { a.Bits = 384 })
	p521    = with(p256, func(a *hsm.Attributes) { a.Bits = 521 })

	symmetric = []hsm.Attributes{aes128, aes192, aes256, tdes2, tdes3, hmac256,
		with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = 224, crypto.SHA224 }),
		with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = 384, crypto.SHA384 }),
		with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = 512, crypto.SHA512 }),
		with(hmac256, func(a *hsm.Attributes) { a.Bits = 136 })} // 17 bytes: no whole number of blocks
)

func with(a hsm.Attributes, change func(*hsm.Attributes)) hsm.Attributes {
	change(&a)
	return a
}

func name(a hsm.Attributes) string { return fmt.Sprintf("%c-%d", a.Algorithm, a.Bits) }

func generate(t T, b hsm.Backend, a hsm.Attributes) (hsm.Sealed, hsm.Public) {
	t.Helper()
	sealed, public, err := b.Generate(ctx, a)
	if err != nil {
		t.Fatalf("Generate %s: %v", name(a), err)
	}
	return sealed, public
}

func open(t T, b hsm.Backend, s hsm.Sealed, a hsm.Attributes) hsm.Key {
	t.Helper()
	k, err := b.Open(ctx, s, a)
	if err != nil {
		t.Fatalf("Open %s: %v", name(a), err)
	}
	return k
}

// bring imports and opens a key.
func bring(t T, b hsm.Backend, raw []byte, a hsm.Attributes) hsm.Key {
	t.Helper()
	sealed, err := b.Import(ctx, hsm.NewSecret(raw), a)
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	return open(t, b, sealed, a)
}

// bytesOf copies what is revealed of a key.
func bytesOf(t T, k hsm.Key) (out []byte) {
	t.Helper()
	s, err := k.Reveal(ctx)
	if err != nil {
		t.Fatalf("Reveal: %v", err)
	}
	defer s.Destroy()
	s.Expose(func(clear []byte) error { out = append(out, clear...); return nil })
	return out
}

// lacks says that the device has no such primitive, which is no fault.
func lacks(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// sample is n bytes, other ones for each seed.
func sample(seed, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(seed*59 + i*i*7 + i)
	}
	return out
}
