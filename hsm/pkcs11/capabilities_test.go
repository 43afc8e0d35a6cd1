//go:build cgo

package pkcs11

import (
	"crypto"
	"errors"
	"slices"
	"strings"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

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

// TestProbingTakesNoFailureForALack: whichever call fails while the module is
// tried, what it can do is found.
func TestProbingTakesNoFailureForALack(t *testing.T) {
	b, f := watched(t, nil)
	want := b.Capabilities()
	for n := 1; ; n += 3 {
		fault, fired := nth(n, p11.CKR_GENERAL_ERROR)
		f.arm(fault, nil)
		err := b.conn.probe(Quirks{})
		f.arm(nil, nil)
		at := fired()
		if at == "" {
			return
		}
		got := b.conn.caps.list
		if err != nil || !slices.EqualFunc(got, want, func(a, b Capability) bool { return a.Name == b.Name && a.Works == b.Works }) {
			t.Errorf("call %d, %s, failed: %v, found %v, want %v", n, at, err, got, want)
		}
	}
}

// TestWhatIsMissingIsNotAnOutage: a module without a type of key has not even
// an object of it.
func TestWhatIsMissingIsNotAnOutage(t *testing.T) {
	b, _ := watched(t, nil)
	s := sealKnown(t, b)
	b.caps.ciphers[hsm.TDES], b.caps.signs[hsm.RSA], b.caps.agrees, b.caps.raw = false, false, false, false
	left := b.module.api.(*faulty)
	left.count("C_UnwrapKey")
	for _, err := range []error{
		with(ctx, b, s.tdes, knownTDES, func(k hsm.Key) error { return k.Encrypt(ctx, hsm.ECB, nil, make([]byte, 8)) }),
		with(ctx, b, s.rsa, knownRSA, func(k hsm.Key) error { _, err := k.Sign(ctx, 5, knownKey); return err }),
		with(ctx, b, s.rsa, knownRSA, func(k hsm.Key) error { _, err := k.DecryptRaw(ctx, make([]byte, 256)); return err }),
		with(ctx, b, s.ec, knownEC, func(k hsm.Key) error {
			own, _ := ecScalar()
			_, err := k.ECDH(ctx, own.PublicKey().Bytes())
			return err
		}),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
	if n := left.count("C_UnwrapKey"); n != 0 {
		t.Errorf("%d keys were unwrapped for nothing", n)
	}
}
