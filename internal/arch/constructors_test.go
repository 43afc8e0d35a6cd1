package arch

import (
	"go/ast"
	"path"
	"strings"
	"testing"
)

// interfacesOf are the exported interfaces of all packages, as "keystore.Store".
func interfacesOf(packages []sources) map[string]bool {
	out := map[string]bool{}
	for _, p := range packages {
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.TypeSpec); ok {
					if _, ok := s.Type.(*ast.InterfaceType); ok {
						out[path.Base(p.dir)+"."+s.Name.Name] = true
					}
				}
				return true
			})
		}
	}
	return out
}

// abstract are the constructors of public packages that return an interface of ours.
func abstract(packages []sources) (found []string) {
	interfaces := interfacesOf(packages)
	for _, p := range packages {
		if strings.Contains(p.dir, "internal") || strings.HasPrefix(p.dir, "cmd/") {
			continue
		}
		for _, f := range p.files {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Recv != nil || fn.Type.Results == nil || !isConstructor(fn.Name.Name) {
					continue
				}
				name := path.Base(p.dir) + "." + lastName(fn.Type.Results.List[0].Type)
				if s, ok := fn.Type.Results.List[0].Type.(*ast.SelectorExpr); ok {
					name = lastName(s.X) + "." + s.Sel.Name
				}
				if interfaces[name] {
					found = append(found, p.dir+": "+fn.Name.Name+" returns the interface "+name)
				}
			}
		}
	}
	return found
}

func isConstructor(name string) bool {
	return strings.HasPrefix(name, "New") || strings.HasPrefix(name, "Open")
}

// TestConstructorsReturnConcreteTypes: a type can get a method without a change of an interface, and its documentation
// is found.
func TestConstructorsReturnConcreteTypes(t *testing.T) {
	all := tree(t)
	if !interfacesOf(all)["keystore.Store"] {
		t.Fatal("keystore.Store is not found: the test sees nothing")
	}
	for _, f := range abstract(all) {
		t.Error(f)
	}
}
