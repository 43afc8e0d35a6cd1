//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKeyWrapIsThatOfTheRFC: RFC 3394, sections 4.3, 4.5 and 4.6.
func TestKeyWrapIsThatOfTheRFC(t *testing.T) {
	block, err := aes.NewCipher(unhex(t, "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"))
	if err != nil {
		t.Fatal(err)
	}
	for key, wrapped := range map[string]string{
		"00112233445566778899AABBCCDDEEFF":                 "64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7",
		"00112233445566778899AABBCCDDEEFF0001020304050607": "A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1",
		"00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F": "28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 " +
			"CBC7F0E71A99F43B FB988B9B7A02DD21",
	} {
		got, ok := unwrapHost(block, unhex(t, wrapped))
		if !ok || !bytes.Equal(got, unhex(t, key)) {
			t.Errorf("%s: got %X, %v", wrapped, got, ok)
		}
	}
}

// FuzzUnwrapHost: bytes that are no key wrap are refused, whatever their length.
func FuzzUnwrapHost(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1}, 24))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{2}, 15))
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		before := bytes.Clone(wrapped)
		out, ok := unwrapHost(block, wrapped)
		if ok || out != nil || !bytes.Equal(wrapped, before) {
			t.Errorf("%X: got %X, %v", before, out, ok)
		}
	})
}

// FuzzOpen: bytes that the token did not seal are refused as such, whatever they
// look like.
func FuzzOpen(f *testing.F) {
	b := opened(f, optionsOf(sharedToken(f, softtoken.SoftHSM)))
	s := sealKnown(f, b)
	for _, sealed := range []hsm.Sealed{s.aes, s.kept, s.tdes, s.hmac, s.rsa, s.ec} {
		f.Add([]byte(sealed), byte('A'), 256)
		f.Add([]byte(sealed[:len(sealed)-1]), byte('R'), 2048)
	}
	own := map[string]bool{
		string(s.aes):  true,
		string(s.kept): true,
		string(s.tdes): true,
		string(s.hmac): true,
		string(s.rsa):  true,
		string(s.ec):   true,
	}
	f.Fuzz(func(t *testing.T, sealed []byte, letter byte, bits int) {
		if own[string(sealed)] {
			return
		}
		algorithm := hsm.Algorithm(letter)
		a := hsm.Attributes{KeyID: "a", Usage: "K1", Algorithm: algorithm, Mode: 'B', Exportability: 'E', Bits: bits}
		if algorithm == hsm.HMAC {
			a.Hash = crypto.SHA256
		}
		if k, err := b.Open(ctx, sealed, a); err != hsm.ErrSealed {
			t.Errorf("got %v, %v", k, err)
		}
	})
}

// TestMechanismsThatATokenHasNot: SoftHSM is configured to have few, so that the
// token itself refuses. It does so for all but key generation.
func TestMechanismsThatATokenHasNot(t *testing.T) {
	for _, needed := range []string{"CKM_AES_KEY_WRAP", "CKM_SHA256_HMAC"} {
		t.Run("without "+needed, func(t *testing.T) {
			b := onOwnToken(t, strings.ReplaceAll("CKM_AES_ECB,CKM_AES_KEY_WRAP,CKM_SHA256_HMAC", ","+needed, ""))
			if err := b.Initialize(ctx); err == nil || !strings.Contains(err.Error(), needed) {
				t.Errorf("got %v", err)
			}
		})
	}
	b := onOwnToken(t, "CKM_AES_KEY_WRAP,CKM_SHA256_HMAC")
	if err := b.Initialize(ctx); err != nil {
		t.Fatal(err)
	}
	for _, a := range []hsm.Attributes{knownAES, knownTDES} {
		_, err := b.Import(ctx, hsm.NewSecret(knownKey[:a.Bits/8]), a)
		_, _, again := b.Generate(ctx, a)
		for _, err := range []error{err, again} {
			if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), a.Algorithm.String()+" encryption (CKM_") {
				t.Errorf("%v: %v", a.Algorithm, err)
			}
		}
	}
	exportable := knownHMAC
	exportable.Exportability = 'E'
	s, err := b.Import(ctx, hsm.NewSecret(knownKey), exportable)
	if err != nil {
		t.Fatal(err)
	}
	k, err := b.Open(ctx, s, exportable)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if got, err := exposed(k.Reveal(ctx)); same(got, err, knownKey) != nil {
		t.Errorf("Reveal: %v", err)
	}
	other := exportable
	other.Hash = crypto.SHA512
	if _, err := b.Import(ctx, hsm.NewSecret(knownKey), other); !errors.Is(err, errors.ErrUnsupported) ||
		!strings.Contains(err.Error(), "CKM_SHA512_HMAC") {
		t.Errorf("HMAC with SHA-512: %v", err)
	}
	for _, c := range b.Capabilities() {
		for _, word := range []string{"encryption", "CMAC", "block keys", "signatures", "decryption", "OAEP", "ECDH"} {
			if c.Works && strings.Contains(c.Name, word) {
				t.Errorf("%s works: %s", c.Name, c.How)
			}
		}
	}
}

// onOwnToken opens a SoftHSM token that has these mechanisms and no others.
func onOwnToken(t *testing.T, mechanisms string) *Backend {
	t.Helper()
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, &softtoken.Options{Mechanisms: mechanisms}))
	b, err := Open(ctx, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
