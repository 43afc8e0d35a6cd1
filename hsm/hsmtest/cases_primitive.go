package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// block is the standard library's cipher of a key.
func block(key []byte, algorithm hsm.Algorithm) cipher.Block {
	if algorithm == hsm.AES {
		b, _ := aes.NewCipher(key)
		return b
	}
	b, _ := tdes.NewCipher(key)
	return b
}

// encrypted is data in ECB, block by block.
func encrypted(key []byte, algorithm hsm.Algorithm, data []byte) []byte {
	c, out := block(key, algorithm), bytes.Clone(data)
	for i := 0; i < len(out); i += c.BlockSize() {
		c.Encrypt(out[i:], out[i:])
	}
	return out
}

var primitiveCases = []Case{
	{"CiphersAreThoseOfTheStandards", "Encrypt and Decrypt work in place on whole blocks", func(t T, b hsm.Backend) {
		for i, a := range ciphers {
			raw := sample(i+20, a.Bits/8)
			k := bring(t, b, raw, a)
			c := block(raw, a.Algorithm)
			for _, blocks := range []int{0, 1, 2, 7} {
				clear := sample(blocks, blocks*c.BlockSize())
				iv := sample(5, c.BlockSize())
				data := bytes.Clone(clear)
				if err := k.Encrypt(ctx, hsm.ECB, nil, data); err != nil || !bytes.Equal(data, encrypted(raw, a.Algorithm, clear)) {
					t.Errorf("%s, %d blocks in ECB: %v, or other bytes", name(a), blocks, err)
				}
				if err := k.Decrypt(ctx, hsm.ECB, nil, data); err != nil || !bytes.Equal(data, clear) {
					t.Errorf("%s, %d blocks back from ECB: %v, or other bytes", name(a), blocks, err)
				}
				want := bytes.Clone(clear)
				cipher.NewCBCEncrypter(c, iv).CryptBlocks(want, want)
				if err := k.Encrypt(ctx, hsm.CBC, iv, data); err != nil || !bytes.Equal(data, want) {
					t.Errorf("%s, %d blocks in CBC: %v, or other bytes", name(a), blocks, err)
				}
				if err := k.Decrypt(ctx, hsm.CBC, iv, data); err != nil || !bytes.Equal(data, clear) || !bytes.Equal(iv, sample(5, c.BlockSize())) {
					t.Errorf("%s, %d blocks back from CBC: %v, or other bytes", name(a), blocks, err)
				}
			}
			k.Close()
		}
	}},
	{"CMACIsThatOfTheStandard", "CMAC returns the whole CMAC (NIST SP 800-38B) of the message under an AES or TDES key.", func(t T, b hsm.Backend) {
		for _, v := range cmacVectors {
			raw, _ := hex.DecodeString(v.key)
			message, _ := hex.DecodeString(v.message)
			got, err := bring(t, b, raw, v.attributes).CMAC(ctx, message)
			if lacks(err) {
				continue
			}
			if text := strings.ToUpper(hex.EncodeToString(got)); err != nil || text != v.want {
				t.Errorf("%s over %d bytes: got %s, %v; want %s", name(v.attributes), len(message), text, err, v.want)
			}
		}
	}},
	{"HMACIsThatOfTheStandard", "HMAC returns the whole HMAC of the message under an HMAC key, with the hash of the key's attributes.", func(t T, b hsm.Backend) {
		for i, a := range symmetric {
			if a.Algorithm != hsm.HMAC {
				continue
			}
			raw := sample(i, a.Bits/8)
			k := bring(t, b, raw, a)
			for _, message := range [][]byte{nil, sample(8, 200)} {
				h := hmac.New(a.Hash.New, raw)
				h.Write(message)
				if got, err := k.HMAC(ctx, message); !lacks(err) && (err != nil || !bytes.Equal(got, h.Sum(nil))) {
					t.Errorf("%s with %v over %d bytes: %x, %v", name(a), a.Hash, len(message), got, err)
				}
			}
		}
	}},
	{"BlockKeysAreThoseOfTR31", "DeriveKBPK derives the encryption and the authentication key (KBEK and KBAK) of a key block version", func(t T, b hsm.Backend) {
		for i, a := range ciphers {
			raw := sample(i+40, a.Bits/8)
			k := bring(t, b, raw, a)
			for _, v := range []tr31.Version{tr31.VersionA, tr31.VersionB, tr31.VersionC, tr31.VersionD, tr31.VersionE} {
				fits := (a.Algorithm == hsm.AES) == (v == tr31.VersionD || v == tr31.VersionE)
				kbek, kbak, err := k.DeriveKBPK(ctx, v)
				switch {
				case lacks(err):
				case !fits && err == nil:
					t.Errorf("%s derives keys of version %c", name(a), v)
				case fits && err != nil:
					t.Errorf("%s, version %c: %v", name(a), v, err)
				case fits:
					derivedKeys(t, raw, v, kbek, kbak)
				}
			}
		}
	}},
	{"WrongLengthsAreInput", "data that is not a whole number of blocks, a ciphertext as long as no modulus and an IV of the wrong length are ErrInput", func(t T, b hsm.Backend) {
		for _, a := range []hsm.Attributes{aes128, tdes2} {
			k := bring(t, b, sample(2, 16), a)
			size := block(make([]byte, 16), a.Algorithm).BlockSize()
			for what, err := range map[string]error{
				"a byte too few": k.Encrypt(ctx, hsm.ECB, nil, make([]byte, size-1)), "a byte too many": k.Decrypt(ctx, hsm.CBC, make([]byte, size), make([]byte, size+1)),
				"an IV for ECB": k.Encrypt(ctx, hsm.ECB, make([]byte, size), make([]byte, size)), "no IV for CBC": k.Encrypt(ctx, hsm.CBC, nil, make([]byte, size)),
				"a short IV": k.Decrypt(ctx, hsm.CBC, make([]byte, size-1), make([]byte, size)), "an unknown mode": k.Encrypt(ctx, 77, nil, make([]byte, size)),
			} {
				if !errors.Is(err, hsm.ErrInput) {
					t.Errorf("%s, %s: %v", name(a), what, err)
				}
			}
		}
	}},
	{"PrimitivesOfOtherAlgorithmsAreRefused", "one that does not belong to the key's algorithm is ErrRefused", func(t T, b hsm.Backend) {
		cipherKey, macKey := bring(t, b, sample(2, 16), aes128), bring(t, b, sample(2, 32), hmac256)
		for what, err := range map[string]error{
			"HMAC with AES": second(cipherKey.HMAC(ctx, nil)), "Sign with AES": second(cipherKey.Sign(ctx, crypto.SHA256, make([]byte, 32))),
			"DecryptRaw with AES": second(cipherKey.DecryptRaw(ctx, make([]byte, 256))), "ECDH with AES": second(cipherKey.ECDH(ctx, make([]byte, 65))),
			"Encrypt with HMAC": macKey.Encrypt(ctx, hsm.ECB, nil, make([]byte, 16)), "Decrypt with HMAC": macKey.Decrypt(ctx, hsm.ECB, nil, make([]byte, 16)),
			"CMAC with HMAC": second(macKey.CMAC(ctx, nil)), "DeriveKBPK with HMAC": third(macKey.DeriveKBPK(ctx, tr31.VersionD)),
			"DecryptOAEP with HMAC": second(macKey.DecryptOAEP(ctx, crypto.SHA256, make([]byte, 256))),
		} {
			if !errors.Is(err, hsm.ErrRefused) && !lacks(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}},
}

// derivedKeys compares what two derived keys do with a block made under the
// same protection key in memory: they open it.
func derivedKeys(t T, raw []byte, v tr31.Version, kbek, kbak hsm.Key) {
	t.Helper()
	defer kbek.Close()
	defer kbak.Close()
	kbpk, err := tr31.NewKBPK(raw)
	if err != nil {
		t.Fatalf("%v", err)
	}
	secret := sample(7, 16)
	header := tr31.Header{Version: v, KeyUsage: "D0", Algorithm: 'A', ModeOfUse: 'B', KeyVersion: "00", Exportability: 'E', Context: '0', Reserved: '0'}
	text, err := kbpk.Wrap(ctx, header, secret, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	start := len(text) - 2*map[tr31.Version]int{'A': 4, 'B': 8, 'C': 4, 'D': 16, 'E': 16}[v]
	data, _ := hex.DecodeString(text[16:start])
	mac, _ := hex.DecodeString(text[start:])
	switch v {
	case tr31.VersionA, tr31.VersionC:
		err = kbek.Decrypt(ctx, hsm.CBC, []byte(text[:8]), data)
	case tr31.VersionE:
		stream := bytes.Clone(mac)
		stream = append(stream, mac...)
		for i := 31; i >= 16; i-- { // the second counter block
			if stream[i]++; stream[i] != 0 {
				break
			}
		}
		err = kbek.Encrypt(ctx, hsm.ECB, nil, stream)
		for i := range data {
			data[i] ^= stream[i]
		}
	default:
		err = kbek.Decrypt(ctx, hsm.CBC, mac, data)
	}
	if err != nil || !bytes.Contains(data, secret) {
		t.Errorf("version %c: KBEK is another key, or %v", v, err)
	}
	message := append([]byte(text[:16]), data...)
	if v == tr31.VersionA || v == tr31.VersionC {
		return // the MAC key of these is shown by the variants' common rule
	}
	if got, err := kbak.CMAC(ctx, message); !lacks(err) && (err != nil || !bytes.Equal(got, mac)) {
		t.Errorf("version %c: KBAK is another key, or %v", v, err)
	}
}

// cmacVectors: SP 800-38B examples for AES, and our own for TDES (agreed by
// two other implementations).
var cmacVectors = []struct {
	attributes         hsm.Attributes
	key, message, want string
}{
	{aes128, "2B7E151628AED2A6ABF7158809CF4F3C", "", "BB1D6929E95937287FA37D129B756746"},
	{aes128, "2B7E151628AED2A6ABF7158809CF4F3C", "6BC1BEE22E409F96E93D7E117393172A", "070A16B46B4D4144F79BDD9DD04A287C"},
	{aes128, "2B7E151628AED2A6ABF7158809CF4F3C", "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411", "DFA66747DE9AE63030CA32611497C827"},
	{tdes2, "49921A754002E6803B2089F8D6236B9D", "0000000000000000", "773277BB77F649B6"},
}
