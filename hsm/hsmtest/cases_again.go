package hsmtest

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// makeKeys generates a key of every kind that the device has.
func makeKeys(t tester, b hsm.Backend) (out []madeKey) {
	t.Helper()
	for _, a := range every {
		sealed, public, err := b.Generate(ctx, a)
		if err == nil {
			k := open(t, b, sealed, a)
			var made madeKey
			if made, err = fresh(ctx, k, a, sealed, public); err == nil {
				out = append(out, made)
			}
			k.Close()
		}
		goodOrLacks(t, "Generate "+name(a), err)
	}
	return out
}

// importKeys imports a key of every kind that the device has.
func importKeys(t tester, b hsm.Backend) (out []madeKey) {
	t.Helper()
	for _, a := range every {
		sealed, err := b.Import(ctx, hsm.NewSecret(secretOf(a)), a)
		if err == nil {
			out = append(out, madeKey{a, sealed, secretOf(a), publicOf(a)})
		}
		goodOrLacks(t, "Import "+name(a), err)
	}
	return out
}

// checkKeys opens and uses keys that were sealed before.
func checkKeys(t tester, b hsm.Backend, when string, keys []madeKey) {
	t.Helper()
	for _, k := range keys {
		goodOrLacks(t, name(k.a)+", sealed "+when, k.whole(ctx, b))
	}
}

var againCases = []testCase{
	newCase(
		"MasterKeyIDIsThatOfTheDevice",
		promises{"MasterKeyID names the master key and reveals nothing of it. Two backends with the same master key have the same id."},
		func(t tester, s *subject) {
			first := s.Open()
			id := masterKeyID(t, first)
			generated(t, first, aes128)
			ids := map[string]bool{id: true, masterKeyID(t, first): true}
			if s.Options.Again != nil {
				ids[masterKeyID(t, s.Closing(s.Options.Again(s.T, first)))] = true
				first.Close()
				ids[masterKeyID(t, s.Closing(s.Options.Again(s.T, first)))] = true
			}
			if len(ids) != 1 {
				t.Errorf("ids of one device: %v", ids)
			}
		},
	),
	newCase("SealedKeysOutliveTheirBackend", promises{"It may be stored anywhere."}, func(t tester, s *subject) {
		first := s.Open()
		imported, made, used := importKeys(t, first), makeKeys(t, first), seal(t, first, uses())
		if err := first.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		again := s.Closing(s.Options.Again(s.T, first))
		checkKeys(t, again, "before the restart and imported", imported)
		checkKeys(t, again, "before the restart and generated", made)
		check(t, again, "before the restart", used)
		for _, k := range imported { // still bound to their attributes
			err := second(again.Open(ctx, k.sealed, with(k.a, func(a *hsm.Attributes) { a.KeyID = "tqv5yij6wtxx64pi" })))
			fails(t, hsm.ErrSealed, map[string]error{name(k.a) + ", opened after the restart as another key": err})
		}
		checkKeys(t, again, "after the restart", importKeys(t, again))
	}).Needing("Again"),
	newCase("BackendsOfOneDeviceShareKeys", promises{"sealed under another master key"}, func(t tester, s *subject) {
		one := s.Open()
		two := s.Closing(s.Options.Again(s.T, one))
		ones, twos := importKeys(t, one), seal(t, two, uses())
		together(t, crowd, func(i int) {
			checkKeys(t, two, "by the first and opened by the second", ones[i%len(ones):][:1])
			check(t, one, "by the second and opened by the first", twos[i%len(twos):][:1])
		})
		k := open(t, two, twos[0].sealed, twos[0].a)
		defer k.Close()
		if err := one.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		good(t, twos[0].name+" with an open key after another backend of the device was closed", twos[0].do(ctx, k))
		checkKeys(t, two, "by a backend that was closed meanwhile", ones)
		check(t, two, "before another backend was closed", twos)
	}).Needing("Again"),
	newCase(
		"NothingWorksWithoutAMasterKey",
		promises{"ErrNoMasterKey: the device has no master key yet. An [Initializer] makes one; until then only Close succeeds."},
		func(t tester, s *subject) {
			b := s.Closing(s.Options.Blank(s.T))
			fails(t, hsm.ErrNoMasterKey, everyMethod(ctx, b, make([]byte, 64), make([]byte, 1)))
			device, ok := b.(hsm.Initializer)
			if !ok {
				t.Fatalf("the device has no master key and no Initialize")
			}
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if err := device.Initialize(gone); !errors.Is(err, context.Canceled) {
				t.Errorf("Initialize when cancelled: %v", err)
			}
			fails(t, hsm.ErrNoMasterKey, map[string]error{"after a cancelled Initialize": second(b.MasterKeyID(ctx))})
			together(t, crowd, func(int) { good(t, "Initialize", device.Initialize(ctx)) })
			keys, id := importKeys(t, b), masterKeyID(t, b)
			if err := device.Initialize(ctx); err != nil || masterKeyID(t, b) != id {
				t.Errorf("a second Initialize: %v, or another master key", err)
			}
			checkKeys(t, b, "before a second Initialize", keys)
		},
	).Needing("Blank"),
}
