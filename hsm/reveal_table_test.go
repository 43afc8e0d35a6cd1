package hsm

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestTheDocumentationListsTheRevealTable: each row of the table, word for word.
func TestTheDocumentationListsTheRevealTable(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	var p comment.Parser
	text := strings.Join(strings.Fields(string((&comment.Printer{}).Text(p.Parse(file.Doc.Text())))), " ")
	listed := 0
	for _, r := range revealRules {
		if row := "of " + r.keys + ": " + r.why; !strings.Contains(text, row) {
			t.Errorf("the package documentation does not say %q", row)
		}
		listed++
	}
	if said := strings.Count(text, "of TDES "); said != listed-1 {
		t.Errorf("the package documentation has %d rows of TDES keys, the table %d", said, listed-1)
	}
}
