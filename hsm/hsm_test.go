package hsm_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

var ctx = context.Background()

// onEvery tries a command on every backend: the software one, one that lacks what
// it can lack, and the PKCS#11 modules of this build.
func onEvery(t *testing.T, do func(t *testing.T, h *hsm.HSM)) {
	for _, name := range simtest.Backends() {
		t.Run(name, func(t *testing.T) {
			h := hsm.New(simtest.BackendNamed(t, name, nil), nil)
			t.Cleanup(func() { h.Close() })
			do(t, h)
		})
	}
}

type vector struct {
	ID            string
	Version       string
	KBPKAlgorithm string `json:"kbpk_algorithm"`
	KBPK          string
	KeyBlock      string `json:"key_block"`
	Key           string
	KCV           string
	Expect        string
}

// vectors are those made for this project and, where there are any, the
// published ones.
func vectors(t *testing.T) (out []vector) {
	paths := []string{filepath.Join("..", "tr31", "testdata", "made.json")}
	if dir := os.Getenv("APCSIM_VECTORS"); dir != "" {
		paths = append(paths, filepath.Join(dir, "tr31.json"))
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var vs []vector
		if err := json.Unmarshal(raw, &vs); err != nil {
			t.Fatal(err)
		}
		out = append(out, vs...)
	}
	return out
}

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var zeroMethods = map[hsm.Algorithm]kcv.Method{hsm.TDES: kcv.TDESZero, hsm.AES: kcv.AESCMAC, hsm.HMAC: kcv.HMACSHA256}

// load makes a key of two components.
func load(t testing.TB, h *hsm.HSM, a hsm.Attributes, key []byte) hsm.KeyRef {
	t.Helper()
	zero := make([]byte, len(key))
	out, err := h.LoadComponents(ctx, []hsm.Secret{hsm.NewSecret(key), hsm.NewSecret(zero)}, a, zeroMethods[a.Algorithm])
	if err != nil {
		t.Fatalf("loading %+v: %v", a, err)
	}
	return hsm.KeyRef{Sealed: out.Sealed, Attributes: a}
}

func kbpkAttributes(v string, bits int) hsm.Attributes {
	a := hsm.Attributes{KeyID: "kbpk", Usage: "K1", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: bits}
	if v == "D" || v == "E" {
		a.Algorithm, a.Exportability = hsm.AES, 'E'
	}
	return a
}

// TestEveryVectorOpensInEveryDevice: what a strict reader unwraps, the
// commands import, with the key and the check value of the vector, and what
// it refuses for its MAC, they refuse.
func TestEveryVectorOpensInEveryDevice(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		opened, refused := 0, 0
		outer := load(t, h, kbpkAttributes("D", 256), bytes.Repeat([]byte{7}, 32))
		reader, _ := tr31.NewKBPK(bytes.Repeat([]byte{7}, 32))
		for _, v := range vectors(t) {
			b, err := tr31.Parse(v.KeyBlock, tr31.Lenient)
			if err != nil || v.Expect != "unwrap" && v.Expect != "mac" {
				continue
			}
			if len(v.Key)/2 > 256 { // private keys in block form are longer than any symmetric key
				continue
			}
			kbpk := bytesOf(t, v.KBPK)
			ref := load(t, h, kbpkAttributes(v.Version, len(kbpk)*8), kbpk)
			var inner hsm.Attributes
			made, err := h.ImportTR31(ctx, ref, b, func(bits int) (hsm.Attributes, kcv.Method, error) {
				inner = importedAttributes(b.Header, bits)
				return inner, zeroMethods[inner.Algorithm], nil
			})
			if v.Expect == "mac" {
				if refused++; !errors.Is(err, tr31.ErrMAC) {
					t.Errorf("%s: got %v, want a refusal of the MAC", v.ID, err)
				}
				continue
			}
			if opened++; err != nil {
				t.Errorf("%s: %v", v.ID, err)
				continue
			}
			header := tr31.Header{
				Version:       tr31.VersionD,
				KeyUsage:      "D0",
				Algorithm:     byte(inner.Algorithm),
				ModeOfUse:     'B',
				KeyVersion:    "00",
				Exportability: 'E',
				Context:       '0',
				Reserved:      '0',
			}
			text, value, err := h.ExportTR31(
				ctx,
				outer,
				header,
				hsm.Material{Key: hsm.KeyRef{Sealed: made.Sealed, Attributes: inner}},
				zeroMethods[inner.Algorithm],
			)
			if err != nil {
				t.Errorf("%s: exporting: %v", v.ID, err)
				continue
			}
			again, err := tr31.Parse(text, tr31.Lenient)
			if err != nil {
				t.Fatal(err)
			}
			key, err := reader.Unwrap(ctx, again)
			if err != nil || !bytes.Equal(key, bytesOf(t, v.Key)) {
				t.Errorf("%s: another key came out: %v", v.ID, err)
			}
			if b.Header.Algorithm != 'H' && inner.Algorithm != hsm.HMAC &&
				(made.CheckValue.Short(3) != v.KCV || value.Short(3) != v.KCV) {
				t.Errorf("%s: check values %s and %s, want %s", v.ID, made.CheckValue, value, v.KCV)
			}
		}
		if opened < 60 || refused < 15 {
			t.Errorf("only %d opened and %d refused", opened, refused)
		}
	})
}

