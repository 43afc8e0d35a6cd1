package hsmtest

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
)

// everyMethod calls every method of the backend but Close, and Open with a sealed key.
func everyMethod(ctx context.Context, b hsm.Backend, sealed hsm.Sealed, random []byte) map[string]error {
	all := map[string]error{
		"Generate": third(b.Generate(ctx, aes128)), "Generate of EC": third(b.Generate(ctx, p256)),
		"Import": second(
			b.Import(ctx, hsm.NewSecret(secretOf(aes128)), aes128),
		), "Import of RSA": second(b.Import(ctx, hsm.NewSecret(secretOf(rsa2048)), rsa2048)),
		"Open": second(b.Open(ctx, sealed, aes128)), "MasterKeyID": second(b.MasterKeyID(ctx)),
		"Random": b.Random(ctx, random), "Random of nothing": b.Random(ctx, nil),
	}
	if device, ok := b.(hsm.OpenGenerator); ok {
		_, _, _, all["GenerateOpen"] = device.GenerateOpen(ctx, aes128)
	}
	return all
}

var lifeCases = []testCase{
	newCase(
		"CancelledCallsFail",
		promises{
			"Every method fails with the context's error, and without effect, when the context is cancelled before the call begins.",
		},
		on(func(t tester, b hsm.Backend) {
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			late, done := context.WithDeadline(ctx, time.Now().Add(-time.Hour))
			defer done()
			sealed, used := generated(t, b, aes128), seal(t, b, uses())
			for _, over := range []context.Context{cancelled, late} {
				data := make([]byte, 16)
				failsOrLacks(t, over.Err(), everyMethod(over, b, sealed, data))
				for _, u := range used { // of keys just opened, and of those that were in use before
					k := open(t, b, u.sealed, u.a)
					for range 2 {
						failsOrLacks(t, over.Err(), map[string]error{u.name: u.do(over, k)})
						good(t, u.name+" after a cancelled call", u.do(ctx, k))
					}
					k.Close()
				}
				k := open(t, b, sealed, aes128)
				fails(
					t,
					over.Err(),
					map[string]error{
						"Encrypt":            k.Encrypt(over, hsm.ECB, nil, data),
						"Decrypt":            k.Decrypt(over, hsm.ECB, nil, data),
						"Encrypt of nothing": k.Encrypt(over, hsm.ECB, nil, nil),
					},
				)
				k.Close()
				if !bytes.Equal(data, make([]byte, 16)) {
					t.Errorf("a cancelled call changed its data")
				}
			}
		}),
	),
	newCase("CallsCancelledMidwayEnd", promises{"Every method fails with the context's error"}, on(func(t tester, b hsm.Backend) {
		for _, u := range seal(t, b, uses()) {
			k := open(t, b, u.sealed, u.a)
			cancelMidway(t, u.name, func(ctx context.Context) error { return u.do(ctx, k) })
			k.Close()
		}
		for _, c := range callsOn(t, b) {
			cancelMidway(t, c.name, func(ctx context.Context) error { return c.do(ctx, b) })
		}
	})),
	newCase(
		"ClosedBackendsRefuse",
		promises{"Close releases the device. Later calls fail with ErrClosed; a second Close does nothing."},
		on(func(t tester, b hsm.Backend) {
			u := seal(t, b, uses()[:1])[0]
			k := open(t, b, u.sealed, u.a)
			if err := errors.Join(b.Close(), b.Close()); err != nil {
				t.Errorf("Close: %v", err)
			}
			fails(t, hsm.ErrClosed, everyMethod(ctx, b, u.sealed, make([]byte, 1)))
			if err := u.do(ctx, k); err != nil && !errors.Is(err, hsm.ErrClosed) {
				t.Errorf("%s with a key that is still open: %v", u.name, err)
			}
			if err := errors.Join(k.Close(), k.Close()); err != nil {
				t.Errorf("closing a key that is still open: %v", err)
			}
		}),
	),
	newCase(
		"ClosedKeysRefuse",
		promises{"Close releases the key. A second Close does nothing.", "ErrClosed: the backend or the key was closed."},
		on(func(t tester, b hsm.Backend) {
			for _, u := range seal(t, b, uses()) {
				k, other := open(t, b, u.sealed, u.a), open(t, b, u.sealed, u.a)
				good(t, u.name, u.do(ctx, k))
				if err := errors.Join(k.Close(), k.Close()); err != nil {
					t.Errorf("Close: %v", err)
				}
				fails(t, hsm.ErrClosed, map[string]error{u.name: u.do(ctx, k)})
				good(t, u.name+" with the same key opened twice", u.do(ctx, other))
				other.Close()
			}
		}),
	),
	newCase(
		"KeysAreHandedOverOpen",
		promises{"OpenGenerator is a device that can return a key that it generates open, without opening its seal."},
		on(func(t tester, b hsm.Backend) {
			device, ok := b.(hsm.OpenGenerator)
			if !ok {
				return
			}
			for _, a := range every[1:] {
				goodOrLacks(t, "GenerateOpen "+name(a), generatesOpen(a).do(ctx, b))
				handedOver(t, b, device, kept(with(a, func(a *hsm.Attributes) { a.Usage = "P0" })))
			}
			_, _, _, err := device.GenerateOpen(ctx, hsm.Attributes{})
			fails(t, hsm.ErrAttributes, map[string]error{"GenerateOpen of no attributes": err})
		}),
	),
	newCase(
		"ResealedKeysAreTheSame",
		promises{"Resealer is a device that can seal the private key of a key pair anew, with other attributes and without showing it",
			"the same algorithm, RSA or EC, the same length and the same exportability (else ErrAttributes", "The old seal can still be opened."},
		on(func(t tester, b hsm.Backend) {
			device, ok := b.(hsm.Resealer)
			if !ok {
				return
			}
			for _, u := range seal(t, b, uses()) {
				resealed(t, b, device, u)
			}
		}),
	),
	newCase(
		"InitializingKeepsTheMasterKey",
		promises{"Initialize makes it, or finds the one that another process has made meanwhile; a device that has one keeps it."},
		on(func(t tester, b hsm.Backend) {
			device, ok := b.(hsm.Initializer)
			if !ok {
				return
			}
			before, id := seal(t, b, uses()), masterKeyID(t, b)
			together(t, crowd, func(int) { good(t, "Initialize", device.Initialize(ctx)) })
			check(t, b, "before", before)
			if again := masterKeyID(t, b); again != id {
				t.Errorf("the master key's id was %s and is %s", id, again)
			}
		}),
	),
}

