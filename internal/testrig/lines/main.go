// Command lines prints a table of the packages below a folder: lines of code and of tests, blank ones and comments
// among them, and how many exported names (types, functions, methods, variables and constants) each has.
//
//	go run ./internal/testrig/lines [folder]
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// size is that of a package.
type size struct{ code, generated, tests, exported int }

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	sizes, err := measure(os.DirFS(root))
	if err == nil {
		err = write(os.Stdout, sizes)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
}

func measure(tree fs.FS) (map[string]size, error) {
	sizes, set := map[string]size{}, token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && name != ".") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		s, n := sizes[dir], bytes.Count(text, []byte("\n"))
		switch {
		case strings.HasSuffix(name, "_test.go"):
			s.tests += n
		case ast.IsGenerated(f):
			s.generated += n
			s.exported += exported(f)
		default:
			s.code += n
			s.exported += exported(f)
		}
		sizes[dir] = s
		return nil
	})
	return sizes, err
}

// exported counts the exported names that a file declares. A program has none.
func exported(f *ast.File) (n int) {
	if f.Name.Name == "main" {
		return 0
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				n++
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						n++
					}
				case *ast.ValueSpec:
					for _, name := range s.Names {
						if name.IsExported() {
							n++
						}
					}
				}
			}
		}
	}
	return n
}

func write(w io.Writer, sizes map[string]size) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, s size) {
		fmt.Fprintf(out, "%d\t%d\t%d\t%d\t  %s\n", s.code, s.generated, s.tests, s.exported, name)
	}
	fmt.Fprintln(out, "code\tgenerated\ttests\texported\t  package")
	var all size
	for _, dir := range slices.Sorted(maps.Keys(sizes)) {
		s := sizes[dir]
		row(dir, s)
		all = size{all.code + s.code, all.generated + s.generated, all.tests + s.tests, all.exported + s.exported}
	}
	row("in all", all)
	return out.Flush()
}
