package hsmtest

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// madeKey is a key that was generated, and what it is known again by.
type madeKey struct {
	a      hsm.Attributes
	sealed hsm.Sealed
	raw    []byte           // of a symmetric key
	public crypto.PublicKey // of a pair
}

// makeKeys generates a key of every kind that the device has.
func makeKeys(t T, b hsm.Backend) (out []madeKey) {
	t.Helper()
	for _, a := range append([]hsm.Attributes{rsa2048, p256, p384, p521}, symmetric...) {
		sealed, der, err := b.Generate(ctx, a)
		if lacks(err) {
			continue
		}
		if err != nil {
			t.Fatalf("Generate %s: %v", name(a), err)
		}
		made := madeKey{a: a, sealed: sealed}
		if der == nil {
			k := open(t, b, sealed, a)
			made.raw = bytesOf(t, k)
			k.Close()
		} else if made.public, err = x509.ParsePKIXPublicKey(der); err != nil {
			t.Fatalf("%s: the public half: %v", name(a), err)
		}
		out = append(out, made)
	}
	return out
}

// whole opens the key and has a look at it.
func (m madeKey) whole(ctx context.Context, b hsm.Backend) error {
	k, err := b.Open(ctx, m.sealed, m.a)
	if err != nil {
		return err
	}
	defer k.Close()
	return works(ctx, k, m.a, m.public, m.raw)
}

// importKeys imports a key of every kind: TDES keys whose bytes have either
// parity, and HMAC keys of any length.
func importKeys(t T, b hsm.Backend) (out []madeKey) {
	t.Helper()
	for _, a := range append([]hsm.Attributes{rsa2048, p256, p384, p521}, symmetric...) {
		secret := secretOf(a)
		sealed, err := b.Import(ctx, hsm.NewSecret(secret), a)
		if lacks(err) {
			continue
		}
		if err != nil {
			t.Fatalf("Import %s: %v", name(a), err)
		}
		out = append(out, madeKey{a, sealed, secret, publicOf(a)})
	}
	return out
}

// checkKeys opens keys wherever they were sealed.
func checkKeys(t T, b hsm.Backend, where string, keys []madeKey) {
	t.Helper()
	for _, k := range keys {
		if err := k.whole(ctx, b); err != nil && !lacks(err) {
			t.Errorf("%s, sealed %s: %v", name(k.a), where, err)
		}
	}
}

func checkUses(t T, b hsm.Backend, where string, sealed []sealedUse) {
	t.Helper()
	for _, u := range sealed {
		if err := u.whole(ctx, b); err != nil {
			t.Errorf("%s, sealed %s: %v", u.name, where, err)
		}
	}
}

func masterKeyID(t T, b hsm.Backend) string {
	t.Helper()
	id, err := b.MasterKeyID(ctx)
	if err != nil {
		t.Fatalf("MasterKeyID: %v", err)
	}
	return id
}

var againCases = []DeviceCase{
	{"SealedKeysOutliveTheirBackend", "It may be stored anywhere.", NeedsAgain, func(t T, d *Bench) {
		first := d.Open()
		imported, made, used := importKeys(t, first), makeKeys(t, first), sealUses(t, first)
		if err := first.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		again := d.Again(first)
		checkKeys(t, again, "before the restart and imported", imported)
		checkKeys(t, again, "before the restart and generated", made)
		checkUses(t, again, "before the restart", used)
		for _, k := range imported[:2] { // still bound to their attributes
			if _, err := again.Open(ctx, k.sealed, with(k.a, func(a *hsm.Attributes) { a.KeyID = "tqv5yij6wtxx64pi" })); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("%s opens after the restart as another key: %v", name(k.a), err)
			}
		}
		checkKeys(t, again, "after the restart", importKeys(t, again))
	}},
	{"MasterKeyIDOutlivesTheBackend", "Two backends with the same master key have the same id.", NeedsAgain, func(t T, d *Bench) {
		first := d.Open()
		id := masterKeyID(t, first)
		beside := masterKeyID(t, d.Again(first))
		if err := first.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		after := masterKeyID(t, d.Again(first))
		if beside != id || after != id {
			t.Errorf("%q; beside it %q; after a restart %q", id, beside, after)
		}
	}},
	{"BackendsOfOneDeviceShareKeys", "sealed under another master key", NeedsAgain, func(t T, d *Bench) {
		one := d.Open()
		two := d.Again(one)
		ones, twos := importKeys(t, one), sealUses(t, two)
		together(t, crowd, func(i int) {
			k, u := ones[i%len(ones)], twos[i%len(twos)]
			if err := k.whole(ctx, two); err != nil && !lacks(err) {
				t.Errorf("%s, sealed by the first and opened by the second: %v", name(k.a), err)
			}
			if err := u.whole(ctx, one); err != nil {
				t.Errorf("%s, sealed by the second and opened by the first: %v", u.name, err)
			}
		})
		k := open(t, two, twos[0].sealed, twos[0].a)
		defer k.Close()
		if err := one.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := twos[0].do(ctx, k); err != nil {
			t.Errorf("%s with an open key after another backend of the device was closed: %v", twos[0].name, err)
		}
		checkKeys(t, two, "by a backend that was closed meanwhile", ones)
		checkUses(t, two, "before another backend was closed", twos)
	}},
}

var blankCases = []DeviceCase{
	{"NothingWorksWithoutAMasterKey", "until then nothing but Close succeeds.", NeedsBlank, func(t T, d *Bench) {
		b := d.Blank()
		for what, err := range map[string]error{
			"Generate": third(b.Generate(ctx, aes128)), "Import": second(b.Import(ctx, hsm.NewSecret(make([]byte, 16)), aes128)),
			"Open": second(b.Open(ctx, make([]byte, 64), aes128)), "MasterKeyID": second(b.MasterKeyID(ctx)), "Random": b.Random(ctx, make([]byte, 1)),
		} {
			if !errors.Is(err, hsm.ErrNoMasterKey) {
				t.Errorf("%s: got %v", what, err)
			}
		}
		device, ok := b.(hsm.Initializer)
		if !ok {
			t.Fatalf("the device has no master key and no Initialize")
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := device.Initialize(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("Initialize when cancelled: %v", err)
		}
		if _, err := b.MasterKeyID(ctx); !errors.Is(err, hsm.ErrNoMasterKey) {
			t.Errorf("a cancelled Initialize made a master key: %v", err)
		}
		together(t, crowd, func(int) {
			if err := device.Initialize(ctx); err != nil {
				t.Errorf("Initialize: %v", err)
			}
		})
		keys, id := importKeys(t, b), masterKeyID(t, b)
		if err := device.Initialize(ctx); err != nil || masterKeyID(t, b) != id {
			t.Errorf("a second Initialize: %v, or another master key", err)
		}
		checkKeys(t, b, "before a second Initialize", keys)
	}},
}
