package hsm_test

import (
	"context"
	"crypto"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// The parts of devices that have some of the optional interfaces.
type (
	generating struct{}
	resealing  struct{}
	initiated  struct{}
)

func (generating) GenerateOpen(context.Context, hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error) {
	return nil, nil, nil, hsm.Unsupported("GenerateOpen")
}

func (resealing) Reseal(context.Context, hsm.Sealed, hsm.Attributes, hsm.Attributes) (hsm.Sealed, error) {
	return nil, hsm.Unsupported("Reseal")
}

func (initiated) Initialize(context.Context) error { return hsm.Unsupported("Initialize") }

// bare is a backend without any of them.
type bare struct{ hsm.Backend }

// interfacesOf are the optional interfaces that a backend has.
func interfacesOf(b hsm.Backend) (g, r, i bool) {
	_, g = b.(hsm.OpenGenerator)
	_, r = b.(hsm.Resealer)
	_, i = b.(hsm.Initializer)
	return g, r, i
}

func TestWrapKeepsTheOptionalInterfaces(t *testing.T) {
	b := bare{hsm.NewSoftware(nil)}
	seen := map[[3]bool]bool{}
	for _, device := range []hsm.Backend{
		b,
		struct {
			bare
			generating
		}{b, generating{}},
		struct {
			bare
			resealing
		}{b, resealing{}},
		struct {
			bare
			initiated
		}{b, initiated{}},
		struct {
			bare
			generating
			resealing
		}{b, generating{}, resealing{}},
		struct {
			bare
			generating
			initiated
		}{b, generating{}, initiated{}},
		struct {
			bare
			resealing
			initiated
		}{b, resealing{}, initiated{}},
		struct {
			bare
			generating
			resealing
			initiated
		}{b, generating{}, resealing{}, initiated{}},
	} {
		g, r, i := interfacesOf(device)
		seen[[3]bool{g, r, i}] = true
		asked := func(_ context.Context, call string) error { return nil }
		gotG, gotR, gotI := interfacesOf(hsm.Wrap(device, asked))
		if gotG != g || gotR != r || gotI != i {
			t.Errorf("OpenGenerator, Resealer, Initializer: got %v %v %v, want %v %v %v", gotG, gotR, gotI, g, r, i)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d combinations were tried, want 8", len(seen))
	}
}

// every is a device with every optional interface.
type every struct{ *hsm.Software }

func (every) Initialize(context.Context) error { return nil }

// TestWrapAsksBeforeEveryCall: each method but Close, by its name; and where before
// refuses, its error is the call's.
func TestWrapAsksBeforeEveryCall(t *testing.T) {
	var asked []string
	refusal := errors.New("refused beforehand")
	var refuse error
	b := hsm.Wrap(every{hsm.NewSoftware(nil)}, func(_ context.Context, call string) error {
		asked = append(asked, call)
		return refuse
	})
	a := hsm.Attributes{KeyID: "k", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 128}
	sealed, _, opened, err := b.(hsm.OpenGenerator).GenerateOpen(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	k, err := b.Open(ctx, sealed, a)
	if err != nil {
		t.Fatal(err)
	}
	kbek, kbak, err := k.DeriveKBPK(ctx, tr31.VersionB)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]hsm.Key{"generated": opened, "opened": k, "KBEK": kbek, "KBAK": kbak} {
		asked = nil
		if _, err := key.CMAC(ctx, nil); err != nil || !slices.Equal(asked, []string{"CMAC"}) {
			t.Errorf("CMAC with the key %s: %v, asked before %q", name, err, asked)
		}
	}
	asked, refuse = nil, refusal
	for name, err := range map[string]error{
		"Generate": third(b.Generate(ctx, a)), "Import": second(b.Import(ctx, hsm.Secret{}, a)), "Open": second(b.Open(ctx, sealed, a)),
		"MasterKeyID": second(b.MasterKeyID(ctx)), "Random": b.Random(ctx, nil),
		"GenerateOpen": fourth(b.(hsm.OpenGenerator).GenerateOpen(ctx, a)), "Reseal": second(b.(hsm.Resealer).Reseal(ctx, sealed, a, a)),
		"Initialize": b.(hsm.Initializer).Initialize(ctx),
		"Encrypt":    k.Encrypt(ctx, hsm.ECB, nil, nil), "Decrypt": k.Decrypt(ctx, hsm.ECB, nil, nil),
		"CMAC": second(k.CMAC(ctx, nil)), "HMAC": second(k.HMAC(ctx, nil)),
		"HMACWith":   second(k.HMACWith(ctx, crypto.SHA256, nil)),
		"Sign":       second(k.Sign(ctx, crypto.SHA256, nil)),
		"DecryptRaw": second(k.DecryptRaw(ctx, nil)), "DecryptOAEP": second(k.DecryptOAEP(ctx, crypto.SHA256, nil)),
		"ECDH":       second(k.ECDH(ctx, nil)),
		"DeriveKBPK": third(k.DeriveKBPK(ctx, tr31.VersionB)), "Reveal": second(k.Reveal(ctx)),
	} {
		if err != refusal {
			t.Errorf("%s: got %v, want %v", name, err, refusal)
		}
	}
	methods := map[string]bool{}
	for _, of := range []reflect.Type{reflect.TypeFor[hsm.Backend](), reflect.TypeFor[hsm.OpenGenerator](), reflect.TypeFor[hsm.Resealer](),
		reflect.TypeFor[hsm.Initializer](), reflect.TypeFor[hsm.Key]()} {
		for m := range of.Methods() {
			methods[m.Name] = true
		}
	}
	delete(methods, "Close")
	slices.Sort(asked)
	if want := slices.Sorted(maps.Keys(methods)); !slices.Equal(asked, want) {
		t.Errorf("asked before %q, want %q", asked, want)
	}
	if err := errors.Join(k.Close(), b.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func second[A any](_ A, err error) error               { return err }
func fourth[A, B, C any](_ A, _ B, _ C, e error) error { return e }

// faulty is a software device of which the nth next call can be made to fail.
func faulty(testing.TB) (hsm.Backend, func(nth int) bool) {
	var mu sync.Mutex
	left, fired := 0, false
	b := hsm.Wrap(hsm.NewSoftware(nil), func(context.Context, string) error {
		mu.Lock()
		defer mu.Unlock()
		if left == 0 {
			return nil
		}
		if left--; left > 0 {
			return nil
		}
		fired = true
		return errors.New("the cable was pulled")
	})
	return b, func(nth int) bool {
		mu.Lock()
		defer mu.Unlock()
		before := fired
		left, fired = nth, false
		return before
	}
}

func TestWrappedDeviceKeepsThePromises(t *testing.T) {
	o := &hsm.SoftwareOptions{MasterKey: &[32]byte{7, 4, 8}}
	open := func() hsm.Backend {
		return hsm.Wrap(hsm.NewSoftware(o), func(context.Context, string) error { return nil })
	}
	hsmtest.Run(t, func(testing.TB) hsm.Backend { return open() }, &hsmtest.Options{
		Again:  func(testing.TB, hsm.Backend) hsm.Backend { return open() },
		Faulty: faulty,
		Without: map[string]func(testing.TB) hsm.Backend{
			"CMAC":       without("CMAC"),
			"derivation": without("DeriveKBPK"),
			"OAEP":       without("DecryptOAEP"),
			"HMAC":       without("HMAC"),
		},
	})
}

// without is a software device that lacks a primitive.
func without(primitive string) func(testing.TB) hsm.Backend {
	return func(testing.TB) hsm.Backend {
		return hsm.Wrap(hsm.NewSoftware(nil), func(_ context.Context, call string) error {
			if call == primitive {
				return hsm.Unsupported(primitive)
			}
			return nil
		})
	}
}
