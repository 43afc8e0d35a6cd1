package hsm_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

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
				testrig.Hex(c.bdk),
			)
			header := floors.Header(tr31.VersionD, c.algorithm)
			header.KeyUsage, header.ModeOfUse, header.Exportability = "B1", 'X', 'S'
			text, _, err := h.ExportTR31(ctx, kek, header, hsm.Material{Key: bdk, KSN: testrig.Hex(c.ksn)}, zeroMethods[c.algorithm])
			if err != nil {
				t.Fatal(err)
			}
			b, _ := tr31.Parse(text, tr31.Strict)
			key, err := reader.Unwrap(ctx, b)
			if err != nil || !bytes.Equal(key, testrig.Hex(c.want)) {
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
