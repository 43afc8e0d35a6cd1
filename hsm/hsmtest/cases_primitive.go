package hsmtest

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// lengths of a message, in bytes, for a cipher of that block size: at the edges of
// blocks, and longer than what a device takes at once. The longest is a whole number
// of AES blocks, the one before only of TDES ones.
func lengths(size int) []int { return []int{0, 1, size - 1, size, size + 1, 1000, 4096} }

var primitiveCases = []testCase{
	newCase(
		"CiphersAreThoseOfTheStandards",
		promises{"Encrypt and Decrypt work in place on whole blocks with an AES or TDES key."},
		on(func(t tester, b hsm.Backend) {
			var all []use
			for _, a := range ciphers {
				size := block(secretOf(a), a.Algorithm).BlockSize()
				for _, n := range append(lengths(size), 2*size, 7*size) {
					if n%size == 0 {
						all = append(all, enciphers(a, hsm.ECB, n), deciphers(a, hsm.ECB, n), enciphers(a, hsm.CBC, n),
							deciphers(a, hsm.CBC, n))
					}
				}
			}
			try(t, b, all)
		}),
	),
	newCase(
		"MACsAreThoseOfTheStandards",
		promises{"CMAC returns the whole CMAC (NIST SP 800-38B) of the message under an AES or TDES key.",
			"HMAC returns the whole HMAC of the message under an HMAC key, with the hash of the key's attributes."},
		on(func(t tester, b hsm.Backend) {
			var all []use
			for _, a := range symmetric {
				if a.Algorithm == hsm.HMAC {
					for _, n := range []int{0, 1, 64, 200} {
						all = append(all, hmacs(a, n))
					}
					continue
				}
				for _, n := range lengths(block(secretOf(a), a.Algorithm).BlockSize()) {
					all = append(all, cmacs(a, n))
				}
			}
			try(t, b, all)
			for _, v := range cmacVectors {
				key, _ := hex.DecodeString(v.key)
				message, _ := hex.DecodeString(v.message)
				want, _ := hex.DecodeString(v.want)
				sealed, err := b.Import(ctx, hsm.NewSecret(key), v.attributes)
				if err != nil {
					t.Fatalf("Import: %v", err)
				}
				k := open(t, b, sealed, v.attributes)
				got, err := k.CMAC(ctx, message)
				goodOrLacks(t, "the CMAC "+v.want, same(got, want, err))
				k.Close()
			}
		}),
	),
	newCase(
		"BlockKeysAreThoseOfTR31",
		promises{
			"DeriveKBPK derives the encryption and the authentication key (KBEK and KBAK) of a key block version " +
				"from an AES or TDES key block protection key.",
		},
		on(func(t tester, b hsm.Backend) {
			wrong := map[string]error{}
			for _, a := range ciphers {
				k, _ := opened(t, b, a)
				for _, v := range []tr31.Version{tr31.VersionA, tr31.VersionB, tr31.VersionC, tr31.VersionD, tr31.VersionE} {
					if (a.Algorithm == hsm.AES) == (v == tr31.VersionD || v == tr31.VersionE) {
						u := derives(a, v)
						goodOrLacks(t, u.name, u.do(ctx, k))
					} else {
						_, _, err := k.DeriveKBPK(ctx, v)
						wrong[fmt.Sprintf("%s, version %c", name(a), v)] = err
					}
				}
				k.Close()
			}
			for what, err := range wrong {
				if err == nil {
					t.Errorf("%s: it derives keys", what)
				}
			}
		}),
	),
	newCase(
		"PairsAreThoseOfTheStandards",
		promises{
			"Sign signs a digest: PKCS #1 v1.5 with an RSA key, ECDSA (ASN.1 DER) with an EC key.",
			"DecryptRaw is RSA decryption without unpadding; the result is as long as the modulus.",
			"DecryptOAEP is RSA-OAEP decryption with the same hash in MGF1",
			"ECDH returns the x coordinate shared with the peer's public key (an uncompressed point of the same curve), as long as the field.",
		},
		on(func(t tester, b hsm.Backend) {
			all := []use{
				signs(rsa2048, crypto.SHA256),
				signs(rsa2048, crypto.SHA512),
				decryptsRaw(),
				decryptsOAEP(crypto.SHA256),
				decryptsOAEP(crypto.SHA512),
			}
			// Private numbers of peers, found by trying one after the other, with which the
			// shared secret begins with a byte of zeros.
			for a, zeros := range map[hsm.Attributes][]byte{p256: {0x4e}, p384: {0x73}, p521: {1, 1}} {
				if _, secret := shared(a.Bits, zeros); secret[0] != 0 {
					t.Fatalf("the shared secret of P-%d begins with %02X", a.Bits, secret[0])
				}
				all = append(all, signs(a, crypto.SHA256), signs(a, crypto.SHA384), agrees(a, nil), agrees(a, zeros))
			}
			try(t, b, all)
		}),
	),
	newCase(
		"WrongInputIsRefused",
		promises{
			"data that is not a whole number of blocks, a ciphertext that is not as long as the modulus and an IV of the wrong length are ErrInput.",
			"ErrInput: data of the wrong length or form for the primitive.",
			"A ciphertext that does not open is ErrInput, whatever was wrong with it.",
		},
		on(func(t tester, b hsm.Backend) {
			for _, a := range ciphers {
				brokenBlocks(t, b, a)
			}
			if k, ok := opened(t, b, rsa2048); ok {
				defer k.Close()
				spoiled := oaep(crypto.SHA256, sample(4, 24))
				spoiled[200] ^= 1
				failsOrLacks(t, hsm.ErrInput, map[string]error{
					"a short ciphertext": second(
						k.DecryptRaw(ctx, spoiled[1:]),
					), "a number above the modulus": second(k.DecryptRaw(ctx, bytes.Repeat([]byte{0xFF}, 256))),
					"a short OAEP ciphertext": second(
						k.DecryptOAEP(ctx, crypto.SHA256, spoiled[1:]),
					), "a spoiled OAEP ciphertext": second(k.DecryptOAEP(ctx, crypto.SHA256, spoiled)),
					"OAEP with another hash": second(
						k.DecryptOAEP(ctx, crypto.SHA512, oaep(crypto.SHA256, nil)),
					), "a short digest": second(k.Sign(ctx, crypto.SHA256, make([]byte, 31))),
				})
			}
			for _, a := range []hsm.Attributes{p256, p384, p521} {
				if k, ok := opened(t, b, a); ok {
					point, _ := shared(a.Bits, []byte{2})
					failsOrLacks(t, hsm.ErrInput, map[string]error{
						name(a) + ", no peer": second(
							k.ECDH(ctx, nil),
						), name(a) + ", no point": second(k.ECDH(ctx, make([]byte, len(point)))), name(a) + ", half a point": second(k.ECDH(ctx, point[:20])),
					})
					k.Close()
				}
			}
		}),
	),
	newCase(
		"PrimitivesOfOtherAlgorithmsAreRefused",
		promises{"one that does not belong to the key's algorithm is ErrRefused"},
		on(func(t tester, b hsm.Backend) {
			c, _ := opened(t, b, aes128)
			m, _ := opened(t, b, hmac256)
			defer c.Close()
			defer m.Close()
			failsOrLacks(t, hsm.ErrRefused, map[string]error{
				"HMAC with AES": second(c.HMAC(ctx, nil)), "HMACWith with a D0 key": second(c.HMACWith(ctx, crypto.SHA256, nil)),
				"Sign with AES": second(c.Sign(ctx, crypto.SHA256, make([]byte, 32))),
				"DecryptRaw with AES": second(
					c.DecryptRaw(ctx, make([]byte, 256)),
				), "ECDH with AES": second(c.ECDH(ctx, make([]byte, 65))),
				"Encrypt with HMAC": m.Encrypt(
					ctx,
					hsm.ECB,
					nil,
					make([]byte, 16),
				), "Decrypt with HMAC": m.Decrypt(ctx, hsm.ECB, nil, make([]byte, 16)),
				"CMAC with HMAC": second(m.CMAC(ctx, nil)), "DeriveKBPK with HMAC": third(m.DeriveKBPK(ctx, tr31.VersionD)),
				"DecryptOAEP with HMAC": second(m.DecryptOAEP(ctx, crypto.SHA256, make([]byte, 256))),
			})
		}),
	),
	newCase(
		"KeysAreRevealedByTheTable",
		promises{
			"A device reveals the keys that are [Attributes.Revealable] and keeps every other: ErrRefused where the device keeps it.",
		},
		on(func(t tester, b hsm.Backend) {
			for _, a := range every {
				for _, usage := range []string{a.Usage, "D0", "K0", "K1", "B0", "C0", "M0", "M3", "M6", "P0"} {
					for _, e := range []byte("ESN") {
						a := with(a, func(a *hsm.Attributes) { a.Usage, a.Exportability = usage, e })
						k, ok := opened(t, b, a)
						if !ok {
							continue
						}
						raw, err := revealed(ctx, k)
						k.Close()
						switch what := fmt.Sprintf("%s of usage %s and exportability %c", name(a), usage, e); {
						case !a.Revealable():
							fails(t, hsm.ErrRefused, map[string]error{what: err})
						case publicOf(a) == nil:
							good(t, what, same(raw, secretOf(a), err))
						}
					}
				}
			}
		}),
	),
}

