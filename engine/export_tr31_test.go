package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestEverySymmetricKeyIsExportedAndImported exports every usage, algorithm and mode of the
// table and imports it back: the same key, attributes and check value.
func TestEverySymmetricKeyIsExportedAndImported(t *testing.T) {
	eng := simtest.New(t, nil)
	strong := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	tdes := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES3Key))
	n := 0
	for _, a := range everySymmetricKey() {
		k := create(t, eng.Caller, a)
		keks := []engine.Key{strong}
		if strings.HasPrefix(string(a.KeyAlgorithm), "TDES") {
			keks = append(keks, tdes)
		}
		for _, kek := range keks {
			w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
			if err != nil {
				t.Fatalf("%v: %v", a, err)
			}
			if *w.KeyCheckValue != k.KeyCheckValue || w.WrappingKeyArn != kek.KeyArn {
				t.Errorf("%v: exported as %+v", a, w)
			}
			back, err := importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial)
			if err != nil {
				t.Fatalf("%v: %v", a, err)
			}
			if back.KeyCheckValue != k.KeyCheckValue || back.KeyAttributes != a || back.KeyArn == k.KeyArn {
				t.Errorf("%v: came back as %+v", a, back)
			}
			n++
		}
	}
	if n < 300 {
		t.Errorf("%d keys travelled only", n)
	}
}

// everySymmetricKey tries all combinations; those that CreateKey takes are the
// table's, which another test holds against the fact sheet.
func everySymmetricKey() (out []apc.KeyAttributes) {
	sets := []apc.KeyModesOfUse{
		cipherModes,
		wrapOnly,
		unwrapOnly,
		macModes,
		deriveModes,
		{Generate: true},
		{Verify: true},
		{NoRestrictions: true},
	}
	for _, row := range engine.UsageTable() {
		for _, m := range sets {
			for _, alg := range row.Algorithms {
				if row.Allows(m) {
					out = append(out, attributes(row.Usage, alg, m))
				}
			}
		}
	}
	return out
}
