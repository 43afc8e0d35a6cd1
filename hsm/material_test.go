package hsm_test

import (
	"context"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestExportedKeysStayOpenUntilForgotten: exporting again opens no seal again,
// and Forget ends it, for a key and for one that an initial key is derived from.
func TestExportedKeysStayOpenUntilForgotten(t *testing.T) {
	b := hsm.NewSoftware(nil)
	defer b.Close()
	counted := &openCounter{Backend: b}
	seals := 0 // opened
	h := hsm.New(hsm.Wrap(counted, func(_ context.Context, call string) error {
		if call == "Open" {
			seals++
		}
		return nil
	}), nil)
	defer h.Close()
	kek := load(t, h, kbpkAttributes("D", 256), make([]byte, 32))
	bdk := load(
		t,
		h,
		hsm.Attributes{KeyID: "k", Usage: "B0", Algorithm: hsm.AES, Mode: 'X', Exportability: 'E', Bits: 128},
		make([]byte, 16),
	)
	header := floors.Header(tr31.VersionD, hsm.AES)
	header.KeyUsage, header.ModeOfUse = "B0", 'X'
	for _, m := range []hsm.Material{{Key: bdk}, {Key: bdk, KSN: make([]byte, 12)}} {
		before := seals
		for range 3 {
			if _, _, err := h.ExportTR31(ctx, kek, header, m, kcv.AESCMAC); err != nil {
				t.Fatal(err)
			}
		}
		if n := counted.open(); n != 2 {
			t.Errorf("KSN %X: %d keys are open, want the two of the export", m.KSN, n)
		}
		if n := seals - before; n > 2 {
			t.Errorf("KSN %X: %d seals were opened for the same export three times, want 2 at most", m.KSN, n)
		}
		h.Forget(bdk.Sealed)
		if n := counted.open(); n != 1 {
			t.Errorf("KSN %X: %d keys are open after Forget, want the other one", m.KSN, n)
		}
	}
}