// importedAttributes: keys that are neither TDES, AES nor HMAC travel as
// HMAC keys, which may be any bytes.
func importedAttributes(h tr31.Header, bits int) hsm.Attributes {
	a := hsm.Attributes{
		KeyID:         "inner",
		Usage:         h.KeyUsage,
		Algorithm:     hsm.Algorithm(h.Algorithm),
		Mode:          h.ModeOfUse,
		Exportability: 'E',
		Bits:          bits,
	}
	fits := a.Algorithm == hsm.AES && (bits == 128 || bits == 192 || bits == 256) ||
		a.Algorithm == hsm.TDES && (bits == 128 || bits == 192)
	if !fits {
		a.Algorithm, a.Hash = hsm.HMAC, crypto.SHA256
	}
	return a
}

func TestInitialKeysAreThoseOfTheStandard(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		kek := load(t, h, kbpkAttributes("D", 256), bytes.Repeat([]byte{9}, 32))
		reader, _ := tr31.NewKBPK(bytes.Repeat([]byte{9}, 32))
		for _, c := range []struct {
			algorithm      hsm.Algorithm
			bdk, ksn, want string
		}{
			{hsm.TDES, "0123456789ABCDEFFEDCBA9876543210", "FFFF9876543210E00000", "6AC292FAA1315B4D858AB3A3D7D5933A"},
			{hsm.TDES, "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567", "FFFF9876543210E0001F", "C2683C89B1BD62F545923BD790BCCE7E"},
			{hsm.TDES, "8A8349794C9EE9A4C2927098F249FED6", "FFFF9876543210E0001F", "0CCE8B18912E519C87348795288FFDA7"},
			{hsm.AES, "FEDCBA9876543210F1F1F1F1F1F1F1F1", "1234567890123456FFFFFFFF", "1273671EA26AC29AFA4D1084127652A1"},
		} {
			bdk := load(
				t,
				h,
				hsm.Attributes{KeyID: "bdk", Usage: "B0", Algorithm: c.algorithm, Mode: 'X', Exportability: 'E', Bits: 4 * len(c.bdk)},
				bytesOf(t, c.bdk),
			)
			header := tr31.Header{
				Version:       tr31.VersionD,
				KeyUsage:      "B1",
				Algorithm:     byte(c.algorithm),
				ModeOfUse:     'X',
				KeyVersion:    "00",
				Exportability: 'S',
				Context:       '0',
				Reserved:      '0',
			}
			text, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: bdk, KSN: bytesOf(t, c.ksn)}, zeroMethods[c.algorithm])
			if err != nil {
				t.Fatal(err)
			}
			b, _ := tr31.Parse(text, tr31.Strict)
			key, err := reader.Unwrap(ctx, b)
			if err != nil || !bytes.Equal(key, bytesOf(t, c.want)) {
				t.Errorf("%s, %s: another initial key, %v", c.bdk, c.ksn, err)
			}
		}
		if _, _, err := h.ExportTR31(ctx, kek, tr31.Header{}, hsm.Material{Key: kek, KSN: make([]byte, 10)}, kcv.AESCMAC); !errors.Is(
			err,
			hsm.ErrInput,
		) {
			t.Errorf("a TDES serial number for an AES key: %v", err)
		}
	})
}

func TestComponentsAreXoredAndShown(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		a := hsm.Attributes{KeyID: "k", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 128}
		parts := []hsm.Secret{
			hsm.NewSecret(bytesOf(t, "0123456789ABCDEFFEDCBA9876543210")),
			hsm.NewSecret(make([]byte, 16)), hsm.NewSecret(make([]byte, 16)),
		}
		out, err := h.LoadComponents(ctx, parts, a, kcv.TDESZero)
		if err != nil || out.CheckValue.String() != "08D7B4" || len(out.Parts) != 3 || out.Parts[0].String() != "08D7B4" ||
			out.Parts[1].String() != "8CA64D" {
			t.Errorf("got %v, %v, %v; want 08D7B4, and 08D7B4 8CA64D 8CA64D of the parts", out.CheckValue, out.Parts, err)
		}
		if _, err := h.LoadComponents(ctx, []hsm.Secret{parts[0], hsm.NewSecret(make([]byte, 8))}, a, kcv.TDESZero); !errors.Is(
			err,
			hsm.ErrInput,
		) {
			t.Errorf("a short component: %v", err)
		}
		if _, err := h.LoadComponents(ctx, nil, a, kcv.TDESZero); !errors.Is(err, hsm.ErrInput) {
			t.Errorf("no component: %v", err)
		}
	})
}