// resealed seals a key anew and uses it from both seals.
func resealed(t tester, b hsm.Backend, device hsm.Resealer, u sealedUse) {
	t.Helper()
	to := with(u.a, func(a *hsm.Attributes) { a.KeyID, a.Usage = "another2another2", "S1" })
	anew, err := device.Reseal(ctx, u.sealed, u.a, to)
	if u.a.Algorithm != hsm.RSA && u.a.Algorithm != hsm.EC {
		fails(t, hsm.ErrAttributes, map[string]error{"Reseal of " + name(u.a): err})
		return
	}
	if err != nil {
		t.Fatalf("Reseal of %s: %v", name(u.a), err)
	}
	check(t, b, "anew or before that", []sealedUse{{use{u.name, to, u.do}, anew}, u})
	fails(t, hsm.ErrSealed, map[string]error{
		"the new seal with the old attributes":  second(b.Open(ctx, anew, u.a)),
		"Reseal of a seal of other attributes":  second(device.Reseal(ctx, u.sealed, to, u.a)),
		"Reseal of a new seal as it was before": second(device.Reseal(ctx, anew, u.a, to)),
	})
	fails(t, hsm.ErrAttributes, map[string]error{
		"Reseal with another exportability": second(
			device.Reseal(ctx, u.sealed, u.a, with(to, func(a *hsm.Attributes) { a.Exportability = 'E' + 'N' - a.Exportability })),
		),
		"Reseal with another length": second(
			device.Reseal(ctx, u.sealed, u.a, with(to, func(a *hsm.Attributes) { a.Bits += 1024 })),
		),
	})
}

// cancelMidway cancels a call at one moment after the other: it succeeds with the right result
// or fails with the context's error, and does no harm.
func cancelMidway(t tester, what string, do func(context.Context) error) {
	t.Helper()
	start := time.Now()
	good(t, what, do(ctx))
	for when, going := range promise.Cancelled(ctx, time.Since(start)) {
		if err := do(going); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s, %s: %v", what, when, err)
		}
	}
	good(t, what+" after cancelled calls", do(ctx))
}

// handedOver compares what a key that the device keeps does with what the sealed one does.
func handedOver(t tester, b hsm.Backend, device hsm.OpenGenerator, a hsm.Attributes) {
	t.Helper()
	sealed, public, k, err := device.GenerateOpen(ctx, a)
	if lacks(err) {
		return
	}
	if err != nil {
		t.Fatalf("GenerateOpen %s that is kept: %v", name(a), err)
	}
	defer k.Close()
	again := open(t, b, sealed, a)
	defer again.Close()
	if public != nil {
		_, err := fresh(ctx, k, a, sealed, public)
		_, err2 := fresh(ctx, again, a, sealed, public)
		goodOrLacks(t, name(a)+" that is kept", errors.Join(err, err2))
		return
	}
	does := func(k hsm.Key) ([]byte, error) {
		data := sample(13, 48)
		if a.Algorithm == hsm.HMAC {
			return k.HMAC(ctx, data)
		}
		return data, k.Encrypt(ctx, hsm.ECB, nil, data)
	}
	got, err := does(k)
	want, err2 := does(again)
	goodOrLacks(t, name(a)+" that is kept", same(got, want, errors.Join(err, err2)))
}
