package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// admitted is an Admit that takes every key, and the attributes that it gives.
func admitted(algorithm hsm.Algorithm) (hsm.Admit, *hsm.Attributes) {
	a := &hsm.Attributes{KeyID: "in", Usage: "D0", Algorithm: algorithm, Mode: 'B', Exportability: 'E'}
	return func(bits int) (hsm.Attributes, kcv.Method, error) {
		a.Bits = bits
		return *a, zeroMethods[algorithm], nil
	}, a
}

// newPair is a new key pair of the device and its public half.
func newPair(t *testing.T, h *hsm.HSM, a hsm.Attributes) (hsm.KeyRef, any, hsm.Public) {
	t.Helper()
	made, err := h.GenerateKey(ctx, a, kcv.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(made.Public)
	if err != nil {
		t.Fatal(err)
	}
	return hsm.KeyRef{Sealed: made.Sealed, Attributes: a}, public, made.Public
}

var (
	unwrapper = hsm.Attributes{KeyID: "krd", Usage: "K2", Algorithm: hsm.RSA, Mode: 'D', Exportability: 'N', Bits: 2048}
	agreer    = hsm.Attributes{KeyID: "k3", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N'}
)

func TestCryptogramsOpenInEveryDevice(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		pair, public, _ := newPair(t, h, unwrapper)
		pub := public.(*rsa.PublicKey)
		key := bytes.Repeat([]byte{0x5B, 0x0E}, 12)
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
			cryptogram, err := rsa.EncryptOAEP(hash.New(), rand.Reader, pub, key, nil)
			if err != nil {
				t.Fatal(err)
			}
			admit, a := admitted(hsm.TDES)
			made, err := h.ImportCryptogram(ctx, pair, hash, cryptogram, admit)
			if err != nil {
				t.Fatalf("%v: %v", hash, err)
			}
			if want, _ := kcv.TDES(key); made.CheckValue.String() != want {
				t.Errorf("%v: check value %s, want %s", hash, made.CheckValue, want)
			}
			// Export it to the same key pair, and import it again.
			in := hsm.Material{Key: hsm.KeyRef{Sealed: made.Sealed, Attributes: *a}}
			out, value, err := h.ExportCryptogram(ctx, pub, hash, in, kcv.TDESZero)
			if err != nil || !value.Equal(made.CheckValue) {
				t.Fatalf("%v: export: %v, check value %s", hash, err, value)
			}
			again, err := h.ImportCryptogram(ctx, pair, hash, out, admit)
			if err != nil || !again.CheckValue.Equal(made.CheckValue) {
				t.Errorf("%v: what was exported comes back with %v, check value %s", hash, err, again.CheckValue)
			}
			for i := 0; i < len(cryptogram); i += 17 {
				spoiled := bytes.Clone(cryptogram)
				spoiled[i] ^= 0x10
				if _, err := h.ImportCryptogram(ctx, pair, hash, spoiled, admit); !errors.Is(err, hsm.ErrInput) {
					t.Errorf("%v: byte %d changed: %v", hash, i, err)
				}
			}
			other := crypto.SHA256 + crypto.SHA512 - hash
			if _, err := h.ImportCryptogram(ctx, pair, other, cryptogram, admit); !errors.Is(err, hsm.ErrInput) {
				t.Errorf("opened with %v what was made with %v: %v", other, hash, err)
			}
		}
	})
}

var ecdhCurves = map[int]ecdh.Curve{256: ecdh.P256(), 384: ecdh.P384(), 521: ecdh.P521()}

// TestAgreedKeysAreThoseOfTheOtherParty: the other party agrees with the
// standard library and derives with OpenSSL.
func TestAgreedKeysAreThoseOfTheOtherParty(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	info := testrig.Hex("D0A1B2C300FF")
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		for bits, curve := range ecdhCurves {
			a := agreer
			a.Bits = bits
			pair, public, _ := newPair(t, h, a)
			mine, err := public.(*ecdsa.PublicKey).ECDH()
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := curve.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			shared, err := theirs.ECDH(mine)
			if err != nil {
				t.Fatal(err)
			}
			for hash, name := range map[crypto.Hash]string{crypto.SHA256: "SHA2-256", crypto.SHA384: "SHA2-384", crypto.SHA512: "SHA2-512"} {
				for kdf, method := range map[hsm.KDF]string{hsm.ConcatKDF: "SSKDF", hsm.X963KDF: "X963KDF"} {
					agreement := hsm.Agreement{Pair: pair, Peer: theirs.PublicKey().Bytes(), KDF: kdf, Hash: hash, Info: info}
					exchange(t, h, agreement, fmt.Sprintf("P-%d %s %s", bits, name, method), func(size int) []byte {
						return opensslKDF(t, method, name, shared, info, size)
					})
				}
			}
		}
	})
}

func opensslKDF(t *testing.T, method, hash string, secret, info []byte, size int) []byte {
	t.Helper()
	out, err := exec.Command("openssl", "kdf", "-keylen", fmt.Sprint(size), "-kdfopt", "digest:"+hash,
		"-kdfopt", "hexsecret:"+hex.EncodeToString(secret), "-kdfopt", "hexinfo:"+hex.EncodeToString(info), method).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl kdf: %v\n%s", err, out)
	}
	return testrig.Hex(strings.ReplaceAll(strings.TrimSpace(string(out)), ":", ""))
}

