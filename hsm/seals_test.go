package hsm_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// goldenSeal is a key of testdata/seals1.
type goldenSeal struct {
	KeyID, Usage, Algorithm, Mode, Exportability string
	Bits                                         int
	Hash                                         string
	Clear, Sealed                                string // hexadecimal
}

func (g goldenSeal) attributes() hsm.Attributes {
	return hsm.Attributes{
		KeyID: g.KeyID, Usage: g.Usage, Algorithm: hsm.Algorithm(g.Algorithm[0]), Mode: g.Mode[0], Exportability: g.Exportability[0],
		Bits: g.Bits,
		Hash: map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-512": crypto.SHA512}[g.Hash],
	}
}

func (g goldenSeal) String() string {
	return fmt.Sprintf("%s %s-%d %s (%s)", g.Usage, g.Algorithm, g.Bits, g.Exportability, g.KeyID)
}

func goldenSeals(t *testing.T, name string) (out []goldenSeal) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "seals1", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// openGolden opens the device under whose master keys the seals are.
func openGolden(t *testing.T, name string) hsm.Backend {
	t.Helper()
	if name == "software" {
		return hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{'g', 'o', 'l', 'd', 'e', 'n'}})
	}
	module, err := softtoken.Module(softtoken.Kind(name))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "seals1", name+"-token"))); err != nil {
		t.Fatal(err)
	}
	o := &pkcs11.Options{Module: module, PIN: softtoken.Token{}.PIN, LockDir: dir, Label: "apcsim soft token"}
	if name == "nss" {
		o.Label, o.Reserved = "NSS Certificate DB", fmt.Sprintf(
			"configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags=",
			dir,
		)
	} else {
		conf := filepath.Join(dir, "softhsm2.conf")
		if err := os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", dir),
			0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("SOFTHSM2_CONF", conf)
	}
	b, err := pkcs11.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// onGolden runs a test on each device that has seals of version 1.
func onGolden(t *testing.T, do func(t *testing.T, b hsm.Backend, seals []goldenSeal)) {
	for _, name := range []string{"software", "softhsm", "nss"} {
		if !slices.Contains(simtest.Backends(), name) {
			continue // a build without cgo
		}
		t.Run(name, func(t *testing.T) { do(t, openGolden(t, name), goldenSeals(t, name)) })
	}
}

func TestSealsOfVersion1AreOpenedAndUsed(t *testing.T) {
	onGolden(t, func(t *testing.T, b hsm.Backend, seals []goldenSeal) {
		h := hsm.New(b, nil)
		defer h.Close()
		for _, g := range seals {
			if err := usesGolden(h, b, g, testrig.Hex(g.Clear), testrig.Hex(g.Sealed)); err != nil {
				t.Errorf("%v: %v", g, err)
			}
			other := g.attributes()
			other.Mode = 'Y' // which none of them has
			if _, err := b.Open(ctx, testrig.Hex(g.Sealed), other); !errors.Is(err, hsm.ErrSealed) {
				t.Errorf("%v with another mode of use: got %v, want %v", g, err, hsm.ErrSealed)
			}
		}
	})
}

// usesGolden uses a key and compares the result with that of the clear key.
func usesGolden(h *hsm.HSM, b hsm.Backend, g goldenSeal, clear []byte, sealed hsm.Sealed) error {
	a := g.attributes()
	switch a.Algorithm {
	case hsm.RSA, hsm.EC:
		return usesGoldenPair(b, a, clear, sealed)
	}
	method := zeroMethods[a.Algorithm]
	if a.Hash == crypto.SHA512 {
		method = kcv.HMACSHA512
	}
	want, err := method.Compute(clear)
	if err != nil {
		return err
	}
	got, err := h.CheckValue(ctx, hsm.KeyRef{Sealed: sealed, Attributes: a}, method)
	if err == nil && !got.Equal(want) {
		err = fmt.Errorf("got check value %s, want %s", got, want)
	}
	return err
}

func usesGoldenPair(b hsm.Backend, a hsm.Attributes, clear []byte, sealed hsm.Sealed) error {
	k, err := b.Open(ctx, sealed, a)
	if err != nil {
		return err
	}
	defer k.Close()
	if a.Algorithm == hsm.EC {
		private, err := x509.ParseECPrivateKey(clear)
		if err != nil {
			return err
		}
		return agreesWith(k, private)
	}
	private, err := x509.ParsePKCS1PrivateKey(clear)
	if err != nil {
		return err
	}
	digest := make([]byte, 32)
	signature, err := k.Sign(ctx, crypto.SHA256, digest)
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest, signature)
}

