package hsmtest

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

const (
	cancelMoments = 6                      // spread over the length of one call, at each of which it is cancelled
	longestMoment = 200 * time.Millisecond // a call that took longer was unlucky
)

var lifeCases = []Case{
	{"CancelledCallsFail", "Every method fails with the context's error, and without effect, when the context is cancelled before the call begins.", func(t T, b hsm.Backend) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		late, done := context.WithDeadline(ctx, time.Now().Add(-time.Hour))
		defer done()
		backendCancelled(t, gone, b)
		backendCancelled(t, late, b)
		keysCancelled(t, gone, b)
		keysCancelled(t, late, b)
	}},
	{"CallsCancelledMidwayEnd", "Every method fails with the context's error", func(t T, b hsm.Backend) {
		for _, u := range sealUses(t, b) {
			k := open(t, b, u.sealed, u.a)
			cancelMidway(t, u.name, func(ctx context.Context) error { return u.do(ctx, k) })
			k.Close()
		}
		for _, c := range callsOn(t, b) {
			cancelMidway(t, c.name, func(ctx context.Context) error { return c.do(ctx, b) })
		}
	}},
	{"ClosedBackendsRefuse", "Later calls fail with ErrClosed; a second Close does nothing.", func(t T, b hsm.Backend) {
		sealed := sealUses(t, b)
		k := open(t, b, sealed[0].sealed, sealed[0].a)
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Errorf("Close: %v", err)
		}
		found := map[string]error{
			"Generate": third(b.Generate(ctx, aes128)), "Import": second(b.Import(ctx, hsm.NewSecret(make([]byte, 16)), aes128)),
			"Open": second(b.Open(ctx, sealed[0].sealed, sealed[0].a)), "MasterKeyID": second(b.MasterKeyID(ctx)), "Random": b.Random(ctx, make([]byte, 1)),
		}
		if device, ok := b.(hsm.OpenGenerator); ok {
			_, _, _, err := device.GenerateOpen(ctx, aes128)
			found["GenerateOpen"] = err
		}
		for what, err := range found {
			if !errors.Is(err, hsm.ErrClosed) {
				t.Errorf("%s: got %v", what, err)
			}
		}
		if err := sealed[0].do(ctx, k); err != nil && !errors.Is(err, hsm.ErrClosed) {
			t.Errorf("%s with a key that is still open: %v", sealed[0].name, err)
		}
		if err := errors.Join(k.Close(), k.Close()); err != nil {
			t.Errorf("closing a key that is still open: %v", err)
		}
	}},
	{"ClosedKeysRefuse", "Close forgets the key. A second Close does nothing.", func(t T, b hsm.Backend) {
		for _, u := range sealUses(t, b) {
			k, other := open(t, b, u.sealed, u.a), open(t, b, u.sealed, u.a)
			if err := u.do(ctx, k); err != nil {
				t.Errorf("%s: %v", u.name, err)
			}
			if err := errors.Join(k.Close(), k.Close()); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := u.do(ctx, k); !errors.Is(err, hsm.ErrClosed) {
				t.Errorf("%s with a closed key: %v", u.name, err)
			}
			if err := u.do(ctx, other); err != nil {
				t.Errorf("%s with the same key opened twice: %v", u.name, err)
			}
			other.Close()
		}
	}},
	{"KeysAreHandedOverOpen", "OpenGenerator is a device that can hand over a key it has just made without opening its seal again.", func(t T, b hsm.Backend) {
		device, ok := b.(hsm.OpenGenerator)
		if !ok {
			return
		}
		for _, a := range append([]hsm.Attributes{p256, p521}, symmetric...) {
			if err := generatesOpen(a).do(ctx, b); err != nil && !lacks(err) {
				t.Errorf("GenerateOpen %s: %v", name(a), err)
			}
			handedOver(t, b, device, kept(a))
		}
		if _, _, _, err := device.GenerateOpen(ctx, hsm.Attributes{}); !errors.Is(err, hsm.ErrAttributes) {
			t.Errorf("GenerateOpen of no attributes: %v", err)
		}
	}},
	{"InitializingKeepsTheMasterKey", "a device that has one keeps it.", func(t T, b hsm.Backend) {
		device, ok := b.(hsm.Initializer)
		if !ok {
			return
		}
		before, calls := sealUses(t, b), callsOn(t, b)
		together(t, crowd, func(int) {
			if err := device.Initialize(ctx); err != nil {
				t.Errorf("Initialize: %v", err)
			}
		})
		for _, u := range before {
			if err := u.whole(ctx, b); err != nil {
				t.Errorf("%s, sealed before: %v", u.name, err)
			}
		}
		if err := calls[0].do(ctx, b); err != nil {
			t.Errorf("%s: %v", calls[0].name, err)
		}
	}},
}

