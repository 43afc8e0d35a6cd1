package guesses

import (
	"strings"
	"testing"
)

func TestEachStatementIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		if seen[s.ID] {
			t.Errorf("%s is there twice", s.ID)
		}
		seen[s.ID] = true
		if !strings.HasSuffix(s.Says, ".") && !strings.HasSuffix(s.Says, "}.") {
			t.Errorf("%s is no sentence: %q", s.ID, s.Says)
		}
		if s.Kind() == Guessed && (s.Otherwise == "" || s.Source != "") {
			t.Errorf("%s: a guess says what would be otherwise, and has no source: %+v", s.ID, s)
		}
		if s.Kind() != Guessed && (s.Source == "" || s.Otherwise != "" || s.Calls != "") {
			t.Errorf("%s: a fact has a source and nothing otherwise: %+v", s.ID, s)
		}
	}
}

func TestStatementsThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"G-one\nIt is so.",
		"X-one: GetKey\nIt is so.",
		"G-one: GetKye\nIt is so.",
		"G-one: GetKey\nIt is so.\nElse: not.",
		"G-one: GetKey",
	} {
		if s, err := parse(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, s)
		}
	}
}
