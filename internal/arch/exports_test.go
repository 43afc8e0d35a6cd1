package arch

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An exported name that nothing outside its package, its package's tests and the documentation
// uses is unexported, or is in the golden file with the reason why it is there. Not asked
// about are values of an exported type, types that an exported declaration of the package has in it, and
// what an interface asks for, examples and the rigs of tests.

const exportsGolden = "testdata/exports.txt"

// goFile is a file of the repository, of whatever module.
type goFile struct {
	dir  string // "engine"; "." is the root
	base string // "clock.go"
	test bool
	*ast.File
}

func allFiles(t *testing.T) (all []goFile) {
	t.Helper()
	root, set := "../..", token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != root && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") ||
			strings.HasPrefix(base, "_")) { // other tests make and remove folders of the latter meanwhile
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		all = append(all, goFile{filepath.ToSlash(dir), base, strings.HasSuffix(name, "_test.go"), f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// usage is what the files of a repository say of names.
type usage struct {
	imported map[string]map[string]bool // by folder: names that other folders select from its import
	selected map[string]map[string]bool // by name: folders whose files select it from anything
	asked    map[string]bool            // names of methods of interfaces
	within   map[string]map[string]bool // by folder: types in its exported declarations
}

func usageOf(files []goFile) *usage {
	u := &usage{map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}, map[string]map[string]bool{}}
	for _, name := range strings.Fields(`String GoString Error Unwrap Is As Format LogValue MarshalJSON UnmarshalJSON MarshalText UnmarshalText
		Close Read Write Len Less Swap ServeHTTP RoundTrip Set Type`) { // of the standard library
		u.asked[name] = true
	}
	for _, f := range files {
		u.selectors(f)
		ast.Inspect(f.File, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok {
				for _, m := range i.Methods.List {
					for _, name := range m.Names {
						u.asked[name.Name] = true
					}
				}
			}
			return true
		})
		if !f.test {
			u.shapes(f)
		}
	}
	return u
}

func note(m map[string]map[string]bool, a, b string) {
	if m[a] == nil {
		m[a] = map[string]bool{}
	}
	m[a][b] = true
}

func (u *usage) selectors(f goFile) {
	imports := importsOf(f.File)
	ast.Inspect(f.File, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		note(u.selected, s.Sel.Name, f.dir)
		if x, ok := s.X.(*ast.Ident); ok {
			if dir := imports[x.Name]; dir != "" && dir != f.dir {
				note(u.imported, dir, s.Sel.Name)
			}
		}
		return true
	})
}

// shapes notes the types that exported declarations have in them.
func (u *usage) shapes(f goFile) {
	names := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if i, ok := n.(*ast.Ident); ok && i.IsExported() {
				note(u.within, f.dir, i.Name)
			}
			return true
		})
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				names(d.Type)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						names(s.Type)
					}
				case *ast.ValueSpec:
					if s.Type != nil && s.Names[0].IsExported() {
						names(s.Type)
					}
				}
			}
		}
	}
}

// unusedExports lists the exported names that nothing else uses, as "engine.Name" and "engine.Type.Method".
func unusedExports(files []goFile) (all []string) {
	u := usageOf(files)
	for _, f := range files {
		if f.test || f.Name.Name == "main" || strings.HasPrefix(f.dir, "examples/") || strings.HasPrefix(f.dir, "internal/testrig/") {
			continue
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				all = append(all, u.unusedFunc(f, d)...)
			case *ast.GenDecl:
				all = append(all, u.unusedIn(f, d)...)
			}
		}
	}
	slices.Sort(all)
	return all
}

func (u *usage) unusedFunc(f goFile, d *ast.FuncDecl) []string {
	name := d.Name.Name
	if !d.Name.IsExported() {
		return nil
	}
	if d.Recv == nil {
		if u.imported[f.dir][name] {
			return nil
		}
		return []string{f.dir + "." + name}
	}
	receiver := d.Recv.List[0].Type
	if p, ok := receiver.(*ast.StarExpr); ok {
		receiver = p.X
	}
	if g, ok := receiver.(*ast.IndexExpr); ok {
		receiver = g.X
	}
	on, ok := receiver.(*ast.Ident)
	if !ok || !on.IsExported() || u.asked[name] {
		return nil
	}
	for dir := range u.selected[name] {
		if dir != f.dir {
			return nil
		}
	}
	return []string{f.dir + "." + on.Name + "." + name}
}

func (u *usage) unusedIn(f goFile, d *ast.GenDecl) (all []string) {
	typed := false // the value before has an exported type, which holds for those behind it
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && !u.imported[f.dir][s.Name.Name] && !u.within[f.dir][s.Name.Name] {
				all = append(all, f.dir+"."+s.Name.Name)
			}
		case *ast.ValueSpec:
			if i, ok := s.Type.(*ast.Ident); ok && i.IsExported() {
				typed = true
			} else if s.Type != nil || len(s.Values) > 0 {
				typed = false
			}
			for _, n := range s.Names {
				if n.IsExported() && !typed && !u.imported[f.dir][n.Name] {
					all = append(all, f.dir+"."+n.Name)
				}
			}
		}
	}
	return all
}

// explained are the names of the golden file, each with the reason above it.
func explained(t *testing.T) (names []string) {
	t.Helper()
	f, err := os.Open(exportsGolden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reason := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, indented := strings.CutPrefix(lines.Text(), "    ")
		switch {
		case name == "":
		case !indented:
			reason = true
		case !reason:
			t.Errorf("%s: %s has no reason", exportsGolden, name)
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestEveryExportedNameIsUsedOrExplained: what is used elsewhere is not in the list either.
func TestEveryExportedNameIsUsedOrExplained(t *testing.T) {
	if diff := cmp.Diff(explained(t), unusedExports(allFiles(t))); diff != "" {
		t.Errorf("%s (-explained +unused): unexport what is new, or write down why it is there:\n%s", exportsGolden, diff)
	}
}

func TestForgedExportsAreFound(t *testing.T) {
	forged := map[string]string{
		"a/a.go": `package a
			type Used struct{ Shape Shape }
			type Shape int
			const One Shape = 1
			const Dead = 2
			type Gone struct{}
			func (Used) Called() {}
			func (Used) NotCalled() {}
			func (Used) String() string { return "" }
			func Lonely() {}
			func hidden() {}`,
		"a/a_test.go": "package a_test\nimport \"" + module + "/a\"\nvar _ = a.Lonely",
		"b/b.go":      "package b\nimport \"" + module + "/a\"\nfunc init() { var u a.Used; u.Called() }",
	}
	set, files := token.NewFileSet(), []goFile(nil)
	for name, text := range forged {
		f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{path.Dir(name), path.Base(name), strings.HasSuffix(name, "_test.go"), f})
	}
	if got, want := fmt.Sprint(unusedExports(files)), "[a.Dead a.Gone a.Lonely a.Used.NotCalled]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
