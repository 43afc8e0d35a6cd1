package arch

import (
	"go/ast"
	"path"
	"slices"
	"testing"
)

// reasonFile is where the rules of a Reason are listed.
const reasonFile = "reason.go"

// constantsOf are the constants of a type in a file, as their texts.
func constantsOf(f *ast.File, typeName string) (texts []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || lastName(v.Type) != typeName {
			return true
		}
		for _, value := range v.Values {
			if text, ok := value.(*ast.BasicLit); ok {
				texts = append(texts, text.Value)
			}
		}
		return true
	})
	return texts
}

// TestEveryClassOfTheFormatsIsARuleOfReasons: what the formats refuse with is
// passed on under the same name.
func TestEveryClassOfTheFormatsIsARuleOfReasons(t *testing.T) {
	var rules []string
	classes := map[string][]string{}
	for _, p := range tree(t) {
		for name, f := range p.files {
			switch {
			case name == reasonFile && (p.dir == "engine" || p.dir == "apc"):
				rules = append(rules, constantsOf(f, "Rule")...)
			case name == "errors.go" && (p.dir == "tr31" || p.dir == "tr34"):
				classes[p.dir] = constantsOf(f, "Class")
			case name == "errors.go" && p.dir == "x509ca":
				classes[p.dir] = constantsOf(f, "Rule")
			}
		}
	}
	if len(rules) < 80 || len(classes) != 3 {
		t.Fatalf("%d rules and the classes of %d packages: the test sees nothing", len(rules), len(classes))
	}
	ours := []string{`"serial"`, `"validity"`, `"profile"`, `"hash"`, `"key-match"`} // of what the engine makes itself
	for dir, texts := range classes {
		for _, text := range texts {
			if !slices.Contains(rules, text) && !slices.Contains(ours, text) {
				t.Errorf("%s refuses with %s, which is no Rule", dir, text)
			}
		}
	}
	for i, text := range rules {
		if slices.Contains(rules[:i], text) {
			t.Errorf("there are two Rules %s", text)
		}
	}
}

// TestRulesAreConstants: no Reason is built with a rule of its own.
func TestRulesAreConstants(t *testing.T) {
	for _, p := range tree(t) {
		for name, f := range p.files {
			if name == reasonFile {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if callee := lastName(n.Fun); len(n.Args) > 0 && (callee == "because" || callee == "Because") {
						holdRule(t, path.Join(p.dir, name), n.Args[0])
					}
				case *ast.CompositeLit:
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok && lastName(n.Type) == "Reason" && lastName(kv.Key) == "Rule" {
							holdRule(t, path.Join(p.dir, name), kv.Value)
						}
					}
				}
				return true
			})
		}
	}
}

func holdRule(t *testing.T, at string, e ast.Expr) {
	t.Helper()
	if text, ok := e.(*ast.BasicLit); ok {
		t.Errorf("%s: the rule %s is not a constant of %s", at, text.Value, reasonFile)
	}
}
