package arch

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// receivers are the types with methods whose receiver has a name, in files that are not generated.
func receivers(p *sources, name string) (types []string) {
	for base, f := range p.files {
		if strings.HasSuffix(base, "_gen.go") {
			continue
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || len(fn.Recv.List[0].Names) == 0 || fn.Recv.List[0].Names[0].Name != name {
				continue
			}
			of := fn.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if of := lastName(of); !slices.Contains(types, of) {
				types = append(types, of)
			}
		}
	}
	return types
}

// TestReceiversOfCallAndKeyAreOfOneType: from an operation of the engine down to the store, c is the caller
// or its call, and k is a key.
func TestReceiversOfCallAndKeyAreOfOneType(t *testing.T) {
	seen := 0
	for _, p := range tree(t) {
		if p.dir != "engine" && p.dir != "internal/core" {
			continue
		}
		for _, name := range []string{"c", "k"} {
			types := receivers(&p, name)
			seen += len(types)
			if len(types) > 1 {
				t.Errorf("%s: the receiver %s is of the types %v", p.dir, name, types)
			}
		}
	}
	if seen < 3 {
		t.Errorf("%d types: the test sees nothing", seen)
	}
}
