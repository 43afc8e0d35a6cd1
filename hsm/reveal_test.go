package hsm_test

import (
	"bytes"
	"crypto"
	"errors"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// usages are the key usages of TR-31 that the service has for symmetric keys.
var usages = []string{"B0", "C0", "D0", "E0", "E1", "E2", "E4", "E5", "E6", "K0", "K1", "M0", "M1", "M3", "M6", "M7", "P0", "V1", "V2"}

// everyKey calls do with the attributes of every kind of symmetric key, and
// whether a device must reveal it.
func everyKey(do func(a hsm.Attributes, revealed bool)) {
	forCommands := []string{"C0", "M0", "M3", "B0", "K0", "K1"}
	for _, usage := range usages {
		for _, a := range []hsm.Attributes{
			{Algorithm: hsm.TDES, Bits: 128}, {Algorithm: hsm.TDES, Bits: 192}, {Algorithm: hsm.AES, Bits: 128},
			{Algorithm: hsm.HMAC, Bits: 256, Hash: crypto.SHA256},
		} {
			for _, e := range []byte("ESN") {
				a.KeyID, a.Usage, a.Mode, a.Exportability = "revealed22222222", usage, 'N', e
				do(a, e != 'N' || a.Algorithm == hsm.TDES && slices.Contains(forCommands, usage))
			}
		}
	}
}

// TestDevicesObeyTheRevealTable walks the table on every device, with imported and
// generated keys.
func TestDevicesObeyTheRevealTable(t *testing.T) {
	for _, name := range simtest.Backends() {
		t.Run(name, func(t *testing.T) {
			b := simtest.BackendNamed(t, name, nil)
			everyKey(func(a hsm.Attributes, revealed bool) {
				raw := bytes.Repeat([]byte{0x1F, 0x20}, a.Bits/16)
				imported, err := b.Import(ctx, hsm.NewSecret(raw), a)
				if err != nil {
					t.Fatal(err)
				}
				generated, _, err := b.Generate(ctx, a)
				if err != nil {
					t.Fatal(err)
				}
				for how, sealed := range map[string]hsm.Sealed{"imported": imported, "generated": generated} {
					k, err := b.Open(ctx, sealed, a)
					if err != nil {
						t.Fatal(err)
					}
					got, err := k.Reveal(ctx)
					switch {
					case !revealed && (!errors.Is(err, hsm.ErrRefused) || errors.Is(err, hsm.ErrKept) || got.Len() != 0):
						t.Errorf("%s %v: got %v, %v, want %v", how, a, got, err, hsm.ErrRefused)
					case revealed && (err != nil || got.Len()*8 != a.Bits || how == "imported" && !got.Equal(hsm.NewSecret(raw))):
						t.Errorf("%s %v: got %v, %v, want the key", how, a, got, err)
					}
					k.Close()
				}
				if a.Revealable() != revealed {
					t.Errorf("%v is said to be revealable: %v", a, !revealed)
				}
			})
		})
	}
}

// TestCommandsTakeTheBytesOfNoOtherKeys: a key that one command needs revealed is
// not given to another, whatever the device would do.
func TestCommandsTakeTheBytesOfNoOtherKeys(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		kek := load(t, h, kbpkAttributes("D", 256), bytes.Repeat([]byte{3}, 32))
		header := floors.Header(tr31.VersionD, hsm.TDES)
		for _, usage := range usages {
			a := hsm.Attributes{KeyID: "k", Usage: usage, Algorithm: hsm.TDES, Mode: 'N', Exportability: 'N', Bits: 128}
			kept := load(t, h, a, bytes.Repeat([]byte{0x1F, 0x20}, 8))
			a.Exportability = 'E'
			exportable := load(t, h, a, bytes.Repeat([]byte{0x1F, 0x20}, 8))
			material := hsm.Material{Key: exportable}
			wraps := usage == "K0" || usage == "K1"
			for command, c := range map[string]struct {
				err   error
				taken bool
			}{
				"export of one that may not be exported": {third(h.ExportTR31(ctx, kek, header, hsm.Material{Key: kept}, kcv.TDESZero)), false},
				"export":                                 {third(h.ExportTR31(ctx, kek, header, material, kcv.TDESZero)), true},
				"initial key": {third(h.ExportTR31(ctx, kek, header, hsm.Material{Key: kept, KSN: make([]byte, 10)},
					kcv.TDESZero)), usage == "B0"},
				"AS 2805":             {third(h.ExportAS2805(ctx, kept, hsm.Variant{0x28, 0xC0}, material, kcv.TDESZero)), wraps},
				"AS 2805, exportable": {third(h.ExportAS2805(ctx, exportable, hsm.Variant{0x28, 0xC0}, material, kcv.TDESZero)), wraps},
			} {
				if c.taken != (c.err == nil) || !c.taken && !errors.Is(c.err, hsm.ErrRefused) {
					t.Errorf("%s of usage %s: got %v, want it taken: %v", command, usage, c.err, c.taken)
				}
			}
		}
	})
}

func third[A, B any](_ A, _ B, err error) error { return err }
