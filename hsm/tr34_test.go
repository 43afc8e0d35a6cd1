package hsm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr34"
)

func TestExportTR34RefusesAnotherSigner(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := hsm.New(hsm.NewSoftware(nil), nil)
	if _, _, err := h.ExportTR34(ctx, tr34.Sealing{Signer: other}, hsm.KeyRef{}, hsm.Material{}, kcv.TDESZero); !errors.Is(
		err,
		hsm.ErrInput,
	) {
		t.Errorf("got %v, want %v", err, hsm.ErrInput)
	}
}
