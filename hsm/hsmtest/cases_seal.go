package hsmtest

import (
	"bytes"
	"crypto"
	"errors"
	"math/bits"
	"slices"

	"github.com/seed748fb4d1/apcsim/hsm"
)

var sealCases = []Case{
	{"EveryKindIsMadeAndOpens", "Generate makes a key and seals it.", func(t T, b hsm.Backend) {
		for _, a := range symmetric {
			sealed, public := generate(t, b, a)
			k := open(t, b, sealed, a)
			if raw := bytesOf(t, k); len(raw)*8 != a.Bits || public != nil {
				t.Errorf("%s: %d bytes, public half %x", name(a), len(raw), public)
			}
			k.Close()
		}
	}},
	{"TDESKeysHaveOddParity", "TDES keys have odd parity.", func(t T, b hsm.Backend) {
		for range 8 {
			for _, a := range []hsm.Attributes{tdes2, tdes3} {
				sealed, _ := generate(t, b, a)
				raw := bytesOf(t, open(t, b, sealed, a))
				if slices.ContainsFunc(raw, func(x byte) bool { return bits.OnesCount8(x)%2 == 0 }) {
					t.Errorf("%s: a byte of even parity", name(a))
				}
			}
		}
	}},
	{"GeneratedKeysDiffer", "Generate makes a key", func(t T, b hsm.Backend) {
		seen := map[string]bool{}
		for range 16 {
			sealed, _ := generate(t, b, aes128)
			raw := string(bytesOf(t, open(t, b, sealed, aes128)))
			if seen[raw] || seen[string(sealed)] {
				t.Errorf("the same key twice")
			}
			seen[raw], seen[string(sealed)] = true, true
		}
	}},
	{"ImportKeepsEveryByte", "parity is left as it is", func(t T, b hsm.Backend) {
		for i, a := range symmetric {
			raw := sample(i, a.Bits/8)
			if got := bytesOf(t, bring(t, b, raw, a)); !bytes.Equal(got, raw) {
				t.Errorf("%s: came back as other bytes", name(a))
			}
		}
		halves := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 2) // equal halves, as the live service takes them
		if got := bytesOf(t, bring(t, b, halves, tdes2)); !bytes.Equal(got, halves) {
			t.Errorf("equal halves came back as other bytes")
		}
	}},
	{"ImportLeavesTheSecretAlone", "The secret stays the caller's.", func(t T, b hsm.Backend) {
		raw := sample(3, 16)
		secret := hsm.NewSecret(raw)
		sealed, err := b.Import(ctx, secret, aes128)
		if err != nil {
			t.Fatalf("Import: %v", err)
		}
		if !secret.Equal(hsm.NewSecret(raw)) {
			t.Errorf("Import changed it")
		}
		secret.Destroy()
		if got := bytesOf(t, open(t, b, sealed, aes128)); !bytes.Equal(got, raw) {
			t.Errorf("the key changed with the caller's secret")
		}
	}},
	{"SealsAreBoundToEveryAttribute", "sealed under another master key or with other attributes", func(t T, b hsm.Backend) {
		sealed, _ := generate(t, b, hmac256)
		for what, change := range map[string]func(*hsm.Attributes){
			"KeyID": func(a *hsm.Attributes) { a.KeyID = "tqv5yij6wtxx64pi" }, "Usage": func(a *hsm.Attributes) { a.Usage = "M6" },
			"Algorithm": func(a *hsm.Attributes) { a.Algorithm, a.Hash = hsm.AES, 0 }, "Mode": func(a *hsm.Attributes) { a.Mode = 'V' },
			"Exportability": func(a *hsm.Attributes) { a.Exportability = 'N' }, "Bits": func(a *hsm.Attributes) { a.Bits = 128 },
			"Hash": func(a *hsm.Attributes) { a.Hash = crypto.SHA512 },
		} {
			if k, err := b.Open(ctx, sealed, with(hmac256, change)); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("opened with another %s: %v, %v", what, k != nil, err)
			}
		}
	}},
	{"ChangedSealsDoNotOpen", "a sealed key does not open: it was changed, cut", func(t T, b hsm.Backend) {
		sealed, _ := generate(t, b, aes256)
		for i := range sealed {
			spoiled := bytes.Clone(sealed)
			spoiled[i] ^= 0x40
			if _, err := b.Open(ctx, spoiled, aes256); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("byte %d changed: %v", i, err)
			}
			if _, err := b.Open(ctx, sealed[:i], aes256); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("cut to %d bytes: %v", i, err)
			}
		}
		if _, err := b.Open(ctx, append(bytes.Clone(sealed), 0), aes256); !errors.Is(err, hsm.ErrSealed) {
			t.Errorf("a byte too many: %v", err)
		}
		other := with(aes256, func(a *hsm.Attributes) { a.KeyID = "tqv5yij6wtxx64pi" })
		swapped, _ := generate(t, b, other)
		if _, err := b.Open(ctx, swapped, aes256); !errors.Is(err, hsm.ErrSealed) {
			t.Errorf("another key's seal: %v", err)
		}
	}},
	{"SealsHideTheKey", "encrypted and authenticated under the master key", func(t T, b hsm.Backend) {
		raw := sample(9, 32)
		sealed, err := b.Import(ctx, hsm.NewSecret(raw), aes256)
		if err != nil {
			t.Fatalf("Import: %v", err)
		}
		for i := 0; i+8 <= len(raw); i++ {
			if bytes.Contains(sealed, raw[i:][:8]) {
				t.Errorf("the seal shows bytes %d to %d of the key", i, i+7)
			}
		}
	}},
	{"ImpossibleKeysAreRefused", "there is no such key: the algorithm, length or hash does not exist or the secret does not have that length.", func(t T, b hsm.Backend) {
		for what, a := range map[string]hsm.Attributes{
			"an unknown algorithm": with(aes128, func(a *hsm.Attributes) { a.Algorithm = 'Z' }), "no attributes": {},
			"AES of 160 bits": with(aes128, func(a *hsm.Attributes) { a.Bits = 160 }), "single DES": with(tdes2, func(a *hsm.Attributes) { a.Bits = 64 }),
			"RSA of 1024 bits": with(rsa2048, func(a *hsm.Attributes) { a.Bits = 1024 }), "a curve of 255 bits": with(p256, func(a *hsm.Attributes) { a.Bits = 255 }),
			"HMAC without a hash": with(hmac256, func(a *hsm.Attributes) { a.Hash = 0 }), "HMAC of 3 bits": with(hmac256, func(a *hsm.Attributes) { a.Bits = 3 }),
			"HMAC of no bits": with(hmac256, func(a *hsm.Attributes) { a.Bits = 0 }), "negative bits": with(aes128, func(a *hsm.Attributes) { a.Bits = -128 }),
			"AES with a hash": with(aes128, func(a *hsm.Attributes) { a.Hash = crypto.SHA256 }),
		} {
			if _, _, err := b.Generate(ctx, a); !errors.Is(err, hsm.ErrAttributes) {
				t.Errorf("Generate of %s: %v", what, err)
			}
			if _, err := b.Import(ctx, hsm.NewSecret(make([]byte, 16)), a); !errors.Is(err, hsm.ErrAttributes) {
				t.Errorf("Import of %s: %v", what, err)
			}
		}
		for _, a := range append([]hsm.Attributes{rsa2048, p256}, symmetric...) {
			for _, size := range []int{0, 1, 15} {
				if _, err := b.Import(ctx, hsm.NewSecret(make([]byte, size)), a); !errors.Is(err, hsm.ErrAttributes) {
					t.Errorf("Import of %d bytes as %s: %v", size, name(a), err)
				}
			}
		}
	}},
	{"MasterKeyIDIsStable", "names the master key without telling anything of it", func(t T, b hsm.Backend) {
		first, err := b.MasterKeyID(ctx)
		if err != nil || first == "" {
			t.Fatalf("%q, %v", first, err)
		}
		generate(t, b, aes128)
		if again, err := b.MasterKeyID(ctx); again != first || err != nil {
			t.Errorf("%q, then %q, %v", first, again, err)
		}
	}},
	{"RandomFills", "Random fills p with random bytes of the device", func(t T, b hsm.Backend) {
		first, second := make([]byte, 64), make([]byte, 64)
		if err := errors.Join(b.Random(ctx, first), b.Random(ctx, second)); err != nil {
			t.Fatalf("%v", err)
		}
		if bytes.Equal(first, second) || bytes.Equal(first[32:], make([]byte, 32)) || bytes.Equal(first[:32], make([]byte, 32)) {
			t.Errorf("64 bytes came twice, or half of them stayed zero")
		}
		if err := b.Random(ctx, nil); err != nil {
			t.Errorf("no bytes: %v", err)
		}
	}},
}
