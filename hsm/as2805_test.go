package hsm_test

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// TestAS2805KeysAreExchangedUnderTheirVariant, computed here with the standard
// library: TDES-CBC with a zero IV under the masked key.
func TestAS2805KeysAreExchangedUnderTheirVariant(t *testing.T) {
	kek, key := testrig.Hex("0123456789ABCDEFFEDCBA9876543210"), testrig.Hex("A1B2C3D4E5F60718293A4B5C6D7E8F90")
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		ref := load(t, h, hsm.Attributes{KeyID: "kek", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: 128}, kek)
		for _, v := range []hsm.Variant{{}, {0x28, 0xC0}, {0x24, 0xC0}, {0x22, 0xC0}} {
			masked := bytes.Clone(kek)
			for i := range masked {
				masked[i] ^= v[i%2]
			}
			block := testrig.TDES(masked)
			want := bytes.Clone(key)
			cipher.NewCBCEncrypter(block, make([]byte, 8)).CryptBlocks(want, want)

			admit, a := admitted(hsm.TDES)
			made, err := h.ImportAS2805(ctx, ref, v, want, admit)
			if err != nil {
				t.Fatalf("%x: %v", v, err)
			}
			if check, _ := kcv.TDES(key); made.CheckValue.String() != check {
				t.Errorf("%x: check value %s, want %s", v, made.CheckValue, check)
			}
			got, _, err := h.ExportAS2805(ctx, ref, v, hsm.Material{Key: hsm.KeyRef{Sealed: made.Sealed, Attributes: *a}}, kcv.TDESZero)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%x: got %X, %v, want %X", v, got, err, want)
			}
			if _, err := h.ImportAS2805(ctx, ref, v, want[:9], admit); !errors.Is(err, hsm.ErrInput) {
				t.Errorf("half a block: %v", err)
			}
		}
	})
}
