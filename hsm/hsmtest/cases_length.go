package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/cipher"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/cmac"
)

// lengths of a message, in bytes, for a cipher of that block size: at the edges
// of blocks, and longer than what a device takes at once. The longest is a
// whole number of AES blocks, the one before only of TDES ones.
func lengths(size int) []int { return []int{0, 1, size - 1, size, size + 1, 1000, 4096} }

// hmacBytes are the lengths of HMAC keys at the edges of hashes' outputs and
// blocks, and such as are no whole number of 8 bytes.
var hmacBytes = []int{1, 7, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 136, 256}

var lengthCases = []Case{
	{"CiphersTakeWholeBlocksOfAnyNumber", "data that is not a whole number of blocks", func(t T, b hsm.Backend) {
		for _, a := range ciphers {
			k := bring(t, b, secretOf(a), a)
			c := block(secretOf(a), a.Algorithm)
			for _, n := range lengths(c.BlockSize()) {
				if n%c.BlockSize() == 0 {
					wholeBlocks(t, k, a, n)
				} else {
					brokenBlocks(t, k, a, n)
				}
			}
			k.Close()
		}
	}},
	{"CMACsOfEveryLength", "CMAC returns the whole CMAC (NIST SP 800-38B) of the message", func(t T, b hsm.Backend) {
		for _, a := range ciphers {
			k := bring(t, b, secretOf(a), a)
			c := block(secretOf(a), a.Algorithm)
			for _, n := range lengths(c.BlockSize()) {
				got, err := k.CMAC(ctx, sample(n, n))
				if err := same(got, cmac.New(c).Sum(nil, sample(n, n)), err); err != nil && !lacks(err) {
					t.Errorf("%s over %d bytes: %v", name(a), n, err)
				}
			}
			k.Close()
		}
	}},
	{"HMACKeysOfEveryLength", "any whole bytes for HMAC", func(t T, b hsm.Backend) {
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
			for _, n := range hmacBytes {
				a := with(hmac256, func(a *hsm.Attributes) { a.Bits, a.Hash = n*8, hash })
				raw := sample(n, n)
				raw[n-1] = 0 // as padding would be
				k := bring(t, b, raw, a)
				hmacKey(t, k, a, raw)
				k.Close()
				sealed, _ := generate(t, b, a)
				k = open(t, b, sealed, a)
				hmacKey(t, k, a, bytesOf(t, k))
				k.Close()
			}
		}
	}},
	{"SharedSecretsKeepTheirZeros", "as long as the field.", func(t T, b hsm.Backend) {
		for _, bits := range []int{256, 384, 521} {
			a := with(p256, func(a *hsm.Attributes) { a.Bits = bits })
			k, ok := bringPair(t, b, secretOf(a), a)
			if !ok {
				continue
			}
			point, want := zeroPeer(t, bits)
			got, err := k.ECDH(ctx, point)
			if err := same(exposed(got), want, err); err != nil && !lacks(err) {
				t.Errorf("P-%d, with zeros in front: %v", bits, err)
			}
			k.Close()
		}
	}},
	{"KeysThatCommandsNeedAreRevealed", "A device reveals the keys that are [Attributes.Revealable] and keeps every other", func(t T, b hsm.Backend) {
		for _, a := range symmetric {
			for _, usage := range []string{a.Usage, "D0", "K0", "K1", "B0", "C0", "M0", "M3", "M6", "P0"} {
				a.Usage = usage
				for _, a.Exportability = range []byte("ESN") {
					revealRule(t, b, a)
				}
			}
		}
	}},
}