// exchange sends a key to the other party and back, under each algorithm of the
// derived key.
func exchange(t *testing.T, h *hsm.HSM, a hsm.Agreement, name string, derive func(size int) []byte) {
	t.Helper()
	key := bytes.Repeat([]byte{0xA7}, 16)
	for _, c := range []struct {
		algorithm hsm.Algorithm
		bits      int
		version   tr31.Version
	}{{hsm.AES, 256, tr31.VersionD}, {hsm.AES, 192, tr31.VersionD}, {hsm.TDES, 128, tr31.VersionB}} {
		a.Algorithm, a.Bits = c.algorithm, c.bits
		kbpk, err := tr31.NewKBPK(derive(c.bits / 8))
		if err != nil {
			t.Fatal(err)
		}
		header := floors.Header(c.version, hsm.AES)
		text, err := kbpk.Wrap(ctx, header, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := tr31.Parse(text, tr31.Strict)
		admit, in := admitted(hsm.AES)
		made, err := h.ImportECDH(ctx, a, b, admit)
		if err != nil {
			t.Fatalf("%s, %c%d: %v", name, c.algorithm, c.bits, err)
		}
		out, _, err := h.ExportECDH(ctx, a, header, hsm.Material{Key: hsm.KeyRef{Sealed: made.Sealed, Attributes: *in}}, kcv.AESCMAC)
		if err != nil {
			t.Fatalf("%s, %c%d: export: %v", name, c.algorithm, c.bits, err)
		}
		back, _ := tr31.Parse(out, tr31.Strict)
		if got, err := kbpk.Unwrap(ctx, back); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%s, %c%d: the other party opens %x, %v", name, c.algorithm, c.bits, got, err)
		}
		a.Info = append(bytes.Clone(a.Info), 1)
		if _, err := h.ImportECDH(ctx, a, b, admit); !errors.Is(err, tr31.ErrMAC) {
			t.Errorf("%s, %c%d: with other shared information: %v", name, c.algorithm, c.bits, err)
		}
		a.Info = a.Info[:len(a.Info)-1]
	}
}

func TestAgreementsRefuseWhatIsNone(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		a := agreer
		a.Bits = 256
		pair, public, _ := newPair(t, h, a)
		mine, _ := public.(*ecdsa.PublicKey).ECDH()
		good := hsm.Agreement{Pair: pair, Peer: mine.Bytes(), Hash: crypto.SHA256, Algorithm: hsm.AES, Bits: 256}
		kbpk, _ := tr31.NewKBPK(make([]byte, 32))
		text, err := kbpk.Wrap(ctx, floors.Header(tr31.VersionD, hsm.AES), make([]byte, 16), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := tr31.Parse(text, tr31.Strict)
		admit, _ := admitted(hsm.AES)
		for name, c := range map[string]struct {
			change func(*hsm.Agreement)
			want   error
		}{
			"another party":         {func(*hsm.Agreement) {}, tr31.ErrMAC},
			"no point":              {func(a *hsm.Agreement) { a.Peer = a.Peer[:10] }, hsm.ErrInput},
			"a point off the curve": {func(a *hsm.Agreement) { a.Peer = bytes.Clone(a.Peer); a.Peer[64] ^= 1 }, hsm.ErrInput},
			"no derivation":         {func(a *hsm.Agreement) { a.KDF = 7 }, hsm.ErrInput},
			"no hash":               {func(a *hsm.Agreement) { a.Hash = 0 }, hsm.ErrInput},
			"a TDES key for D":      {func(a *hsm.Agreement) { a.Algorithm, a.Bits = hsm.TDES, 128 }, tr31.ErrKBPK},
			"a length of no key":    {func(a *hsm.Agreement) { a.Bits = 512 }, hsm.ErrAttributes},
		} {
			a := good
			c.change(&a)
			if _, err := h.ImportECDH(ctx, a, b, admit); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
	})
}

func TestSignersSignInEveryDevice(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		ec := agreer
		ec.Bits, ec.Usage, ec.Mode = 384, "S0", 'S'
		rs := unwrapper
		rs.Usage, rs.Mode = "S0", 'S'
		digest := sha512.Sum384([]byte("signed"))
		for _, a := range []hsm.Attributes{ec, rs} {
			ref, public, der := newPair(t, h, a)
			s, err := h.Signer(ctx, ref, der)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := s.Sign(nil, digest[:], crypto.SHA384)
			if err != nil {
				t.Fatal(err)
			}
			switch pub := public.(type) {
			case *rsa.PublicKey:
				err = rsa.VerifyPKCS1v15(pub, crypto.SHA384, digest[:], sig)
				if _, err := s.Sign(nil, digest[:], &rsa.PSSOptions{Hash: crypto.SHA384}); !errors.Is(err, hsm.ErrRefused) {
					t.Errorf("PSS: %v", err)
				}
			case *ecdsa.PublicKey:
				if !ecdsa.VerifyASN1(pub, digest[:], sig) {
					err = errors.New("does not verify")
				}
			}
			if err != nil || !pubEqual(s.Public(), public) {
				t.Errorf("%c: %v", a.Algorithm, err)
			}
		}
		if _, err := h.Signer(ctx, hsm.KeyRef{}, hsm.Public("no key")); !errors.Is(err, hsm.ErrInput) {
			t.Errorf("no public half: %v", err)
		}
	})
}

func pubEqual(a, b any) bool {
	e, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && e.Equal(b)
}

// rawRSA is the bare RSA function with a public key.
func rawRSA(pub *rsa.PublicKey, message []byte) []byte {
	c := new(big.Int).Exp(new(big.Int).SetBytes(message), big.NewInt(int64(pub.E)), pub.N)
	return c.FillBytes(make([]byte, pub.Size()))
}