// agreesWith has the key agree with its own public half.
func agreesWith(k hsm.Key, private *ecdsa.PrivateKey) error {
	own, err := private.ECDH()
	if err != nil {
		return err
	}
	want, err := own.ECDH(own.PublicKey())
	if err != nil {
		return err
	}
	got, err := k.ECDH(ctx, own.PublicKey().Bytes())
	if err == nil && !got.Equal(hsm.NewSecret(want)) {
		err = errors.New("another shared secret")
	}
	return err
}

// TestMasterKeyIDsStay: a store has the id of its master key.
func TestMasterKeyIDsStay(t *testing.T) {
	want := map[string]string{"software": "943ed557d2eb127b", "softhsm": "d47f00309aa1dc13", "nss": "3164863c21e0d18b"}
	onGolden(t, func(t *testing.T, b hsm.Backend, _ []goldenSeal) {
		id, err := b.MasterKeyID(ctx)
		if name := filepath.Base(t.Name()); err != nil || id != want[name] {
			t.Errorf("got %s, %v, want %s", id, err, want[name])
		}
	})
}

// TestSealsOfVersion1GiveTheirKeys: a key is revealed if it may be and the token did
// not seal it to stay.
func TestSealsOfVersion1GiveTheirKeys(t *testing.T) {
	onGolden(t, func(t *testing.T, b hsm.Backend, seals []goldenSeal) {
		_, software := b.(*hsm.Software)
		kept := 0
		for _, g := range seals {
			a := g.attributes()
			k, err := b.Open(ctx, testrig.Hex(g.Sealed), a)
			if err != nil {
				t.Errorf("%v: %v", g, err)
				continue
			}
			got, err := k.Reveal(ctx)
			k.Close()
			switch {
			case !a.Revealable():
				if !errors.Is(err, hsm.ErrRefused) || errors.Is(err, hsm.ErrKept) {
					t.Errorf("%v: got %v, want %v", g, err, hsm.ErrRefused)
				}
			case !software && g.keptByVersion1():
				if kept++; !errors.Is(err, hsm.ErrKept) || !errors.Is(err, hsm.ErrRefused) ||
					!strings.HasSuffix(err.Error(), "import or create the key again") {
					t.Errorf("%v: got %v, want %v", g, err, hsm.ErrKept)
				}
			case err != nil || !got.Equal(hsm.NewSecret(testrig.Hex(g.Clear))):
				t.Errorf("%v: %v, or another key", g, err)
			}
		}
		if !software && kept != 4 {
			t.Errorf("%d keys were kept by version 1 and are revealable, want 4", kept)
		}
	})
}

// keptByVersion1 reports whether a token sealed the key so that it stays, by the
// rule of that time.
func (g goldenSeal) keptByVersion1() bool {
	return g.Exportability == "N" && !(g.Algorithm == "T" && slices.Contains([]string{"B0", "K0", "K1"}, g.Usage))
}

// TestSealsNameTheirMasterKey: a seal of another master key is refused with both ids.
func TestSealsNameTheirMasterKey(t *testing.T) {
	a := hsm.Attributes{KeyID: "k", Usage: "C0", Algorithm: hsm.TDES, Mode: 'N', Exportability: 'N', Bits: 128}
	for _, name := range simtest.Backends() {
		if name == "awkward" {
			continue // it has one form of seal, which names nothing
		}
		t.Run(name, func(t *testing.T) {
			ours := simtest.BackendNamed(t, name, &hsm.SoftwareOptions{MasterKey: &[32]byte{1}})
			others := simtest.BackendNamed(t, name, &hsm.SoftwareOptions{MasterKey: &[32]byte{2}})
			sealed, _, err := others.Generate(ctx, a)
			if err != nil {
				t.Fatal(err)
			}
			ourID, _ := ours.MasterKeyID(ctx)
			otherID, _ := others.MasterKeyID(ctx)
			_, err = ours.Open(ctx, sealed, a)
			if !errors.Is(err, hsm.ErrSealed) || !strings.Contains(err.Error(), ourID) || !strings.Contains(err.Error(), otherID) {
				t.Errorf("got %v, want %v with the ids %s and %s", err, hsm.ErrSealed, ourID, otherID)
			}
			if _, err := others.Open(ctx, sealed, a); err != nil {
				t.Errorf("under its own master key: %v", err)
			}
		})
	}
}
