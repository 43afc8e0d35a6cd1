package facts

import (
	"strings"
	"testing"
)

func TestParseRefusesWhatIsNoFact(t *testing.T) {
	const good = "operation Do POST / In In\n\terrors Bad\nstructure In\n\tA Text required\nexception Bad\nstring Text 1..2\n\tpattern " +
		"[a-z]+\n"
	if _, err := parse(good); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for _, c := range []struct{ what, old, new string }{
		{"an operation without output", "In In", "In"},
		{"an unknown structure", "structure In", "structure Out"},
		{"an unknown shape of a member", "A Text", "A Number"},
		{"an unknown exception", "errors Bad", "errors Worse"},
		{"an unknown word of a shape", "1..2", "1to2"},
		{"an unknown word of a member", "required", "wanted"},
		{"limits that are no numbers", "1..2", "x..2"},
		{"a pattern that does not compile", "[a-z]+", "[a-z"},
		{"a member without a shape", "A Text required", "A"},
		{"a part of an exception that is none", "exception Bad\n", "exception Bad\n\tx\n"},
	} {
		if _, err := parse(strings.Replace(good, c.old, c.new, 1)); err == nil {
			t.Errorf("%s: accepted", c.what)
		}
	}
}
