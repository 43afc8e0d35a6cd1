package dukpt_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestKnownAnswersOfTDESWorkingKeys has those of FelipeRodriguezFonte/CryptoCarver and iso8583.studio.
func TestKnownAnswersOfTDESWorkingKeys(t *testing.T) {
	initial := testrig.Hex("6AC292FAA1315B4D858AB3A3D7D5933A")
	for _, c := range []struct {
		ksn  string
		use  dukpt.TDESUse
		want string
	}{
		{"FFFF9876543210E00001", dukpt.PIN, "042666B49184CF5C68DE9628D0397B36"},
		{"FFFF9876543210E00001", dukpt.DataRequest, "448D3F076D8304036A55A3D7E0055A78"},
		{"FFFF9876543210E00002", dukpt.PIN, "C46551CEF9FD244FAA9AD834130D3B38"},
		{"FFFF9876543210E00002", dukpt.MACRequest, "C46551CEF9FDDBB0AA9AD834130DC4C7"},
		{"FFFF9876543210E00008", dukpt.PIN, "27F66D5244FF621EAA6F6120EDEB427F"},
		{"FFFF9876543210E00008", dukpt.MACRequest, "27F66D5244FF9DE1AA6F6120EDEBBD80"},
	} {
		ksn, err := dukpt.ParseTDESKSN(c.ksn)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := upper(dukpt.WorkingTDES(initial, ksn, c.use)); err != nil || got != c.want {
			t.Errorf("%s, use %d: got %s, %v, want %s", c.ksn, c.use, got, err, c.want)
		}
	}
}
