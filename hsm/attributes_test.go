package hsm_test

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// writtenAttributes are attributes and their binary form, which is in stores and
// under seals.
var writtenAttributes = []struct {
	a    hsm.Attributes
	text string
}{
	{
		hsm.Attributes{KeyID: "kwapwa6qaifllw2h", Usage: "K1", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 256},
		"01106b77617077613671616966" + "6c6c773268024b31414245800400",
	},
	{
		hsm.Attributes{KeyID: "h", Usage: "M7", Algorithm: hsm.HMAC, Mode: 'C', Exportability: 'N', Bits: 136, Hash: crypto.SHA256},
		"010168024d3748434e900205",
	},
	{hsm.Attributes{}, "01000000000000" + "00"},
}

func TestAttributesAreReadAsTheyWereWritten(t *testing.T) {
	for _, w := range writtenAttributes {
		b, err := w.a.AppendBinary([]byte("before"))
		if err != nil || hex.EncodeToString(b) != hex.EncodeToString([]byte("before"))+w.text {
			t.Errorf("%v: written as %x, %v, want %s", w.a, b, err, w.text)
		}
		var got hsm.Attributes
		if err := got.UnmarshalBinary(testrig.Hex(w.text)); err != nil || got != w.a {
			t.Errorf("%s: read as %v, %v, want %v", w.text, got, err, w.a)
		}
	}
}

func TestDamagedAttributesAreRefused(t *testing.T) {
	for _, w := range writtenAttributes {
		whole := testrig.Hex(w.text)
		damaged := map[string][]byte{"a byte too many": append(bytes.Clone(whole), 0), "another form": append([]byte{2}, whole[1:]...)}
		for n := range whole {
			damaged[hex.EncodeToString(whole[:n])] = whole[:n]
		}
		for what, b := range damaged {
			before := hsm.Attributes{KeyID: "before"}
			got := before
			if err := got.UnmarshalBinary(b); !errors.Is(err, hsm.ErrAttributes) || got != before {
				t.Errorf("%s of %s: got %v, %v, want %v", what, w.text, got, err, hsm.ErrAttributes)
			}
		}
	}
	for name, text := range map[string]string{
		"a number that is longer than it need be": "018100" + "68024d3748434e900205",
		"a length past the end":                   "01ffffffffffffffffff01",
		"a length past the longest id":            "0141" + hex.EncodeToString(make([]byte, 90)),
	} {
		if err := new(hsm.Attributes).UnmarshalBinary(testrig.Hex(text)); !errors.Is(err, hsm.ErrAttributes) {
			t.Errorf("%s: got %v, want %v", name, err, hsm.ErrAttributes)
		}
	}
}

// FuzzAttributes: what is read is written as the same bytes.
func FuzzAttributes(f *testing.F) {
	for _, w := range writtenAttributes {
		b := testrig.Hex(w.text)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a hsm.Attributes
		if a.UnmarshalBinary(b) != nil {
			return
		}
		if again, err := a.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x: read as %v and written as %x, %v", b, a, again, err)
		}
	})
}

// TestWhatIsStoredOfAKeyOpensIt: the attributes that a command gives out next to the
// seal are those that it was sealed with, byte for byte.
func TestWhatIsStoredOfAKeyOpensIt(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		a := hsm.Attributes{KeyID: "kwapwa6qaifllw2h", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 128}
		generated, err := h.GenerateKey(ctx, a, kcv.TDESZero)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := h.LoadComponents(ctx, []hsm.Secret{hsm.NewSecret(make([]byte, 16))}, a, kcv.TDESZero)
		if err != nil {
			t.Fatal(err)
		}
		pair := unwrapper
		made, err := h.GenerateKey(ctx, pair, kcv.SHA1)
		if err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			made hsm.Made
			want hsm.Attributes
		}{"generated": {generated, a}, "loaded": {loaded.Made, a}, "a key pair": {made, pair}} {
			stored, _ := c.made.Attributes.AppendBinary(nil)
			ref := hsm.KeyRef{Sealed: c.made.Sealed}
			if err := ref.Attributes.UnmarshalBinary(stored); err != nil || ref.Attributes != c.want {
				t.Errorf("%s: got attributes %v, %v, want %v", what, ref.Attributes, err, c.want)
			}
		}
		stored := hsm.KeyRef{Sealed: generated.Sealed, Attributes: generated.Attributes}
		if value, err := h.CheckValue(ctx, stored, kcv.TDESZero); err != nil || !value.Equal(generated.CheckValue) {
			t.Errorf("opened from what is stored: %v, %v, want check value %v", value, err, generated.CheckValue)
		}
	})
}
