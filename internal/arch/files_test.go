package arch

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// mostLines is how many lines a hand-written Go file has at most.
const mostLines = 500

// emptyNames are names of files that do not say what is inside.
var emptyNames = []string{"answers", "common", "deeds", "misc", "stuff", "told", "util", "utils", "words"}

// badFiles are the files, a text by its name, that are too long or have a name that says nothing.
func badFiles(files map[string]string) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "_gen.go") {
			continue
		}
		if n := strings.Count(files[name], "\n"); n > mostLines {
			faults = append(faults, fmt.Sprintf("%s: %d lines, at most %d are allowed", name, n, mostLines))
		}
		base := strings.TrimSuffix(strings.TrimSuffix(path.Base(name), ".go"), "_test")
		if slices.Contains(emptyNames, base) {
			faults = append(faults, name+": the name does not say what is in the file")
		}
	}
	return faults
}

func TestFilesAreShortAndNamedByWhatIsInThem(t *testing.T) {
	files := allTexts(t)
	if len(files) < 500 {
		t.Fatalf("%d files: the test sees nothing", len(files))
	}
	for _, f := range badFiles(files) {
		t.Error(f)
	}
}

func TestLongAndUnclearFilesAreFound(t *testing.T) {
	long := strings.Repeat("\n", mostLines+1)
	got := badFiles(map[string]string{"a/b.go": long[1:], "a/c_test.go": long, "a/d_gen.go": long, "e/deeds_test.go": "", "e/keys.go": ""})
	if want := 2; len(got) != want {
		t.Errorf("got %q, want %d", got, want)
	}
}
