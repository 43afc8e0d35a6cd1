package arch

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// width is how many characters a line of a hand-written Go file has at most. A tab counts as one.
const width = 140

// wide are the files that may have longer lines, and why their lines cannot be broken.
var wide = map[string]string{}

// longLines are the lines of the files, a text by its name, that are too long, and the exceptions
// that no file needs.
func longLines(files, exceptions map[string]string) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "_gen.go") {
			continue
		}
		_, excepted := exceptions[name]
		needed, number := false, 0
		for line := range strings.Lines(files[name]) {
			number++
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				needed = true
				if !excepted {
					faults = append(faults, fmt.Sprintf("%s:%d: %d characters, at most %d are allowed", name, number, n, width))
				}
			}
		}
		if excepted && !needed {
			faults = append(faults, name+": an exception that is not needed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(exceptions)) {
		if _, ok := files[name]; !ok {
			faults = append(faults, name+": an exception for no file")
		}
	}
	return faults
}

// allTexts is the text of every Go file by its name.
func allTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, f := range allFiles(t) {
		name := path.Join(f.dir, f.base)
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

func TestNoLineIsTooLong(t *testing.T) {
	for _, fault := range longLines(allTexts(t), wide) {
		t.Error(fault)
	}
}

func TestForgedLongLinesAreFound(t *testing.T) {
	fits := "package p\n\t// " + strings.Repeat("é", width-4) + "\n"
	long := "package p\n\t// " + strings.Repeat("é", width-3) + "\n"
	got := longLines(
		map[string]string{"p/fits.go": fits, "p/long.go": long, "p/last.go": strings.TrimSuffix(long, "\n"), "p/made_gen.go": long,
			"p/excepted.go": long, "p/needless.go": fits},
		map[string]string{"p/excepted.go": "", "p/needless.go": "", "p/gone.go": ""})
	want := []string{
		"p/last.go:2: 141 characters, at most 140 are allowed",
		"p/long.go:2: 141 characters, at most 140 are allowed",
		"p/needless.go: an exception that is not needed",
		"p/gone.go: an exception for no file",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
