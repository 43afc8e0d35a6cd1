package testkeys_test

import (
	"context"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
)

func TestEveryPairIsGivenOnceAndEntersABackend(t *testing.T) {
	backend := hsm.NewSoftware(nil)
	defer backend.Close()
	source, again := testkeys.Ready(), testkeys.Ready()
	seen := map[string]bool{}
	for _, bits := range []int{2048, 3072, 4096} {
		a := hsm.Attributes{KeyID: "k", Usage: "S0", Algorithm: hsm.RSA, Mode: 'S', Exportability: 'N', Bits: bits}
		for range 8 {
			private, public, ok := source.Next(bits)
			if !ok || seen[string(public)] {
				t.Fatalf("%d bits: given %t, seen before %t", bits, ok, seen[string(public)])
			}
			seen[string(public)] = true
			if _, err := backend.Import(context.Background(), private, a); err != nil {
				t.Errorf("%d bits: %v", bits, err)
			}
			if _, same, _ := again.Next(bits); string(same) != string(public) {
				t.Errorf("%d bits: another source gives another order", bits)
			}
		}
		if _, _, ok := source.Next(bits); ok {
			t.Errorf("%d bits: a ninth pair", bits)
		}
	}
	if _, _, ok := source.Next(1024); ok {
		t.Error("a pair of 1024 bits")
	}
}