// wholeBlocks enciphers and deciphers, and compares with Go's crypto.
func wholeBlocks(t T, k hsm.Key, a hsm.Attributes, n int) {
	t.Helper()
	c := block(secretOf(a), a.Algorithm)
	clear, iv := sample(n, n), sample(15, c.BlockSize())
	chained := bytes.Clone(clear)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(chained, chained)
	for _, m := range []struct {
		mode hsm.CipherMode
		iv   []byte
		want []byte
	}{{hsm.ECB, nil, encrypted(secretOf(a), a.Algorithm, clear)}, {hsm.CBC, iv, chained}} {
		data := append(bytes.Clone(clear), 0xA5) // the byte behind it is somebody else's
		err := k.Encrypt(ctx, m.mode, m.iv, data[:n])
		if err := same(data, append(bytes.Clone(m.want), 0xA5), err); err != nil {
			t.Errorf("%s, mode %d, Encrypt of %d bytes: %v", name(a), m.mode, n, err)
		}
		err = k.Decrypt(ctx, m.mode, m.iv, data[:n])
		if err := same(data, append(bytes.Clone(clear), 0xA5), err); err != nil {
			t.Errorf("%s, mode %d, Decrypt of %d bytes: %v", name(a), m.mode, n, err)
		}
	}
	if !bytes.Equal(iv, sample(15, len(iv))) {
		t.Errorf("%s: the IV was changed", name(a))
	}
}

// brokenBlocks gives data that is no whole number of blocks, of which nothing
// is changed.
func brokenBlocks(t T, k hsm.Key, a hsm.Attributes, n int) {
	t.Helper()
	data, iv := sample(n, n), make([]byte, block(secretOf(a), a.Algorithm).BlockSize())
	for what, err := range map[string]error{
		"Encrypt in ECB": k.Encrypt(ctx, hsm.ECB, nil, data), "Encrypt in CBC": k.Encrypt(ctx, hsm.CBC, iv, data),
		"Decrypt in ECB": k.Decrypt(ctx, hsm.ECB, nil, data), "Decrypt in CBC": k.Decrypt(ctx, hsm.CBC, iv, data),
	} {
		if !errors.Is(err, hsm.ErrInput) {
			t.Errorf("%s, %s of %d bytes: %v", name(a), what, n, err)
		}
	}
	if !bytes.Equal(data, sample(n, n)) {
		t.Errorf("%s: %d bytes were refused and changed", name(a), n)
	}
}

func hmacKey(t T, k hsm.Key, a hsm.Attributes, want []byte) {
	t.Helper()
	what := fmt.Sprintf("a key of %d bytes for %v", a.Bits/8, a.Hash)
	if got := bytesOf(t, k); !bytes.Equal(got, want) || len(got) != a.Bits/8 {
		t.Errorf("%s is revealed as %d other bytes", what, len(got))
	}
	for _, n := range []int{0, 1, 64, 200} {
		got, err := k.HMAC(ctx, sample(n, n))
		if err := same(got, hmacOf(a, want, sample(n, n)), err); err != nil && !lacks(err) {
			t.Errorf("%s, over %d bytes: %v", what, n, err)
		}
	}
}

// zeroPeers are private keys, found by trying one number after the other, of
// peers whose shared secret with the key of secretOf starts with a byte of
// zeros.
var zeroPeers = map[int]string{256: "4e", 384: "73", 521: "0101"}

// zeroPeer is a peer's point, and what it shares.
func zeroPeer(t T, bits int) (point, shared []byte) {
	t.Helper()
	number, _ := hex.DecodeString(zeroPeers[bits])
	peer, err := ecdsa.ParseRawPrivateKey(curveOf[bits], append(make([]byte, (bits+7)/8-len(number)), number...))
	if err != nil {
		t.Fatalf("%v", err)
	}
	if point, shared = sharedBy(ecPair(bits, 1), peer); shared[0] != 0 {
		t.Fatalf("the shared secret of P-%d starts with %02X", bits, shared[0])
	}
	return point, shared
}

// revealRule reveals a key that was imported, which the device may keep or
// not.
func revealRule(t T, b hsm.Backend, a hsm.Attributes) {
	t.Helper()
	k := bring(t, b, secretOf(a), a)
	defer k.Close()
	got, err := revealed(ctx, k)
	if a.Revealable() {
		err = same(got, secretOf(a), err)
	} else if errors.Is(err, hsm.ErrRefused) {
		err = nil
	} else {
		err = fmt.Errorf("got %d bytes, %v, want %w", len(got), err, hsm.ErrRefused)
	}
	if err != nil {
		t.Errorf("%s of usage %s and exportability %c: %v", name(a), a.Usage, a.Exportability, err)
	}
}
