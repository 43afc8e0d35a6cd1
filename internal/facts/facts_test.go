package facts

import (
	"os"
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
