package console

import (
	"maps"
	"os"
	"strings"
	"testing"
)

// TestUnionsAreThoseOfTheService: the SDK has a type of its own for each member of one.
func TestUnionsAreThoseOfTheService(t *testing.T) {
	want := map[string]bool{}
	for _, plane := range []string{"control", "data"} {
		raw, err := os.ReadFile("../../../../internal/facts/" + plane + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "union "); ok {
				want[name] = true
			}
		}
	}
	if !maps.Equal(unions, want) {
		t.Errorf("got %v, want %v", unions, want)
	}
}
