package main

import "testing"

func TestMutantsFitTheCode(t *testing.T) {
	all := mutants()
	if len(all) < 30 {
		t.Errorf("%d mutants, want 30 at least", len(all))
	}
	for _, m := range all {
		if _, err := m.apply("../../.."); err != nil {
			t.Error(err)
		}
	}
}