// backendCancelled calls every method of a backend with a context that is over.
func backendCancelled(t T, over context.Context, b hsm.Backend) {
	t.Helper()
	sealed, _ := generate(t, b, aes128)
	data := make([]byte, 16)
	found := map[string]error{
		"Generate":         third(b.Generate(over, aes128)),
		"Generate of EC":   third(b.Generate(over, p256)),
		"Import":           second(b.Import(over, hsm.NewSecret(data), aes128)),
		"Import of RSA":    second(b.Import(over, hsm.NewSecret(secretOf(rsa2048)), rsa2048)),
		"Open":             second(b.Open(over, sealed, aes128)),
		"MasterKeyID":      second(b.MasterKeyID(over)),
		"Random":           b.Random(over, data),
		"Random of length": b.Random(over, nil),
	}
	if device, ok := b.(hsm.OpenGenerator); ok {
		_, _, _, err := device.GenerateOpen(over, aes128)
		found["GenerateOpen"] = err
	}
	for what, err := range found {
		if !errors.Is(err, over.Err()) && !lacks(err) {
			t.Errorf("%s: got %v, want %v", what, err, over.Err())
		}
	}
	if !bytes.Equal(data, make([]byte, 16)) {
		t.Errorf("a cancelled call changed its data")
	}
}

// keysCancelled calls every primitive with a context that is over: of keys just
// opened, and of those that were in use before.
func keysCancelled(t T, over context.Context, b hsm.Backend) {
	t.Helper()
	for _, u := range sealUses(t, b) {
		k := open(t, b, u.sealed, u.a)
		for range 2 {
			if err := u.do(over, k); !errors.Is(err, over.Err()) && !lacks(err) {
				t.Errorf("%s: got %v, want %v", u.name, err, over.Err())
			}
			if err := u.do(ctx, k); err != nil {
				t.Errorf("%s after a cancelled call: %v", u.name, err)
			}
		}
		k.Close()
	}
	k := bring(t, b, sample(1, 16), aes128)
	defer k.Close()
	data := make([]byte, 16)
	for what, err := range map[string]error{
		"Encrypt": k.Encrypt(over, hsm.ECB, nil, data), "Decrypt": k.Decrypt(over, hsm.ECB, nil, data), "Encrypt of nothing": k.Encrypt(over, hsm.ECB, nil, nil),
	} {
		if !errors.Is(err, over.Err()) || !bytes.Equal(data, make([]byte, 16)) {
			t.Errorf("%s changed its data, or %v", what, err)
		}
	}
}

// cancelMidway cancels a call at moments spread over its length: it succeeds
// with the right result or fails with the context's error, and does no harm.
func cancelMidway(t T, what string, do func(context.Context) error) {
	t.Helper()
	start := time.Now()
	if err := do(ctx); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	length := min(time.Since(start), longestMoment)
	for i := range cancelMoments {
		going, cancel := context.WithCancel(ctx)
		stop := time.AfterFunc(length*time.Duration(i)/cancelMoments, cancel)
		if err := do(going); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled after %d/%d of its time: %v", what, i, cancelMoments, err)
		}
		stop.Stop()
		cancel()
	}
	if err := do(ctx); err != nil {
		t.Errorf("%s after cancelled calls: %v", what, err)
	}
}

// handedOver compares what a key that stays does with what the sealed one
// does.
func handedOver(t T, b hsm.Backend, device hsm.OpenGenerator, a hsm.Attributes) {
	t.Helper()
	sealed, public, k, err := device.GenerateOpen(ctx, a)
	if lacks(err) {
		return
	}
	if err != nil {
		t.Fatalf("GenerateOpen %s that stays: %v", name(a), err)
	}
	defer k.Close()
	again := open(t, b, sealed, a)
	defer again.Close()
	if public != nil {
		err = errors.Join(fresh(ctx, k, a, public), fresh(ctx, again, a, public))
	} else {
		err = alike(ctx, k, again, a)
	}
	if err != nil && !lacks(err) {
		t.Errorf("%s that stays: %v", name(a), err)
	}
}

// alike compares two symmetric keys by what they do.
func alike(ctx context.Context, k, other hsm.Key, a hsm.Attributes) error {
	one, two := sample(13, 48), sample(13, 48)
	if a.Algorithm != hsm.HMAC {
		if err := k.Encrypt(ctx, hsm.ECB, nil, one); err != nil {
			return err
		}
		err := other.Encrypt(ctx, hsm.ECB, nil, two)
		return same(one, two, err)
	}
	got, err := k.HMAC(ctx, one)
	if err != nil {
		return err
	}
	want, err := other.HMAC(ctx, two)
	return same(got, want, err)
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }
