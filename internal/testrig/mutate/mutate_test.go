package main

import "testing"

// TestMutantsFitTheCode: a change of the code may leave a mutant behind, but not many.
func TestMutantsFitTheCode(t *testing.T) {
	fit := 0
	for _, m := range mutants() {
		if _, err := m.apply("../../.."); err != nil {
			t.Log(err)
		} else {
			fit++
		}
	}
	if fit < 30 {
		t.Errorf("%d mutants fit the code, want 30 at least", fit)
	}
}