func TestReadyPairsComeFirstAndEachOnce(t *testing.T) {
	b := hsm.NewSoftware(nil)
	defer b.Close()
	h := hsm.New(b, &hsm.Options{Ready: testkeys.Ready()})
	a := hsm.Attributes{KeyID: "r", Usage: "S0", Algorithm: hsm.RSA, Mode: 'S', Exportability: 'N', Bits: 2048}
	seen := map[string]bool{}
	for range 9 { // eight ready ones, then generation takes over
		made, err := h.GenerateKey(ctx, a, kcv.SHA1)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(made.Public)] || len(made.CheckValue.String()) != 40 {
			t.Errorf("a pair came twice, or check value %s", made.CheckValue)
		}
		seen[string(made.Public)] = true
	}
	first := testkeys.Ready().Next
	if _, public, ok := first(2048); !ok || !seen[string(public)] {
		t.Error("the first ready pair was not handed out")
	}
}

// TestCacheIsBoundedAndDropsKeys: more protection keys than places, used from
// many goroutines while others are forgotten.
func TestCacheIsBoundedAndDropsKeys(t *testing.T) {
	b := hsm.NewSoftware(nil)
	defer b.Close()
	counted := &openCounter{Backend: b}
	h := hsm.New(counted, &hsm.Options{Cache: 4})
	header := tr31.Header{
		Version:       tr31.VersionD,
		KeyUsage:      "D0",
		Algorithm:     'A',
		ModeOfUse:     'B',
		KeyVersion:    "00",
		Exportability: 'E',
		Context:       '0',
		Reserved:      '0',
	}
	var keks []hsm.KeyRef
	for i := range 10 {
		keks = append(keks, load(t, h, kbpkAttributes("D", 256), bytes.Repeat([]byte{byte(i)}, 32)))
	}
	key := load(
		t,
		h,
		hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128},
		make([]byte, 16),
	)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				kek := keks[(i*7+g)%len(keks)]
				if _, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: key}, kcv.AESCMAC); err != nil {
					t.Errorf("export %d: %v", i, err)
				}
				if i%9 == 0 {
					h.Forget(kek.Sealed)
				}
			}
		})
	}
	wg.Wait()
	if most := counted.most(); most > 4+8*2 {
		t.Errorf("%d keys were open at once", most)
	}
	h.Close()
	if n := counted.open(); n != 0 {
		t.Errorf("%d keys stay open", n)
	}
}

// openCounter counts keys that are open.
type openCounter struct {
	hsm.Backend
	mu       sync.Mutex // guards both
	now, max int
}

func (c *openCounter) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	k, err := c.Backend.Open(ctx, s, a)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now++
	c.max = max(c.max, c.now)
	return &countedKey{Key: k, owner: c}, nil
}

func (c *openCounter) most() int { c.mu.Lock(); defer c.mu.Unlock(); return c.max }
func (c *openCounter) open() int { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

type countedKey struct {
	hsm.Key
	owner *openCounter
	once  sync.Once
}

func (k *countedKey) Close() error {
	k.once.Do(func() { k.owner.mu.Lock(); k.owner.now--; k.owner.mu.Unlock() })
	return k.Key.Close()
}

// TestCachedKeysAreStillBoundToTheirAttributes: a key in the cache does not open
// the door for the same sealed bytes under other attributes.
func TestCachedKeysAreStillBoundToTheirAttributes(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		kek := load(t, h, kbpkAttributes("D", 256), make([]byte, 32))
		key := load(
			t,
			h,
			hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128},
			make([]byte, 16),
		)
		header := tr31.Header{
			Version:       tr31.VersionD,
			KeyUsage:      "D0",
			Algorithm:     'A',
			ModeOfUse:     'B',
			KeyVersion:    "00",
			Exportability: 'E',
			Context:       '0',
			Reserved:      '0',
		}
		if _, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: key}, kcv.AESCMAC); err != nil {
			t.Fatal(err)
		}
		kek.Attributes.Mode = 'D'
		if _, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: key}, kcv.AESCMAC); !errors.Is(err, hsm.ErrSealed) {
			t.Errorf("with another mode of use: %v, want %v", err, hsm.ErrSealed)
		}
	})
}
