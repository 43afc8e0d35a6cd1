package arch

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every sentence that a refusal can say is a constant in the file problems.go of its package, or of the package that it
// shares them with. They are together in a golden file, to be read as prose: one reading must be enough to see what is
// wrong.

var update = flag.Bool("update", false, "write the golden file of problems anew")

const (
	problemsFile   = "problems.go"
	problemsGolden = "testdata/problems.txt"
)

// otherProblems are packages whose problems are no reasons of a refusal.
var otherProblems = []string{"internal/secretfile"} // what is wrong with a file

// sharedProblems are packages that take their problems from another's list.
var sharedProblems = map[string]string{"engine": "internal/core"}

// borrowedProblems are packages that take some of another's list besides their own.
var borrowedProblems = map[string]string{"dataplane": "internal/core"}

// sources is one package: its files by name, those of tests excepted.
type sources struct {
	dir   string // "engine"
	files map[string]*ast.File
}

// problemList is what a package can say, in the order of its file.
type problemList struct {
	names []string
	text  map[string]string
}

// tree is every package of the module that is not an example.
func tree(t *testing.T) []sources {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var parsed = sync.OnceValues(func() ([]sources, error) {
	packages := map[string]*sources{}
	root := "../.."
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel(root, filepath.Dir(name))
		switch base := d.Name(); {
		case d.IsDir() && name != root && (base == "testdata" || base == "examples" || strings.HasPrefix(base, ".") ||
			strings.HasPrefix(base, "_")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		if packages[dir] == nil {
			packages[dir] = &sources{dir, map[string]*ast.File{}}
		}
		packages[dir].files[d.Name()] = f
		return nil
	})
	var out []sources
	for _, p := range packages {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b sources) int { return strings.Compare(a.dir, b.dir) })
	return out, err
})

// list reads the constants of problems.go.
func (p *sources) list() problemList {
	l := problemList{text: map[string]string{}}
	f := p.files[problemsFile]
	if f == nil {
		return l
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				if text, ok := literal(v.Values[i]); ok {
					l.names = append(l.names, name.Name)
					l.text[name.Name] = text
				}
			}
		}
	}
	return l
}

// literal is the text of a literal, or of literals joined by +.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		right, too := literal(e.Y)
		return left + right, ok && too && e.Op == token.ADD
	}
	return "", false
}

// problemWord names whatever holds a problem: a field, a parameter, a variable.
func problemWord(name string) bool { return name == "problem" || name == "Problem" }

// places are where the functions and structs of a package have a problem, by
// name: a method as ".refuse", a function or a closure as "refuse", a struct as
// "Reason{}". A name may mean several.
type places map[string][]int

func (p places) note(name string, fields *ast.FieldList) {
	if i := fieldAt(fields); i >= 0 && !slices.Contains(p[name], i) {
		p[name] = append(p[name], i)
	}
}

// fieldAt is the index of a problem among parameters or fields, or -1.
func fieldAt(fields *ast.FieldList) int {
	i := 0
	for _, f := range fields.List {
		for _, name := range f.Names {
			if problemWord(name.Name) {
				return i
			}
			i++
		}
	}
	return -1
}

func placesOf(p *sources) places {
	out := places{}
	for _, f := range p.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				name := n.Name.Name
				if n.Recv != nil {
					name = "." + name
				}
				out.note(name, n.Type.Params)
			case *ast.AssignStmt:
				for i, right := range n.Rhs {
					if f, ok := right.(*ast.FuncLit); ok && i < len(n.Lhs) {
						out.note(lastName(n.Lhs[i]), f.Type.Params)
					}
				}
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					out.note(n.Name.Name+"{}", s.Fields)
				}
			}
			return true
		})
	}
	return out
}

// checker holds one file after the other of a package to its list.
type checker struct {
	*sources
	list    problemList
	all     map[string]places // by the package's folder
	used    map[string]bool
	file    string
	imports map[string]string // of the file: the folder by the name it is used by
	found   []string
}

func (c *checker) check() {
	for _, c.file = range slices.Sorted(maps.Keys(c.files)) {
		if c.file == problemsFile {
			continue
		}
		c.imports = importsOf(c.files[c.file])
		ast.Inspect(c.files[c.file], c.visit)
	}
}

// importsOf are the packages of ours that a file imports.
func importsOf(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, i := range f.Imports {
		text, _ := strconv.Unquote(i.Path.Value)
		if dir, mine := ours(text); mine {
			name := path.Base(dir)
			if i.Name != nil {
				name = i.Name.Name
			}
			out[name] = dir
		}
	}
	return out
}

func (c *checker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Ident:
		c.used[n.Name] = true
	case *ast.KeyValueExpr:
		if problemWord(lastName(n.Key)) {
			c.hold(n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if problemWord(lastName(left)) {
				c.hold(n.Rhs[min(i, len(n.Rhs)-1)]) // one on the right is a call that returns several
			}
		}
	case *ast.RangeStmt:
		if n.Value != nil && problemWord(lastName(n.Value)) || n.Key != nil && problemWord(lastName(n.Key)) {
			c.hold(n.X)
		}
	case *ast.FuncType:
		if n.Results != nil && fieldAt(n.Results) >= 0 {
			c.found = append(c.found, path.Join(c.dir, c.file)+": a function returns a problem, which is not looked into")
		}
	case *ast.ValueSpec:
		for i, left := range n.Names {
			if problemWord(left.Name) && i < len(n.Values) {
				c.hold(n.Values[i])
			}
		}
	case *ast.CompositeLit:
		c.holdElements(n.Type, n.Elts)
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
				c.holdElements(elementOf(n.Type), inner.Elts)
			}
		}
	case *ast.CallExpr:
		c.holdOneOf(c.placesIn(n.Fun, ""), n.Args)
	}
	return true
}

