package main

import "testing"

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
	}
	if len(all) < fewest {
		t.Errorf("%d mutants, want %d at least", len(all), fewest)
	}
	t.Logf("%d mutants", len(all))
}
