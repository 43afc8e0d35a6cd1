package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Besides problems the product says messages of exceptions, errors of the library and lines of the log. They are in
// a golden file too, to be read as prose. A text that is put together has "…" for what is not a literal.

const messagesGolden = "testdata/messages.txt"

// silent are the packages whose texts no user reads: our generator, registers and rigs; and those whose texts are
// read as pages, help and reports.
var silent = regexp.MustCompile(`^(internal/(arch|facts|gen|guesses|probe|testrig)\b|hsm/testkeys/gen|cmd/apcsim$|cmd/apcsim-aws|` +
	`cmd/apcsim/(browsertest|composetest)|cmd/apcsim/internal/(console|meanings|servertest))`)

// sentence is a text of three words or more, of which one may be a verb of fmt.
var sentence = regexp.MustCompile(word + `[,:;]? +` + word + `[,:;]? +` + word)

const word = `(?:[\pL'’…-]+|%[a-z])`

// messages are the texts of a file that read as sentences. Statements of SQL and tables are none.
func messages(f *ast.File) (out []string) {
	tags := map[*ast.BasicLit]bool{} // of members of structs
	add := func(text string) bool {
		fits := sentence.MatchString(text) && !strings.Contains(text, "{schema}") && !strings.Contains(text, " | ")
		if fits {
			out = append(out, text)
		}
		return fits
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			tags[n.Tag] = true
		case *ast.BinaryExpr:
			return n.Op != token.ADD || !add(joined(n))
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && !tags[n] {
				add(text)
			}
		}
		return true
	})
	return out
}

// joined is the text of literals and expressions that are added, with "…" for an expression.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	}
	return "…"
}

func TestMessagesAreThoseOfTheGoldenFile(t *testing.T) {
	var got strings.Builder
	for _, p := range tree(t) {
		if silent.MatchString(p.dir) {
			continue
		}
		var all []string
		for name, f := range p.files {
			if name != problemsFile && !strings.HasSuffix(name, "_gen.go") {
				all = append(all, messages(f)...)
			}
		}
		slices.Sort(all)
		if all = slices.Compact(all); len(all) == 0 {
			continue
		}
		fmt.Fprintf(&got, "%s\n", p.dir)
		for _, text := range all {
			fmt.Fprintf(&got, "    %s\n", strings.ReplaceAll(text, "\n", `\n`))
		}
	}
	compareTexts(t, messagesGolden, got.String())
}

func TestMessagesAreFoundHoweverTheyAreWritten(t *testing.T) {
	const text = "package p\n" +
		"import \"not/a sentence of ours\"\n" +
		"type s struct { f int `one tag here` }\n" +
		"var a, b, c = \"the first one is\", f(\"the second \" + x + \" is it\"), \"two words\"\n" +
		"var d = []string{\"SELECT a from {schema}.b\", \"a row of | a table\", \"a third that is in a list\"}\n"
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"the first one is", "the second … is it", "a third that is in a list"}
	if diff := cmp.Diff(want, messages(f)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
