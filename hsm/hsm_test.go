package hsm_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

var ctx = context.Background()

// onEvery tries a command on every backend: the software one, one that lacks what
// it can lack, and the PKCS#11 modules of this build.
func onEvery(t *testing.T, do func(t *testing.T, h *hsm.HSM)) {
	for _, name := range simtest.Backends() {
		t.Run(name, func(t *testing.T) {
			h := hsm.New(simtest.BackendNamed(t, name, nil), nil)
			t.Cleanup(func() { h.Close() })
			do(t, h)
		})
	}
}

var zeroMethods = map[hsm.Algorithm]kcv.Method{hsm.TDES: kcv.TDESZero, hsm.AES: kcv.AESCMAC, hsm.HMAC: kcv.HMACSHA256}

// load makes a key of two components.
func load(t testing.TB, h *hsm.HSM, a hsm.Attributes, key []byte) hsm.KeyRef {
	t.Helper()
	zero := make([]byte, len(key))
	out, err := h.LoadComponents(ctx, []hsm.Secret{hsm.NewSecret(key), hsm.NewSecret(zero)}, a, zeroMethods[a.Algorithm])
	if err != nil {
		t.Fatalf("loading %+v: %v", a, err)
	}
	return hsm.KeyRef{Sealed: out.Sealed, Attributes: a}
}

func kbpkAttributes(v string, bits int) hsm.Attributes {
	a := hsm.Attributes{KeyID: "kbpk", Usage: "K1", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: bits}
	if v == "D" || v == "E" {
		a.Algorithm, a.Exportability = hsm.AES, 'E'
	}
	return a
}

func TestComponentsAreXoredAndShown(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		a := hsm.Attributes{KeyID: "k", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 128}
		parts := []hsm.Secret{
			hsm.NewSecret(testrig.Hex("0123456789ABCDEFFEDCBA9876543210")),
			hsm.NewSecret(make([]byte, 16)), hsm.NewSecret(make([]byte, 16)),
		}
		out, err := h.LoadComponents(ctx, parts, a, kcv.TDESZero)
		if err != nil || out.CheckValue.String() != "08D7B4" || len(out.Parts) != 3 || out.Parts[0].String() != "08D7B4" ||
			out.Parts[1].String() != "8CA64D" {
			t.Errorf("got %v, %v, %v; want 08D7B4, and 08D7B4 8CA64D 8CA64D of the parts", out.CheckValue, out.Parts, err)
		}
		if _, err := h.LoadComponents(ctx, []hsm.Secret{parts[0], hsm.NewSecret(make([]byte, 8))}, a, kcv.TDESZero); !errors.Is(
			err,
			hsm.ErrInput,
		) {
			t.Errorf("a short component: %v", err)
		}
		if _, err := h.LoadComponents(ctx, nil, a, kcv.TDESZero); !errors.Is(err, hsm.ErrInput) {
			t.Errorf("no component: %v", err)
		}
	})
}

func TestReadyPairsComeFirstAndEachOnce(t *testing.T) {
	b := hsm.NewSoftware(nil)
	defer b.Close()
	h := hsm.New(b, &hsm.Options{Ready: testkeys.Ready()})
	a := hsm.Attributes{KeyID: "r", Usage: "S0", Algorithm: hsm.RSA, Mode: 'S', Exportability: 'N', Bits: 2048}
	seen := map[string]bool{}
	for range 9 { // eight ready ones, then generation takes over
		made, err := h.GenerateKey(ctx, a, kcv.SHA1)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(made.Public)] || len(made.CheckValue.String()) != 40 {
			t.Errorf("a pair came twice, or check value %s", made.CheckValue)
		}
		seen[string(made.Public)] = true
	}
	first := testkeys.Ready().Next
	if _, public, ok := first(2048); !ok || !seen[string(public)] {
		t.Error("the first ready pair was not handed out")
	}
}

// TestCacheIsBoundedAndDropsKeys: more protection keys than places, used from
// many goroutines while others are forgotten.
func TestCacheIsBoundedAndDropsKeys(t *testing.T) {
	b := hsm.NewSoftware(nil)
	defer b.Close()
	counted := &openCounter{Backend: b}
	h := hsm.New(counted, &hsm.Options{Cache: 4})
	header := floors.Header(tr31.VersionD, hsm.AES)
	var keks []hsm.KeyRef
	for i := range 10 {
		keks = append(keks, load(t, h, kbpkAttributes("D", 256), bytes.Repeat([]byte{byte(i)}, 32)))
	}
	key := load(
		t,
		h,
		hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128},
		make([]byte, 16),
	)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				kek := keks[(i*7+g)%len(keks)]
				if _, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: key}, kcv.AESCMAC); err != nil {
					t.Errorf("export %d: %v", i, err)
				}
				if i%9 == 0 {
					h.Forget(kek.Sealed)
				}
			}
		})
	}
	wg.Wait()
	if most := counted.most(); most > 4+8*2 {
		t.Errorf("%d keys were open at once", most)
	}
	h.Close()
	if n := counted.open(); n != 0 {
		t.Errorf("%d keys stay open", n)
	}
}

// openCounter counts keys that are open.
type openCounter struct {
	hsm.Backend
	mu       sync.Mutex // guards both
	now, max int
}

func (c *openCounter) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	k, err := c.Backend.Open(ctx, s, a)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now++
	c.max = max(c.max, c.now)
	return &countedKey{Key: k, owner: c}, nil
}

func (c *openCounter) most() int { c.mu.Lock(); defer c.mu.Unlock(); return c.max }
func (c *openCounter) open() int { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

type countedKey struct {
	hsm.Key
	owner *openCounter
	once  sync.Once
}

func (k *countedKey) Close() error {
	k.once.Do(func() { k.owner.mu.Lock(); k.owner.now--; k.owner.mu.Unlock() })
	return k.Key.Close()
}

// TestCachedKeysAreStillBoundToTheirAttributes: a key in the cache does not open
// the door for the same sealed bytes under other attributes.
func TestCachedKeysAreStillBoundToTheirAttributes(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		kek := load(t, h, kbpkAttributes("D", 256), make([]byte, 32))
		key := load(
			t,
			h,
			hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128},
			make([]byte, 16),
		)
		header := floors.Header(tr31.VersionD, hsm.AES)
		if _, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: key}, kcv.AESCMAC); err != nil {
			t.Fatal(err)
		}
		kek.Attributes.Mode = 'D'
		if _, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: key}, kcv.AESCMAC); !errors.Is(err, hsm.ErrSealed) {
			t.Errorf("with another mode of use: %v, want %v", err, hsm.ErrSealed)
		}
	})
}
