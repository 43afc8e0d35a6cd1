package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var (
	dataPair    = hsm.Attributes{KeyID: "d1", Usage: "D1", Algorithm: hsm.RSA, Mode: 'B', Exportability: 'N', Bits: 2048}
	rsaPaddings = []hsm.RSAPadding{hsm.RSARaw, hsm.RSAPKCS1, hsm.RSAOAEPSHA1, hsm.RSAOAEPSHA256, hsm.RSAOAEPSHA512}
)

// knownPair is a key pair in the device whose private key the test has.
func knownPair(t testing.TB, b hsm.Backend) (hsm.KeyRef, hsm.Public, *rsa.PrivateKey) {
	t.Helper()
	secret, public, _ := testkeys.Ready().Next(dataPair.Bits)
	sealed, err := b.Import(ctx, secret, dataPair)
	if err != nil {
		t.Fatal(err)
	}
	var private *rsa.PrivateKey
	err = secret.Expose(func(der []byte) (err error) { private, err = x509.ParsePKCS1PrivateKey(der); return err })
	if err != nil {
		t.Fatal(err)
	}
	return hsm.KeyRef{Sealed: sealed, Attributes: dataPair}, public, private
}

// onEveryBackend is onEvery for a test that needs the backend too.
func onEveryBackend(t *testing.T, do func(t *testing.T, b hsm.Backend, h *hsm.HSM)) {
	for _, name := range simtest.Backends() {
		t.Run(name, func(t *testing.T) {
			b := simtest.BackendNamed(t, name, nil)
			h := hsm.New(b, nil)
			t.Cleanup(func() { h.Close() })
			do(t, b, h)
		})
	}
}

// messagesFor are messages that a padding takes with a modulus of 256 bytes: the longest,
// with a zero in front, and short ones.
func messagesFor(p hsm.RSAPadding) [][]byte {
	longest := bytes.Repeat([]byte{0, 0x5A, 0, 0xC3}, 64)[:p.MaxMessage(256)]
	if p == hsm.RSARaw {
		return [][]byte{longest, make([]byte, 256)}
	}
	return [][]byte{longest, {}, {0}, []byte("a message")}
}

func TestRSADecryptsWhatItEncrypts(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		pair, public, _ := knownPair(t, b)
		for _, p := range rsaPaddings {
			for _, m := range messagesFor(p) {
				ciphertext, err := h.EncryptRSA(ctx, public, p, m)
				if err != nil || len(ciphertext) != 256 {
					t.Fatalf("%v: encrypting %d bytes: %d bytes, %v", p, len(m), len(ciphertext), err)
				}
				if got, err := h.DecryptRSA(ctx, pair, p, ciphertext); err != nil || !bytes.Equal(got, m) {
					t.Errorf("%v: got %X, %v, want %X", p, got, err, m)
				}
			}
		}
	})
}

// raw is the RSA function with an exponent, by big numbers.
func raw(n *big.Int, exponent *big.Int, in []byte) []byte {
	x := new(big.Int).SetBytes(in)
	return x.Exp(x, exponent, n).FillBytes(make([]byte, len(in)))
}

// TestRSAIsThatOfTheStandardLibrary: each side decrypts what the other encrypts.
func TestRSAIsThatOfTheStandardLibrary(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		pair, public, private := knownPair(t, b)
		encrypt := map[hsm.RSAPadding]func(m []byte) ([]byte, error){
			hsm.RSARaw: func(m []byte) ([]byte, error) { return raw(private.N, big.NewInt(int64(private.E)), m), nil },
			hsm.RSAPKCS1: func(m []byte) ([]byte, error) {
				//lint:ignore SA1019 the other side of what the command does
				return rsa.EncryptPKCS1v15(rand.Reader, &private.PublicKey, m)
			},
		}
		decrypt := map[hsm.RSAPadding]func(c []byte) ([]byte, error){
			hsm.RSARaw: func(c []byte) ([]byte, error) { return raw(private.N, private.D, c), nil },
			hsm.RSAPKCS1: func(c []byte) ([]byte, error) {
				//lint:ignore SA1019 the other side of what the command does
				return rsa.DecryptPKCS1v15(nil, private, c)
			},
		}
		for p, hash := range map[hsm.RSAPadding]crypto.Hash{hsm.RSAOAEPSHA1: crypto.SHA1, hsm.RSAOAEPSHA256: crypto.SHA256,
			hsm.RSAOAEPSHA512: crypto.SHA512} {
			encrypt[p] = func(m []byte) ([]byte, error) {
				return rsa.EncryptOAEP(hash.New(), rand.Reader, &private.PublicKey, m, nil)
			}
			decrypt[p] = func(c []byte) ([]byte, error) { return rsa.DecryptOAEP(hash.New(), nil, private, c, nil) }
		}
		for _, p := range rsaPaddings {
			for _, m := range messagesFor(p) {
				theirs, err := encrypt[p](m)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := h.DecryptRSA(ctx, pair, p, theirs); err != nil || !bytes.Equal(got, m) {
					t.Errorf("%v, theirs: got %X, %v, want %X", p, got, err, m)
				}
				ours, err := h.EncryptRSA(ctx, public, p, m)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := decrypt[p](ours); err != nil || !bytes.Equal(got, m) {
					t.Errorf("%v, ours: got %X, %v, want %X", p, got, err, m)
				}
			}
		}
	})
}

