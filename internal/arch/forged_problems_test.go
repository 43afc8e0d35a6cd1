package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestForgedProblemsAreFound proves the checker: each line builds a problem that
// is in no list.
func TestForgedProblemsAreFound(t *testing.T) {
	const list = `package p
const problemGood = "the length is wrong"
`
	const frame = `package p
type Reason struct { Rule, Problem string }
func because(rule, problem string) Reason { return Reason{rule, problem} }
func good(r Reason) {
	_ = because("a", problemGood)
	_ = Reason{Problem: r.Problem}
	%s
}
`
	parse := func(name, text string) *ast.File {
		f, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, line := range []string{
		"", // nothing is found here
		`_ = Reason{Problem: "made up"}`,
		`_ = Reason{"rule", "made up"}`,
		`_ = &Reason{"rule", fmt.Sprintf("made %d", 1)}`,
		`_ = because("a", "made up")`,
		`_ = because("a", "made "+"up")`,
		`r.Problem = "made up"`,
		`problem := "made up"; _ = because("a", problem)`,
		`var problem = "made up"; _ = because("a", problem)`,
		`refuse := func(problem string) {}; refuse("made up")`,
		`other := problemGood; _ = because("a", other)`,
		`for _, problem := range []string{"made up"} { _ = because("a", problem) }`,
		`_, problem := made(); _ = because("a", problem)`,
		`made := func() (problem string) { return "made up" }; _ = made`,
		`_ = []Reason{{"rule", "made up"}}`,
		`_ = map[string]Reason{"a": {"rule", "made up"}}`,
		`_ = []struct{ rule, problem string }{{"rule", "made up"}}`,
	} {
		p := sources{"p", map[string]*ast.File{problemsFile: parse(problemsFile, list), "p.go": parse("p.go", fmt.Sprintf(frame, line))}}
		want := 1
		if line == "" {
			want = 0
		}
		if got := unlisted([]sources{p}); len(got) != want {
			t.Errorf("%q: found %q, want %d", line, got, want)
		}
	}
	unused := sources{"p", map[string]*ast.File{problemsFile: parse(problemsFile, list)}}
	if got := unlisted([]sources{unused}); len(got) != 1 {
		t.Errorf("an unused constant: found %q", got)
	}
}