// holdElements holds the elements of a struct's literal that has no names of fields.
func (c *checker) holdElements(of ast.Expr, elements []ast.Expr) {
	if len(elements) == 0 {
		return
	}
	if _, keyed := elements[0].(*ast.KeyValueExpr); keyed {
		return
	}
	if s, ok := of.(*ast.StructType); ok {
		if i := fieldAt(s.Fields); i >= 0 {
			c.holdOneOf([]int{i}, elements)
		}
		return
	}
	c.holdOneOf(c.placesIn(of, "{}"), elements)
}

// elementOf is the type of the elements of a list or a map.
func elementOf(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.ArrayType:
		return e.Elt
	case *ast.MapType:
		return e.Value
	}
	return nil
}

// placesIn is where the problem is in a call or a literal.
func (c *checker) placesIn(e ast.Expr, suffix string) []int {
	switch e := e.(type) {
	case *ast.Ident:
		return c.all[c.dir][e.Name+suffix]
	case *ast.SelectorExpr:
		if dir, ok := c.imports[lastName(e.X)]; ok {
			return c.all[dir][e.Sel.Name+suffix]
		}
		return c.all[c.dir]["."+e.Sel.Name+suffix]
	}
	return nil
}

// holdOneOf holds the argument at one of several places: a name may mean
// functions that have their problem elsewhere.
func (c *checker) holdOneOf(at []int, arguments []ast.Expr) {
	var last ast.Expr
	for _, i := range at {
		if i < len(arguments) {
			if last = arguments[i]; c.listed(last) {
				return
			}
		}
	}
	if last != nil {
		c.hold(last)
	}
}

// listed reports whether an expression is a constant of the list, or holds what
// was one.
func (c *checker) listed(e ast.Expr) bool {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 { // a problem cut to a length
		_, field := call.Args[0].(*ast.SelectorExpr)
		return field && problemWord(lastName(call.Args[0]))
	}
	name := lastName(e)
	text, literal := e.(*ast.BasicLit)
	return problemWord(name) || c.list.text[name] != "" || literal && text.Value == `""`
}

func (c *checker) hold(e ast.Expr) {
	if c.listed(e) {
		return
	}
	what := "an expression"
	switch e := e.(type) {
	case *ast.BasicLit:
		what = e.Value
	case *ast.Ident:
		what = e.Name
	}
	c.found = append(
		c.found,
		fmt.Sprintf("%s: %s is not a constant of %s", path.Join(c.dir, c.file), what, path.Join(c.dir, problemsFile)),
	)
}

// lastName is the name of an identifier, or the one behind the dot.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// unlisted are the problems of all packages that are built outside their lists,
// and the constants that are not used.
func unlisted(packages []sources) (found []string) {
	all := map[string]places{}
	for i := range packages {
		all[packages[i].dir] = placesOf(&packages[i])
	}
	lists, used := map[string]problemList{}, map[string]map[string]bool{}
	for i := range packages {
		lists[packages[i].dir], used[packages[i].dir] = packages[i].list(), map[string]bool{}
	}
	for i := range packages {
		p := &packages[i]
		if slices.Contains(otherProblems, p.dir) {
			continue
		}
		of := p.dir
		if shared, ok := sharedProblems[p.dir]; ok {
			of = shared
		}
		c := &checker{sources: p, list: lists[of], all: all, used: used[of]}
		if from, ok := borrowedProblems[p.dir]; ok {
			c.list = problemList{text: maps.Clone(c.list.text)}
			maps.Copy(c.list.text, lists[from].text)
		}
		c.check()
		found = append(found, c.found...)
		if from, ok := borrowedProblems[p.dir]; ok {
			maps.Copy(used[from], c.used)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(lists)) {
		for _, name := range lists[dir].names {
			if !used[dir][name] && !slices.Contains(otherProblems, dir) {
				found = append(found, fmt.Sprintf("%s: %s is not used", path.Join(dir, problemsFile), name))
			}
		}
	}
	return found
}

func TestEveryProblemIsAConstantOfItsPackagesList(t *testing.T) {
	for _, f := range unlisted(tree(t)) {
		t.Error(f)
	}
}

// TestProblemsAreThoseOfTheGoldenFile: a sentence that changes is read there
// first.
func TestProblemsAreThoseOfTheGoldenFile(t *testing.T) {
	var got strings.Builder
	for _, p := range tree(t) {
		l := p.list()
		if len(l.names) == 0 {
			continue
		}
		fmt.Fprintf(&got, "%s\n", p.dir)
		for _, name := range l.names {
			fmt.Fprintf(&got, "    %s\n", l.text[name])
		}
	}
	compareTexts(t, problemsGolden, got.String())
}

// compareTexts holds texts that people read to a golden file.
func compareTexts(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got); read what is new aloud, and run the test with -update:\n%s", golden, diff)
	}
}

func TestProblemsAreClauses(t *testing.T) {
	for _, p := range tree(t) {
		l := p.list()
		for _, name := range l.names {
			text := l.text[name]
			first, _, _ := strings.Cut(text, " ")
			if text == "" || strings.HasSuffix(text, ".") || strings.Contains(text, "%") || !strings.Contains(text, " ") ||
				first != strings.ToLower(first) {
				t.Errorf("%s: %s = %q is not a clause: lower case, no full stop, no format", path.Join(p.dir, problemsFile), name, text)
			}
		}
	}
}