// TestRSAPaddingFailuresAreOneError: whatever is wrong with the padding, the caller
// learns the same.
func TestRSAPaddingFailuresAreOneError(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		pair, _, private := knownPair(t, b)
		encrypt := func(encoded []byte) []byte { return raw(private.N, big.NewInt(int64(private.E)), encoded) }
		filled := func(head ...byte) []byte { return append(head, bytes.Repeat([]byte{0x11}, 256-len(head))...) }
		short := filled(0, 2)
		short[9] = 0 // after 7 bytes of padding
		first := filled(0, 3)
		first[40] = 0
		wrong := filled(1, 2)
		wrong[40] = 0
		most := new(big.Int).Sub(private.N, big.NewInt(1)).Bytes()
		for name, c := range map[string][]byte{
			"no zero": encrypt(filled(0, 2)), "7 bytes of padding": encrypt(short), "block type 3": encrypt(first), "first byte 1": encrypt(wrong),
			"zeros": encrypt(make([]byte, 256)), "as large as the modulus": private.N.Bytes(), "larger": bytes.Repeat([]byte{0xFF}, 256),
			"modulus less one": most,
		} {
			for _, p := range rsaPaddings {
				if p == hsm.RSARaw && !strings.Contains(name, "large") {
					continue
				}
				got, err := h.DecryptRSA(ctx, pair, p, c)
				if err != hsm.ErrDecryption || got != nil || !errors.Is(err, hsm.ErrInput) {
					t.Errorf("%s, %v: got %X, %v, want %v", name, p, got, err, hsm.ErrDecryption)
				}
			}
		}
	})
}

func TestRSARefusesWhatDoesNotFit(t *testing.T) {
	b := hsm.NewSoftware(nil)
	h := hsm.New(b, nil)
	pair, public, _ := knownPair(t, b)
	aes := load(
		t,
		h,
		hsm.Attributes{KeyID: "d0", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 128},
		make([]byte, 16),
	)
	_, curve, err := b.Generate(ctx, hsm.Attributes{KeyID: "e", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N', Bits: 256})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || errors.Is(err, hsm.ErrDecryption) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	for _, p := range append(rsaPaddings, -1, 99) {
		check(p.String()+": too long", second(h.EncryptRSA(ctx, public, p, make([]byte, max(0, p.MaxMessage(256)+1)))), hsm.ErrInput)
		check(p.String()+": empty ciphertext", second(h.DecryptRSA(ctx, pair, p, nil)), hsm.ErrInput)
		check(p.String()+": long ciphertext", second(h.DecryptRSA(ctx, pair, p, make([]byte, 257))), hsm.ErrInput)
		check(p.String()+": not an RSA key", second(h.DecryptRSA(ctx, aes, p, make([]byte, 256))), hsm.ErrRefused)
		check(p.String()+": not a public key", second(h.EncryptRSA(ctx, []byte("public"), p, nil)), hsm.ErrRefused)
		check(p.String()+": a curve", second(h.EncryptRSA(ctx, curve, p, nil)), hsm.ErrRefused)
	}
	check("raw, too short", second(h.EncryptRSA(ctx, public, hsm.RSARaw, make([]byte, 255))), hsm.ErrInput)
	check("raw, too large", second(h.EncryptRSA(ctx, public, hsm.RSARaw, bytes.Repeat([]byte{0xFF}, 256))), hsm.ErrInput)
}
