package hsm_test

import (
	"bytes"
	"crypto"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

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
			kbpk := testrig.Hex(v.KBPK)
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
			header := floors.Header(tr31.VersionD, inner.Algorithm)
			text, value, err := h.ExportTR31(ctx, outer, header,
				hsm.Material{Key: hsm.KeyRef{Sealed: made.Sealed, Attributes: inner}}, zeroMethods[inner.Algorithm])
			if err != nil {
				t.Errorf("%s: exporting: %v", v.ID, err)
				continue
			}
			again, err := tr31.Parse(text, tr31.Lenient)
			if err != nil {
				t.Fatal(err)
			}
			key, err := reader.Unwrap(ctx, again)
			if err != nil || !bytes.Equal(key, testrig.Hex(v.Key)) {
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

// importedAttributes: keys that are neither TDES, AES nor HMAC are imported as
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
func vectors(t *testing.T) []vector {
	t.Helper()
	return append(testrig.ReadJSON[[]vector](t, "../tr31/testdata/made.json"), testrig.Vectors[[]vector](t, "tr31.json")...)
}