// try uses the keys that the device has.
func try(t tester, b hsm.Backend, all []use) {
	t.Helper()
	for _, u := range all {
		if k, ok := opened(t, b, u.a); ok {
			goodOrLacks(t, u.name, u.do(ctx, k))
			k.Close()
		}
	}
}

// brokenBlocks gives data that is no whole number of blocks, and IVs of wrong lengths.
// Nothing is changed.
func brokenBlocks(t tester, b hsm.Backend, a hsm.Attributes) {
	t.Helper()
	k, _ := opened(t, b, a)
	defer k.Close()
	size := block(secretOf(a), a.Algorithm).BlockSize()
	wrong := map[string]error{
		"an IV for ECB": k.Encrypt(
			ctx,
			hsm.ECB,
			make([]byte, size),
			make([]byte, size),
		), "no IV for CBC": k.Encrypt(ctx, hsm.CBC, nil, make([]byte, size)),
		"a short IV": k.Decrypt(
			ctx,
			hsm.CBC,
			make([]byte, size-1),
			make([]byte, size),
		), "an unknown mode": k.Encrypt(ctx, 77, nil, make([]byte, size)),
	}
	for _, n := range lengths(size) {
		if n%size == 0 {
			continue
		}
		data, iv := sample(n, n), make([]byte, size)
		wrong[fmt.Sprintf("Encrypt %d bytes in ECB", n)] = k.Encrypt(ctx, hsm.ECB, nil, data)
		wrong[fmt.Sprintf("Encrypt %d bytes in CBC", n)] = k.Encrypt(ctx, hsm.CBC, iv, data)
		wrong[fmt.Sprintf("Decrypt %d bytes in ECB", n)] = k.Decrypt(ctx, hsm.ECB, nil, data)
		wrong[fmt.Sprintf("Decrypt %d bytes in CBC", n)] = k.Decrypt(ctx, hsm.CBC, iv, data)
		if !bytes.Equal(data, sample(n, n)) {
			t.Errorf("%s: %d bytes were refused and changed", name(a), n)
		}
	}
	fails(t, hsm.ErrInput, wrong)
}

// cmacVectors: SP 800-38B examples for AES, and our own for TDES (agreed by two other
// implementations).
var cmacVectors = []struct {
	attributes         hsm.Attributes
	key, message, want string
}{
	{aes128, "2B7E151628AED2A6ABF7158809CF4F3C", "", "BB1D6929E95937287FA37D129B756746"},
	{aes128, "2B7E151628AED2A6ABF7158809CF4F3C", "6BC1BEE22E409F96E93D7E117393172A", "070A16B46B4D4144F79BDD9DD04A287C"},
	{
		aes128,
		"2B7E151628AED2A6ABF7158809CF4F3C",
		"6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411",
		"DFA66747DE9AE63030CA32611497C827",
	},
	{tdes2, "49921A754002E6803B2089F8D6236B9D", "0000000000000000", "773277BB77F649B6"},
}
