package guesses

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write places.txt anew")

const tree = "../.."

// mark is a place that names a statement, or should.
type mark struct {
	id string // "" where the word has none
	Place
	line string
}

var (
	word  = regexp.MustCompile(`\b(GUESS(?:es|ES)?|LIVE)\b`)
	named = regexp.MustCompile(`\b(?:GUESS|LIVE) ([GLD]-[a-z0-9-]*[a-z0-9])\b`)
)

// generated reports whether a file is written from the register, or is the register.
func generated(path string) bool {
	return strings.HasPrefix(path, "internal/guesses/") || slices.Contains([]string{"docs/guesses.md", "docs/fidelity.md"}, path)
}

var found []mark // what marks has found

// marks is every mark of the tree, which is read once.
func marks(t *testing.T) []mark {
	t.Helper()
	if found == nil {
		found = findMarks(t)
	}
	return found
}

// findMarks finds them: in Go by its syntax tree, in comments and in texts, elsewhere by text.
func findMarks(t *testing.T) (out []mark) {
	t.Helper()
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == ".git" || name == "node_modules" || name == "dist" || strings.HasPrefix(name, "_") {
				return filepath.SkipDir
			}
			return nil
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(tree, path)
		rel = filepath.ToSlash(rel)
		if err != nil || generated(rel) || !word.Match(raw) || !utf8.Valid(raw) {
			return err
		}
		if filepath.Ext(path) == ".go" {
			out = append(out, goMarks(t, rel, raw)...)
		} else {
			out = append(out, textMarks(rel, "", string(raw))...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// textMarks are the marks of a text. An id may stand on the line after the word.
func textMarks(file, declaration, text string) (out []mark) {
	for line := range strings.Lines(text) {
		ids := named.FindAllStringSubmatch(line, -1)
		if len(word.FindAllString(line, -1)) > len(ids) {
			out = append(out, mark{"", Place{file, declaration}, strings.TrimSpace(line)})
		}
		for _, id := range ids {
			out = append(out, mark{id[1], Place{file, declaration}, strings.TrimSpace(line)})
		}
	}
	return out
}

// goMarks are those of a Go file's comments and texts.
func goMarks(t *testing.T, file string, raw []byte) (out []mark) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, raw, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	at := func(from, to token.Pos) {
		for n := set.Position(from).Line; n <= set.Position(to).Line; n++ {
			for _, m := range textMarks(file, "", lines[n-1]) {
				m.Declaration = declared(set, f, from)
				if !slices.Contains(out, m) {
					out = append(out, m)
				}
			}
		}
	}
	for _, group := range f.Comments {
		at(group.Pos(), group.End())
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && word.MatchString(l.Value) {
			at(l.Pos(), l.End())
		}
		return true
	})
	return out
}

// declared is the name of the declaration that a position is in: its comment, itself, or the line that it ends in.
func declared(set *token.FileSet, f *ast.File, pos token.Pos) string {
	within := func(doc *ast.CommentGroup, n ast.Node) bool {
		begin := n.Pos()
		if doc != nil {
			begin = doc.Pos()
		}
		return pos >= begin && set.Position(pos).Line <= set.Position(n.End()).Line
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if within(d.Doc, d) {
				return d.Name.Name
			}
		case *ast.GenDecl:
			if !within(d.Doc, d) {
				continue
			}
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					return s.Name.Name
				case *ast.ValueSpec:
					if !d.Lparen.IsValid() || within(s.Doc, s) {
						return s.Names[0].Name
					}
				}
			}
		}
	}
	return ""
}

// TestEveryGuessHasItsId finds a GUESS or LIVE that names no statement of the register.
func TestEveryGuessHasItsId(t *testing.T) {
	for _, m := range marks(t) {
		if m.id == "" {
			t.Errorf("%s: this names no statement: %s", m.Place, m.line)
		} else if _, ok := Named(m.id); !ok {
			t.Errorf("%s: %s is not in the register: %s", m.Place, m.id, m.line)
		}
	}
}

// TestEveryGuessHasItsPlace finds a guess that no comment names, and holds places.txt to the tree;
// -update writes it.
func TestEveryGuessHasItsPlace(t *testing.T) {
	found := map[string]Place{}
	for _, m := range marks(t) {
		old, ok := found[m.id]
		if !ok || rank(m.File) < rank(old.File) {
			found[m.id] = m.Place
		}
	}
	var b strings.Builder
	for _, s := range All() {
		p, ok := found[s.ID]
		if !ok && s.Kind() == Guessed {
			t.Errorf("%s is decided nowhere: no comment names it", s.ID)
		}
		if ok {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", s.ID, p.File, p.Declaration)
		}
	}
	if *update {
		if err := os.WriteFile("places.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != placesText {
		t.Errorf("places.txt is not the tree's: go test ./internal/guesses -update, then go test . -run GuessPages -update\n%s",
			difference(placesText, b.String()))
	}
}

// rank prefers the code to the table of operations, that to tests, and those to other files.
func rank(file string) int {
	switch {
	case strings.HasSuffix(file, "_test.go"):
		return 2
	case file == "engine/operations.go":
		return 1
	case strings.HasSuffix(file, ".go"):
		return 0
	}
	return 3
}

// difference is the lines that one text has and the other has not.
func difference(old, now string) string {
	var b strings.Builder
	for _, side := range []struct{ mark, of, other string }{{"-", old, now}, {"+", now, old}} {
		for line := range strings.Lines(side.of) {
			if !strings.Contains("\n"+side.other, "\n"+line) {
				b.WriteString(side.mark + line)
			}
		}
	}
	return b.String()
}

// TestMarksAreFoundInCommentsAndTexts breaks the tree on purpose: the search must see each mark.
func TestMarksAreFoundInCommentsAndTexts(t *testing.T) {
	const source = "package p\n\n// f does. GUESS G-one.\nfunc f() {\n\t_ = \"so it is (GUESS)\" // GUESS G-two\n}\n\n" +
		"var (\n\ta = 1\n\tb = 2 // LIVE L-three\n)\n"
	want := []mark{
		{"G-one", Place{"f.go", "f"}, "// f does. GUESS G-one."},
		{"", Place{"f.go", "f"}, "_ = \"so it is (GUESS)\" // GUESS G-two"},
		{"G-two", Place{"f.go", "f"}, "_ = \"so it is (GUESS)\" // GUESS G-two"},
		{"L-three", Place{"f.go", "b"}, "b = 2 // LIVE L-three"},
	}
	if got := goMarks(t, "f.go", []byte(source)); !slices.Equal(got, want) {
		t.Errorf("marks:\ngot  %v\nwant %v", got, want)
	}
	if got := textMarks("f.md", "", "a GUESS\nGUESS G-one\n"); len(got) != 2 || got[0].id != "" || got[1].id != "G-one" {
		t.Errorf("marks of a text: got %v", got)
	}
}
