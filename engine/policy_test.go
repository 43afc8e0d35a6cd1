package engine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// specFile reads one of the fact sheets, which stand beside the checkout
// where there are any.
func specFile(t *testing.T, name string, into any) {
	t.Helper()
	dir := os.Getenv("APCSIM_SPEC")
	if dir == "" {
		t.Skip("APCSIM_SPEC names no folder of fact sheets")
	}
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

type attributeRow struct {
	KeyUsage                     KeyUsage
	KeyAlgorithm                 KeyAlgorithm
	CreateClasses, ImportClasses []KeyClass
	CreateModes, ImportModes     [][]string
}

func modesNamed(names []string) (m modes) {
	for _, n := range names {
		m |= 1 << slices.Index(modeNames[:], n)
	}
	return m
}

// TestTableAcceptsExactlyWhatTheSheetSays walks every usage, algorithm, class
// and all 512 sets of modes, both ways.
func TestTableAcceptsExactlyWhatTheSheetSays(t *testing.T) {
	var sheet struct{ Rows []attributeRow }
	specFile(t, "key-attributes.json", &sheet)
	type cell struct {
		w     way
		usage KeyUsage
		alg   KeyAlgorithm
		class KeyClass
		modes modes
	}
	legal := map[cell]bool{}
	for _, row := range sheet.Rows {
		for _, side := range []struct {
			w       way
			classes []KeyClass
			sets    [][]string
		}{{created, row.CreateClasses, row.CreateModes}, {imported, row.ImportClasses, row.ImportModes}} {
			for _, class := range side.classes {
				for _, set := range side.sets {
					legal[cell{side.w, row.KeyUsage, row.KeyAlgorithm, class, modesNamed(set)}] = true
				}
			}
		}
	}
	if len(legal) < 500 {
		t.Fatalf("the sheet lists %d combinations only", len(legal))
	}
	tried, accepted := 0, 0
	for _, w := range []way{created, imported} {
		for _, usage := range allKeyUsage {
			for _, alg := range algorithms {
				for _, class := range allKeyClass {
					for m := range allModes + 1 {
						tried++
						got := checkAttributes(attributes{usage, class, &alg, m}, w, "") == nil
						want := legal[cell{w, usage, alg.name, class, m}]
						if got != want {
							t.Fatalf("way %d, %s, %s, %s, %s: accepted %t, the sheet says %t", w, usage, alg.name, class, m, got, want)
						}
						if got {
							accepted++
						}
					}
				}
			}
		}
	}
	if accepted != len(legal) {
		t.Errorf("%d combinations accepted, the sheet has %d", accepted, len(legal))
	}
	t.Logf("%d combinations tried, %d accepted", tried, accepted)
}

func TestRefusedAttributesNameTheMemberAtFault(t *testing.T) {
	aes, rsa := algorithmNamed(AES128), algorithmNamed(RSA2048)
	for _, c := range []struct {
		name string
		a    attributes
		rule string
	}{
		{"a usage of the enumerations alone", attributes{TR31P1PINGenerationKey, SymmetricKey, aes, generate}, "key-usage"},
		{"an algorithm of another usage", attributes{TR31M1ISO97971MACKey, SymmetricKey, aes, generate}, "key-algorithm"},
		{"an RSA base derivation key", attributes{TR31B0BaseDerivationKey, SymmetricKey, rsa, deriveKey}, "key-algorithm"},
		{"a class of no operation", attributes{TR31B0BaseDerivationKey, PrivateKey, aes, deriveKey}, "key-class"},
		{"half a set of modes", attributes{TR31D0SymmetricDataEncryptionKey, SymmetricKey, aes, encrypt | decrypt}, "key-modes-of-use"},
		{"no mode", attributes{TR31D0SymmetricDataEncryptionKey, SymmetricKey, aes, 0}, "key-modes-of-use"},
	} {
		err, ok := checkAttributes(c.a, created, "").(*Error)
		if !ok || err.Code != ErrValidation || err.Reasons[0].Rule != c.rule {
			t.Errorf("%s: got %v, want ValidationException by rule %s", c.name, err, c.rule)
		}
	}
}

// TestLifecycleRefusesEveryAbsentPair walks every state and act; what the map
// does not list must be refused and leave the key as it was.
func TestLifecycleRefusesEveryAbsentPair(t *testing.T) {
	legal := map[move]KeyState{ // control-plane, section 7.2, once more and by hand
		{CreateComplete, askDelete}:  DeletePending,
		{DeletePending, askRestore}:  CreateComplete,
		{CreateComplete, askStart}:   CreateComplete,
		{CreateComplete, askStop}:    CreateComplete,
		{DeletePending, waitElapsed}: DeleteComplete,
	}
	for _, state := range allKeyState {
		for _, a := range []act{askDelete, askRestore, askStart, askStop, waitElapsed} {
			got, err := key{state: state}.moved(a)
			want, ok := legal[move{state, a}]
			switch {
			case ok && (err != nil || got.state != want):
				t.Errorf("%s on %s: got %s, %v; want %s", a, state, got.state, err, want)
			case !ok && err == nil:
				t.Errorf("%s on %s: got %s, want a refusal", a, state, got.state)
			}
		}
	}
}

// TestWrappingStrengthIsTheTable holds the sets against the table of
// control-plane, section 10, written out.
func TestWrappingStrengthIsTheTable(t *testing.T) {
	rsa, ecc := []KeyAlgorithm{RSA2048, RSA3072, RSA4096}, []KeyAlgorithm{ECCNISTP256, ECCNISTP384, ECCNISTP521}
	compareStrength(t, rsaStrength, map[KeyAlgorithm][]KeyAlgorithm{TDES2Key: rsa, TDES3Key: rsa, AES128: rsa[1:]})
	compareStrength(t, curveStrength, map[KeyAlgorithm][]KeyAlgorithm{
		TDES2Key: ecc, TDES3Key: ecc, AES128: ecc, AES192: ecc[1:], AES256: ecc[2:],
		HMACSHA224: ecc, HMACSHA256: ecc, HMACSHA384: ecc, HMACSHA512: ecc,
	})
	compareStrength(t, kekStrength, map[KeyAlgorithm][]KeyAlgorithm{
		TDES2Key:   {TDES2Key, TDES3Key, AES128, AES192, AES256},
		TDES3Key:   {TDES3Key, AES128, AES192, AES256},
		AES128:     {AES128, AES192, AES256},
		AES192:     {AES192, AES256},
		AES256:     {AES256},
		HMACSHA224: {AES256}, HMACSHA256: {AES256}, HMACSHA384: {AES256}, HMACSHA512: {AES256},
	})
}

func compareStrength(t *testing.T, set strengthTable, table map[KeyAlgorithm][]KeyAlgorithm) {
	t.Helper()
	for _, moved := range algorithms {
		if !moved.symmetric() {
			continue
		}
		for _, wrapping := range algorithms {
			got := checkStrength(set, &wrapping, &moved, "") == nil
			if want := slices.Contains(table[moved.name], wrapping.name); got != want {
				t.Errorf("%s under %s: taken %t, the table says %t", moved.name, wrapping.name, got, want)
			}
		}
	}
}
