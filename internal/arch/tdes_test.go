package arch

import (
	"go/ast"
	"path"
	"strings"
	"testing"
)

// TestTripleDESIsInOnePackage: keys of two parts are expanded in internal/tdes alone.
func TestTripleDESIsInOnePackage(t *testing.T) {
	found := false
	for _, p := range tree(t) {
		for name, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				switch {
				case !ok || s.Sel.Name != "NewTripleDESCipher":
				case p.dir == "internal/tdes":
					found = true
				case !strings.HasPrefix(p.dir, "internal/testrig"): // which computes independently
					t.Errorf("%s uses des.NewTripleDESCipher in place of internal/tdes", path.Join(p.dir, name))
				}
				return true
			})
		}
	}
	if !found {
		t.Error("internal/tdes does not use it: the test sees nothing")
	}
}
