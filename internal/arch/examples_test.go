package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"
)

// notPublic are the selectors in the examples of a file that are of packages which only this module can import.
func notPublic(f *ast.File) (found []string) {
	internal := map[string]bool{} // names of packages
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil || !strings.Contains(name, "/internal/") || path.Base(name) == "softtoken" { // which is a device at hand
			continue
		}
		if internal[path.Base(name)] = true; i.Name != nil {
			internal[i.Name.Name] = true
		}
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Example") {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && internal[lastName(s.X)] {
				found = append(found, fn.Name.Name+" uses "+lastName(s.X)+"."+s.Sel.Name)
			}
			return true
		})
	}
	return found
}

// TestExamplesCanBePasted: they are in the documentation, and use nothing that only this module can import.
func TestExamplesCanBePasted(t *testing.T) {
	for _, f := range allFiles(t) {
		if !f.test || strings.Contains(f.dir, "internal") {
			continue
		}
		for _, use := range notPublic(f.File) {
			t.Errorf("%s: %s", path.Join(f.dir, f.base), use)
		}
	}
}

func TestInternalPackagesInExamplesAreFound(t *testing.T) {
	const text = `package p_test
import ("fmt"; "example.com/m/internal/rig"; other "example.com/m/internal/kit")
func Example() { fmt.Println(rig.Hex("00"), other.New()) }
func TestX() { rig.Hex("00") }
`
	f, err := parser.ParseFile(token.NewFileSet(), "p_test.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := notPublic(f); len(got) != 2 {
		t.Errorf("got %q, want rig.Hex and other.New", got)
	}
}
