package facts

import (
	"os"
	"strings"
	"testing"
)

// TestFactsAreThoseOfTheDescriptions compares the committed files with the
// service's descriptions where they are present. It always checks that the files
// can be read and are in the form that they would be written in.
func TestFactsAreThoseOfTheDescriptions(t *testing.T) {
	for _, c := range []struct {
		file, text         string
		operations, shapes int
	}{{controlFile, controlText, 32, 172}, {DataFile, dataText, 15, 177}} {
		s, err := parse(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.file, err)
		}
		if got := s.String(); got != c.text {
			t.Errorf("%s: written again the facts differ from the file", c.file)
		}
		if len(s.Operations) != c.operations || len(s.Shapes) != c.shapes {
			t.Errorf("%s: %d operations and %d shapes, want %d and %d", c.file, len(s.Operations), len(s.Shapes), c.operations, c.shapes)
		}
		dir := os.Getenv("APCSIM_SPEC")
		if dir == "" {
			continue
		}
		d, err := readDescription(dir, c.file)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := c.text, d.String(); got != want {
			t.Errorf("%s: the facts are not those of the description: go run ./internal/gen -spec %s", c.file, dir)
		}
	}
}

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
