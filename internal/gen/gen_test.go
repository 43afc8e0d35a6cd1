package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

const root = "../.."

// TestCommittedTypesAreThoseOfTheFacts generates every file again and compares.
func TestCommittedTypesAreThoseOfTheFacts(t *testing.T) {
	for _, p := range published(facts.Control(), facts.Data()) {
		want, err := p.generate()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(p.file(root))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s differs: go generate ./internal/gen", p.file(""))
		}
	}
}

func TestCommittedClientIsThatOfTheFacts(t *testing.T) {
	want, err := clientOf(facts.Data())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(clientFile(root))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs: go generate ./internal/gen", clientFile(""))
	}
}

// TestEveryStructureOfTheDataPlaneIsGenerated counts them: of 105 structures 6 are
// exceptions and one is a part of one.
func TestEveryStructureOfTheDataPlaneIsGenerated(t *testing.T) {
	text, err := dataPlane(facts.Control(), facts.Data()).generate()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), " struct {"); n != 98 {
		t.Errorf("%d structures, want 98", n)
	}
}

// TestEveryOperationOfThePlanesCanBeGenerated: those that are not built yet too.
func TestEveryOperationOfThePlanesCanBeGenerated(t *testing.T) {
	control := facts.Control()
	p := controlPlane(control)
	p.operations = nil
	for _, o := range control.Operations {
		p.operations = append(p.operations, o.Name)
	}
	if _, err := p.generate(); err != nil {
		t.Error(err)
	}
	for _, name := range built {
		if !slices.Contains(p.operations, name) {
			t.Errorf("%s is no operation", name)
		}
	}
}

func TestConstantsAreNamedAsGoWritesThem(t *testing.T) {
	for _, c := range []struct{ typeName, value, want string }{
		{"KeyAlgorithm", "AES_256", "KeyAlgorithmAES256"},
		{"KeyAlgorithm", "TDES_2KEY", "KeyAlgorithmTDES2Key"},
		{"KeyAlgorithm", "ECC_NIST_P256", "KeyAlgorithmECCNISTP256"},
		{"KeyUsage", "TR31_P0_PIN_ENCRYPTION_KEY", "KeyUsageTR31P0PINEncryptionKey"},
		{"KeyUsage", "TR31_E0_EMV_MKEY_APP_CRYPTOGRAMS", "KeyUsageTR31E0EMVMKeyAppCryptograms"},
		{"KeyUsage", "TR31_V1_IBM3624_PIN_VERIFICATION_KEY", "KeyUsageTR31V1IBM3624PINVerificationKey"},
		{"KeyCheckValueAlgorithm", "ANSI_X9_24", "KeyCheckValueAlgorithmANSIX924"},
		{"Tr34KeyBlockFormat", "X9_TR34_2012", "Tr34KeyBlockFormatX9TR342012"},
		{"KeyState", "CREATE_COMPLETE", "KeyStateCreateComplete"},
		{"RandomKeySendVariantMask", "VARIANT_MASK_82C0", "RandomKeySendVariantMaskVariantMask82C0"},
		{"SessionKeyDerivationMode", "UNION_PAY", "SessionKeyDerivationModeUnionPay"},
	} {
		if got := constName(c.typeName, c.value); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.typeName, c.value, got, c.want)
		}
	}
}

// TestNamesOfConstantsAreUnique: two values of one enumeration must not get one
// name, nor a value the name of another type's.
func TestNamesOfConstantsAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, plane := range []*facts.Service{facts.Control(), facts.Data()} {
		for _, s := range plane.Shapes {
			for _, v := range s.Values {
				name, at := constName(s.Name, v), s.Name+" "+v
				if other, ok := seen[name]; ok && other != at {
					t.Errorf("%s is %s and %s", name, other, at)
				}
				seen[name] = at
			}
		}
	}
}
