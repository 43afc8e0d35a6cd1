package arch

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bracketed is a text that looks like a link of a documentation comment: [Name] or [Type.Method].
var bracketed = regexp.MustCompile(`\[\*?[A-Z]\w*(\.[A-Z]\w*)?\]`)

// TestDocumentationLinksLeadSomewhere reads the documentation of every public package: a name in brackets
// is one that the package has.
func TestDocumentationLinksLeadSomewhere(t *testing.T) {
	packages := 0
	err := filepath.WalkDir("../..", func(dir string, d fs.DirEntry, err error) error {
		switch base := filepath.Base(dir); {
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		case base == "internal" || base == "cmd" || base == "examples" || base == "testdata" || strings.HasPrefix(base, ".") && base != "..":
			return fs.SkipDir
		}
		p, err := documented(dir)
		if p == nil || err != nil {
			return err
		}
		packages++
		for _, text := range docTexts(p) {
			for _, broken := range brokenLinks(p, text) {
				t.Errorf("%s: %s leads nowhere: %.80q", dir, broken, text)
			}
		}
		return nil
	})
	if err != nil || packages < 20 {
		t.Fatalf("%d packages were read, %v", packages, err)
	}
}

// documented is the documentation of the package in a folder; nil where there is none.
func documented(dir string) (*doc.Package, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	files, set := []*ast.File(nil), token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil || strings.Contains(string(text), "//go:build !cgo") {
			continue // another test's file that is gone, or a stub of one that is read
		}
		f, err := parser.ParseFile(set, name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return doc.NewFromFiles(set, files, dir)
}

// docTexts are the comments that go doc shows of a package's declarations, and the package's own.
func docTexts(p *doc.Package) (texts []string) {
	texts = append(texts, p.Doc)
	functions := p.Funcs
	values := append(p.Consts, p.Vars...)
	for _, t := range p.Types {
		texts = append(texts, t.Doc)
		functions = append(append(functions, t.Funcs...), t.Methods...)
		values = append(append(values, t.Consts...), t.Vars...)
	}
	for _, f := range functions {
		texts = append(texts, f.Doc)
	}
	for _, v := range values {
		texts = append(texts, v.Doc)
	}
	return texts
}

// brokenLinks are the bracketed names of a comment that are no links.
func brokenLinks(p *doc.Package, text string) (broken []string) {
	for _, block := range p.Parser().Parse(text).Content {
		paragraph, ok := block.(*comment.Paragraph)
		if !ok {
			continue
		}
		for _, part := range paragraph.Text {
			if plain, ok := part.(comment.Plain); ok {
				broken = append(broken, bracketed.FindAllString(string(plain), -1)...)
			}
		}
	}
	return broken
}
