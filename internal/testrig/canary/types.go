// Package canary finds the exported types that can hold a secret and holds what
// they print to a secret that must not be in it.
package canary

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seed748fb4d1/apcsim/"

// Types lists the exported types of the packages that `go list` finds by the
// patterns and that can hold a secret, as "hsm.SoftwareOptions" below the module's
// path. A type can if a field of it, however deep and whether exported or not, is
// one of: bytes; a function that returns bytes; a private key, signer or cipher of
// the standard library; an interface of hsm or tr31; something of a database's driver; a text
// whose name says that it is a secret.
func Types(t *testing.T, patterns ...string) []string {
	t.Helper()
	exports, paths := list(t, patterns)
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("canary: no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	var found []string
	for _, path := range paths {
		pkg, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range pkg.Scope().Names() {
			o, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if ok && o.Exported() && !o.IsAlias() && holds(o.Type(), map[types.Type]bool{}) {
				found = append(found, strings.TrimPrefix(path, module)+"."+name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// list asks the go command for the packages of the patterns, but for programs, and
// the export data of all their dependencies.
func list(t *testing.T, patterns []string) (exports map[string]string, paths []string) {
	t.Helper()
	args := append([]string{"list", "-export", "-deps", "-json=ImportPath,Export,DepOnly,Name"}, patterns...)
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports = map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Export, Name string
			DepOnly                  bool
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return exports, paths
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly && p.Name != "main" && p.Export != "" { // a folder of tests has none
			paths = append(paths, p.ImportPath)
		}
	}
}

// secretName is the name of a text that is a secret.
var secretName = regexp.MustCompile(`(?i)secret|passw|passphrase|plaintext|^pins?$|pin(block|value)|component`)

// holds reports whether a value of a type can hold a secret.
func holds(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		path := n.Obj().Pkg().Path()
		if !strings.HasPrefix(path+"/", module) {
			return foreign(path, n.Obj().Name())
		}
		if types.IsInterface(n) && (path == module+"hsm" || path == module+"tr31") {
			return true // a device, a key of one, or its ciphers
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if isText(f.Type()) && secretName.MatchString(f.Name()) || holds(f.Type(), seen) {
				return true
			}
		}
	case *types.Slice:
		return isByte(u.Elem()) || holds(u.Elem(), seen)
	case *types.Array:
		return isByte(u.Elem()) && u.Len() >= 8 || holds(u.Elem(), seen)
	case *types.Pointer:
		return holds(u.Elem(), seen)
	case *types.Map:
		return holds(u.Key(), seen) || holds(u.Elem(), seen)
	case *types.Signature:
		for v := range u.Results().Variables() {
			if holds(v.Type(), seen) {
				return true
			}
		}
	}
	return false
}

func isByte(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.Byte
}

// isText reports whether a type is string or *string; a string type of its own is
// an enumeration.
func isText(t types.Type) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	b, ok := types.Unalias(t).(*types.Basic)
	return ok && b.Kind() == types.String
}

// foreign reports whether a type of another module is or hides a key or a password.
func foreign(path, name string) bool {
	switch {
	case path == "crypto", strings.HasPrefix(path, "crypto/"):
		return strings.Contains(name, "Private") ||
			slices.Contains([]string{"Signer", "Decrypter", "Block", "AEAD", "BlockMode", "Stream"}, name)
	case strings.HasPrefix(path, "github.com/jackc/pgx/"):
		return true
	}
	return false
}
