package hsmtest

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
)

var sealCases = []testCase{
	newCase(
		"GeneratedKeysWork",
		promises{
			"Generate makes a key and seals it. TDES keys have odd parity. For a key pair, Public is its public half. " +
				"RSA keys have the exponent 65537.",
		},
		on(func(t tester, b hsm.Backend) {
			for _, a := range every {
				seen := map[string]bool{}
				for range 8 {
					sealed, public, err := b.Generate(ctx, a)
					if lacks(err) {
						break
					}
					if err != nil {
						t.Fatalf("Generate %s: %v", name(a), err)
					}
					k := open(t, b, sealed, a)
					made, err := fresh(ctx, k, a, sealed, public)
					k.Close()
					goodOrLacks(t, "Generate "+name(a), err)
					if id := string(made.raw) + string(public); seen[id] || seen[string(sealed)] {
						t.Errorf("Generate %s: the same key twice", name(a))
					} else if seen[id], seen[string(sealed)] = true, true; a.Algorithm == hsm.RSA {
						break // each may take a second
					}
				}
			}
		}),
	),
	newCase(
		"ImportedKeysComeBack",
		promises{
			"raw bytes for AES, TDES and HMAC (parity is left as it is), DER RSAPrivateKey (RFC 8017) for RSA, " +
				"DER ECPrivateKey (RFC 5915) for EC. The secret stays the caller's.",
			"Reveal returns the key in the clear, in the form that Import takes",
			"any whole bytes for HMAC",
		},
		on(func(t tester, b hsm.Backend) {
			all := every
			for _, n := range []int{1, 7, 16, 31, 33, 63, 64, 65, 100, 127, 128, 136,
				256} { // at the edges of hashes, and no whole number of 8 bytes
				all = append(all, hmacKey(n, crypto.SHA256), hmacKey(n, crypto.SHA512))
			}
			for _, a := range all {
				raw := secretOf(a)
				if a.Algorithm == hsm.HMAC {
					raw[len(raw)-1] = 0 // as padding would be
				}
				comesBack(t, b, a, raw)
			}
			comesBack(t, b, tdes2, bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 2)) // equal halves, as the live service takes them
		}),
	),
	newCase(
		"OpeningChangesNoSeal",
		promises{"The sealed bytes are not changed: other calls have them too."},
		on(func(t tester, b hsm.Backend) {
			for _, a := range every {
				sealed, _, err := b.Generate(ctx, a)
				if lacks(err) {
					continue
				}
				if err != nil {
					t.Fatalf("Generate %s: %v", name(a), err)
				}
				before := bytes.Clone(sealed)
				open(t, b, sealed, a).Close()
				if !bytes.Equal(sealed, before) {
					t.Errorf("Open %s changed the sealed bytes: %X, before %X", name(a), sealed, before)
				}
			}
		}),
	),
	newCase(
		"ChangedSealsDoNotOpen",
		promises{"ErrSealed: a sealed key does not open: it was changed, cut, sealed under another master key or with other attributes."},
		on(func(t tester, b hsm.Backend) {
			sealed := generated(t, b, hmac256)
			wrong := map[string]error{
				"a byte too many": second(b.Open(ctx, append(bytes.Clone(sealed), 0), hmac256)),
				"another key's seal": second(
					b.Open(ctx, generated(t, b, with(hmac256, func(a *hsm.Attributes) { a.KeyID = "tqv5yij6wtxx64pi" })), hmac256),
				),
			}
			for i := range sealed {
				spoiled := bytes.Clone(sealed)
				spoiled[i] ^= 0x40
				wrong[fmt.Sprintf("byte %d changed", i)] = second(b.Open(ctx, spoiled, hmac256))
				wrong[fmt.Sprintf("cut to %d bytes", i)] = second(b.Open(ctx, sealed[:i], hmac256))
			}
			for what, change := range map[string]func(*hsm.Attributes){
				"KeyID": func(a *hsm.Attributes) { a.KeyID = "tqv5yij6wtxx64pi" }, "Usage": func(a *hsm.Attributes) { a.Usage = "M6" },
				"Algorithm": func(a *hsm.Attributes) { a.Algorithm, a.Hash = hsm.AES, 0 }, "Mode": func(a *hsm.Attributes) { a.Mode = 'V' },
				"Exportability": func(a *hsm.Attributes) { a.Exportability = 'N' }, "Bits": func(a *hsm.Attributes) { a.Bits = 128 },
				"Hash": func(a *hsm.Attributes) { a.Hash = crypto.SHA512 },
			} {
				wrong["with another "+what] = second(b.Open(ctx, sealed, with(hmac256, change)))
			}
			fails(t, hsm.ErrSealed, wrong)
		}),
	),
	newCase(
		"SealsHideTheKey",
		promises{"encrypted and authenticated under the master key, together with its attributes. It may be stored anywhere."},
		on(func(t tester, b hsm.Backend) {
			raw := secretOf(aes256)
			sealed, err := b.Import(ctx, hsm.NewSecret(raw), aes256)
			if err != nil {
				t.Fatalf("Import: %v", err)
			}
			for i := 0; i+8 <= len(raw); i++ {
				if bytes.Contains(sealed, raw[i:][:8]) {
					t.Errorf("the seal shows bytes %d to %d of the key", i, i+7)
				}
			}
		}),
	),
	newCase(
		"ImpossibleKeysAreRefused",
		promises{
			"ErrAttributes: there is no such key: the algorithm, length or hash does not exist or the secret does not have that length.",
		},
		on(func(t tester, b hsm.Backend) {
			refused := map[string]error{}
			for what, a := range map[string]hsm.Attributes{
				"an unknown algorithm": with(aes128, func(a *hsm.Attributes) { a.Algorithm = 'Z' }), "no attributes": {},
				"AES of 160 bits":     with(aes128, func(a *hsm.Attributes) { a.Bits = 160 }),
				"single DES":          with(tdes2, func(a *hsm.Attributes) { a.Bits = 64 }),
				"RSA of 1024 bits":    with(rsa2048, func(a *hsm.Attributes) { a.Bits = 1024 }),
				"a curve of 255 bits": with(p256, func(a *hsm.Attributes) { a.Bits = 255 }),
				"HMAC without a hash": hmacKey(32, 0), "HMAC of 3 bits": with(hmac256, func(a *hsm.Attributes) { a.Bits = 3 }),
				"HMAC of no bits": hmacKey(0, crypto.SHA256), "negative bits": with(aes128, func(a *hsm.Attributes) { a.Bits = -128 }),
				"AES with a hash": with(aes128, func(a *hsm.Attributes) { a.Hash = crypto.SHA256 }),
			} {
				refused["Generate "+what] = third(b.Generate(ctx, a))
				refused["Import "+what] = second(b.Import(ctx, hsm.NewSecret(make([]byte, 16)), a))
			}
			for _, a := range every {
				for _, size := range []int{0, 1, 15} {
					refused[fmt.Sprintf("Import %d bytes as %s", size, name(a))] = second(
						b.Import(ctx, hsm.NewSecret(make([]byte, size)), a),
					)
				}
			}
			fails(t, hsm.ErrAttributes, refused)
			clear(refused)
			for a, bits := range map[hsm.Attributes]int{rsa2048: 3072, p256: 384, p384: 521, p521: 256} {
				refused[fmt.Sprintf("Import %s as of %d bits", name(a), bits)] = second(
					b.Import(ctx, hsm.NewSecret(secretOf(a)), with(a, func(a *hsm.Attributes) { a.Bits = bits })),
				)
			}
			failsOrLacks(t, hsm.ErrAttributes, refused)
		}),
	),
	newCase("RandomFills", promises{"Random fills p with random bytes of the device"}, on(func(t tester, b hsm.Backend) {
		first, second := make([]byte, 64), make([]byte, 64)
		err := errors.Join(b.Random(ctx, first), b.Random(ctx, second), b.Random(ctx, nil), randomly(ctx, b))
		if err != nil || bytes.Equal(first, second) {
			t.Errorf("%x, then %x, %v", first, second, err)
		}
	})),
}

