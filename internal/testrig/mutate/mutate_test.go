package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// fewest is how many changes there must be.
const fewest = 40

func TestMutantsFitTheCode(t *testing.T) {
	all := mutants()
	for _, m := range all {
		if _, err := m.apply("../../.."); err != nil {
			t.Error(err)
		}
		if m.old == m.new {
			t.Errorf("%v changes nothing", m)
		}
		for _, test := range m.tests {
			if !hasTest(t, m.tested, test) {
				t.Errorf("%v: %s has no %s", m, m.tested, test)
			}
		}
	}
	if len(all) < fewest {
		t.Errorf("%d mutants, want %d at least", len(all), fewest)
	}
	t.Logf("%d mutants", len(all))
}

// hasTest reports whether a package has a test of a name.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Contains(text, []byte("\nfunc "+name+"(t *testing.T)"))
	})
}
