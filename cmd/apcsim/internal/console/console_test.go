package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheConsoleIsSmall(t *testing.T) {
	const most = 1500
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(raw), "\n")
	}
	if lines >= most || lines < 500 {
		t.Errorf("%d lines in %q, want less than %d", lines, files, most)
	}
}
