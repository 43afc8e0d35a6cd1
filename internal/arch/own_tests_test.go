package arch

import (
	"go/ast"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tests of x.go are in x_test.go. testdata/tested_elsewhere.txt has the sources for which that is not so, each with the
// file that has their tests and, where it is not evident, the reason:
//
//	tr31/content_long.go  tr31/content_test.go: its contents are in the tables of all contents
const elsewhere = "testdata/tested_elsewhere.txt"

// logic is how many statements a source has at least that needs tests of its own.
const logic = 20

// supportsTests reports whether a folder has only what tests use: they try it.
func supportsTests(dir string) bool {
	for _, d := range []string{"examples", "internal/testrig", "internal/gen", "hsm/hsmtest", "hsm/testkeys", "keystore/keystoretest",
		"enginetest/model", "enginetest/draw", "cmd/apcsim/internal/servertest"} {
		if dir == d || strings.HasPrefix(dir, d+"/") {
			return true
		}
	}
	return false
}

// withoutTests are the sources with logic that have no test file of their name.
func withoutTests(files []goFile) (names []string) {
	have := map[string]bool{}
	for _, f := range files {
		have[path.Join(f.dir, f.base)] = true
	}
	for _, f := range files {
		name := path.Join(f.dir, f.base)
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_gen.go") || supportsTests(f.dir) {
			continue
		}
		if statements(f.File) >= logic && !have[strings.TrimSuffix(name, ".go")+"_test.go"] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// statements is how many a file's functions have.
func statements(f *ast.File) (n int) {
	ast.Inspect(f, func(at ast.Node) bool {
		switch at.(type) {
		case *ast.BlockStmt, *ast.DeclStmt:
		case ast.Stmt:
			n++
		}
		return true
	})
	return n
}

func TestTestsOfASourceAreBesideItOrListed(t *testing.T) {
	data, err := os.ReadFile(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(data)) {
		source, where, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Errorf("%s: no two spaces in %q", elsewhere, line)
			continue
		}
		listed = append(listed, source)
		file, _, _ := strings.Cut(where, ":")
		if _, err := os.Stat("../../" + file); err != nil || !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s: the tests of %s are said to be in %q, which is no test file", elsewhere, source, file)
		}
	}
	if diff := cmp.Diff(listed, withoutTests(allFiles(t))); diff != "" {
		t.Errorf("sources whose tests have another file's name (-listed in %s +found):\n%s", elsewhere, diff)
	}
}