func generated(t tester, b hsm.Backend, a hsm.Attributes) hsm.Sealed {
	t.Helper()
	sealed, _, err := b.Generate(ctx, a)
	if err != nil {
		t.Fatalf("Generate %s: %v", name(a), err)
	}
	return sealed
}

// comesBack imports a key, and compares what is revealed and what the key does.
func comesBack(t tester, b hsm.Backend, a hsm.Attributes, raw []byte) {
	t.Helper()
	secret := hsm.NewSecret(raw)
	sealed, err := b.Import(ctx, secret, a)
	if lacks(err) {
		return
	}
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	if !secret.Equal(hsm.NewSecret(raw)) {
		t.Errorf("Import %s changed the secret", name(a))
	}
	secret.Destroy()
	made := madeKey{a, sealed, raw, publicOf(a)}
	goodOrLacks(t, "an imported "+name(a), made.whole(ctx, b))
	if made.public == nil {
		return
	}
	k := open(t, b, sealed, a)
	defer k.Close()
	der, err := revealed(ctx, k)
	if errors.Is(err, hsm.ErrRefused) || lacks(err) {
		return // no command needs a pair
	}
	if err != nil {
		t.Errorf("Reveal %s: %v", name(a), err)
		return
	}
	again, err := b.Import(ctx, hsm.NewSecret(der), a)
	if err != nil {
		t.Fatalf("Import %s, as it was revealed: %v", name(a), err)
	}
	goodOrLacks(t, name(a)+", revealed and imported again", madeKey{a, again, nil, made.public}.whole(ctx, b))
}
