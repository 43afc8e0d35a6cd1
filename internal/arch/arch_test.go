// Package arch holds the tree to its map: which package may import which.
// There is nothing in it but this test.
package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seed748fb4d1/apcsim"

// kitImports are the imports of the test kit: both planes, and what the other party of an exchange needs.
var kitImports = []string{
	"apc", "engine", "dataplane", "endpoint", "hsm", "hsm/testkeys", "keystore", "kcv", "tr31",
	"tr34", "x509ca", "mac", "pin", "cvv", "emv", "dukpt",
}

// mayImport is the table of packages and arrows: what each of our packages may
// import of ours. A package that is not here is refused, so that a new one
// gets its row before it gets its imports. A row for "cmd/" means
// everything below that folder, and no package imports what is below it.
//
// What is below internal/ may be imported where a row names it, and where a row has all that it may
// import itself: no package goes through internal/testrig/simtest to the engine.
var mayImport = map[string][]string{
	"apc":                         {},
	"kcv":                         {"mac"},
	"tr31":                        {"mac"},
	"mac":                         {},
	"pin":                         {},
	"policy":                      {},
	"cvv":                         {"mac"},
	"emv":                         {"mac", "pin"},
	"dukpt":                       {},
	"x509ca":                      {},
	"keystore":                    {},
	"tr34":                        {"tr31"},
	"hsm":                         {"kcv", "tr31", "tr34", "mac", "pin", "cvv", "emv", "dukpt"},
	"hsm/pkcs11":                  {"hsm", "tr31", "mac"},
	"hsm/hsmtest":                 {"hsm", "hsm/testkeys", "mac", "kcv", "tr31", "tr34"},
	"hsm/masterkey":               {"hsm", "kcv", "tr31", "tr34"},
	"hsm/testkeys":                {"hsm", "kcv", "tr31", "tr34"},
	"keystore/boltstore":          {"keystore"},
	"keystore/pgstore":            {"keystore"},
	"keystore/keystoretest":       {"keystore"},
	"internal/core":               {"apc", "hsm", "keystore", "x509ca", "kcv", "policy", "tr31"},
	"dataplane":                   {"apc", "internal/core", "hsm", "kcv", "tr31", "pin", "mac", "dukpt", "emv", "cvv"},
	"engine":                      {"apc", "internal/core", "dataplane", "hsm", "keystore", "x509ca", "kcv", "policy", "tr31", "tr34"},
	"endpoint":                    {"apc", "engine", "dataplane"},
	"enginetest":                  kitImports,
	"enginetest/draw":             append([]string{"enginetest", "enginetest/model"}, kitImports...),
	"enginetest/model":            {"apc", "engine", "dataplane"},
	"cmd/":                        {anything},
	"examples/":                   {anything},
	"internal/arch":               {},
	"internal/testrig/payref":     {},
	"internal/testrig/awkward":    {"hsm", "kcv", "tr31", "tr34"},
	"internal/testrig/dataclient": {},
	"internal/testrig/floors":     {"hsm", "hsm/testkeys", "kcv", "tr31", "mac", "pin", "cvv", "emv", "dukpt"},
	"internal/gen":                {},
	"internal/shape":              {"apc"},
	"internal/masked":             {},
	"internal/facts":              {},
	"internal/guesses":            {},
	"internal/probe":              {"engine", "endpoint", "apc", "dataplane", "tr31"},
	"internal/secretfile":         {},
	"internal/webguard":           {},
	"internal/seeded":             {},
	"internal/tdes":               {},
	"internal/testrig":            {},
	"internal/testrig/awsjson":    {},
	"internal/testrig/canary":     {},
	"internal/testrig/pgcluster":  {},
	"internal/testrig/ratio":      {},
	"internal/testrig/operations": {
		"apc", "engine", "dataplane", "hsm", "hsm/testkeys", "internal/core", "keystore", "kcv", "policy", "x509ca", "tr31", "tr34",
		"mac", "pin", "cvv", "emv", "dukpt",
	},
	"cmd/apcsim/internal/server": {
		"apc",
		"cmd/apcsim/internal/console",
		"dataplane",
		"endpoint",
		"engine",
		"hsm",
		"hsm/testkeys",
		"keystore",
		"policy",
		"x509ca",
		"kcv",
		"tr31",
		"pin",
		"mac",
		"dukpt",
		"emv",
		"cvv",
	},
	"internal/testrig/lines":         {},
	"cmd/apcsim/internal/servertest": {"cmd/apcsim/internal/server"},
	"internal/testrig/mutate":        {},
	"internal/testrig/promise":       {},
	"internal/testrig/storetest":     {"keystore"},
	"internal/testrig/softtoken":     {},
	"internal/testrig/simtest": {
		"enginetest",
		"mac",
		"pin",
		"cvv",
		"emv",
		"dukpt",
		"apc",
		"engine",
		"endpoint",
		"hsm",
		"hsm/pkcs11",
		"hsm/testkeys",
		"kcv",
		"keystore",
		"keystore/boltstore",
		"keystore/pgstore",
		"policy",
		"tr31",
		"tr34",
		"x509ca",
	},
	"internal/asn1kind": {},
	"internal/ber":      {},
	"internal/dn":       {},
	"internal/wording":  {},
	"internal/mask":     {"hsm"},

	"cmd/apcsim/internal/console": {
		"apc",
		"cmd/apcsim/internal/meanings",
		"dataplane",
		"engine",
		"hsm",
		"keystore",
		"policy",
		"x509ca",
		"kcv",
		"tr31",
		"tr34",
		"pin",
		"mac",
		"dukpt",
		"emv",
		"cvv",
	},
	"cmd/apcsim/internal/meanings": {},
}

// anything in a row allows every package of ours that has a row of its own.
const anything = "*"

// light are the packages that a user's program carries whether it likes or
// not. Behind them is the standard library without database/sql and
// testing, our own packages without cgo, and the one module named.
var light = []string{"engine", "hsm/testkeys"}

// forTests are the packages that a user's tests carry: as light, but for testing.
var forTests = []string{"enginetest", "enginetest/model"}

const lightModule = "golang.org/x/crypto"

// pkg is what `go list` says of one package, by the names it uses.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string // without those of tests
	CgoFiles   []string
	Module     *struct{ Path string }
}

// graph is every package of the tree and every one they reach, by import path.
type graph map[string]pkg

// ours cuts the module's path off, and reports whether it was there.
func ours(path string) (string, bool) { return strings.CutPrefix(path, module+"/") }

// row finds what a package may import.
func row(name string) ([]string, bool) {
	if allowed, ok := mayImport[name]; ok {
		return allowed, true
	}
	folder, _, _ := strings.Cut(name, "/")
	allowed, ok := mayImport[folder+"/"]
	return allowed, ok
}

// allows reports whether one package of ours may import another.
func allows(from, to string) bool {
	allowed, _ := row(from)
	if slices.Contains(allowed, to) {
		return true
	}
	needs := []string{to}
	if strings.HasPrefix(to, "internal/") {
		needs = mayImport[to]
	}
	return !slices.ContainsFunc(needs, func(need string) bool {
		_, known := mayImport[need]
		return !known || !slices.Contains(allowed, need) && !slices.Contains(allowed, anything)
	})
}

// violations lists every breach in the order of the paths.
func violations(g graph) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(g)) {
		name, mine := ours(path)
		if !mine {
			continue
		}
		if _, known := row(name); !known {
			found = append(found, fmt.Sprintf("%s is a new package: give it a row in mayImport and in the documents", name))
			continue
		}
		for _, imported := range g[path].Imports {
			if to, mine := ours(imported); mine && !allows(name, to) {
				found = append(found, fmt.Sprintf("%s imports %s, which the table does not allow", name, to))
			}
		}
	}
	for _, name := range append(slices.Clone(light), forTests...) {
		found = append(found, heavy(g, name)...)
	}
	return found
}

// heavy lists what a light package depends on and should not.
func heavy(g graph, root string) []string {
	var found []string
	seen := map[string]bool{}
	var walk func(path, from string)
	walk = func(path, from string) {
		if seen[path] {
			return
		}
		seen[path] = true
		if why := weight(path, g[path]); why != "" && !(why == testsOnly && slices.Contains(forTests, root)) {
			found = append(found, fmt.Sprintf("%s depends on %s (%s), imported by %s", root, path, why, from))
			return
		}
		for _, imported := range g[path].Imports {
			walk(imported, path)
		}
	}
	walk(module+"/"+root, "no package")
	return found
}

const testsOnly = "for tests"

// weight says what is wrong with a package behind a light one, or nothing.
func weight(path string, p pkg) string {
	_, mine := ours(path)
	switch {
	case path == "testing" || strings.HasPrefix(path, "testing/"):
		return testsOnly
	case path == "database/sql" || strings.HasPrefix(path, "database/sql/"):
		return "databases"
	case p.Standard || path == "C": // the standard library's cgo is Go's own choice
		return ""
	case len(p.CgoFiles) > 0 || slices.Contains(p.Imports, "C"):
		return "cgo"
	case !mine && (p.Module == nil || p.Module.Path != lightModule):
		return "another's module"
	}
	return ""
}

// load asks `go list` for the tree. Cgo is on, whatever it is for the test, so
// that files which need it are seen.
func load(t *testing.T) graph {
	t.Helper()
	var stderr bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,CgoFiles,Module", "./...")
	list.Dir = "../.."
	list.Env = append(os.Environ(), "CGO_ENABLED=1")
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	g := graph{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		g[p.ImportPath] = p
	}
}

func TestImportsPointTheWayOfTheTable(t *testing.T) {
	g := load(t)
	if _, ok := g[module+"/engine"]; !ok {
		t.Fatal("go list does not find the engine: the test sees nothing")
	}
	for _, v := range violations(g) {
		t.Error(v)
	}
}

func TestTableIsClosed(t *testing.T) {
	for name, allowed := range mayImport {
		for _, to := range allowed {
			if _, ok := mayImport[to]; !ok && to != anything {
				t.Errorf("%s may import %s, which has no row", name, to)
			}
			if back, _ := row(to); slices.Contains(back, name) {
				t.Errorf("%s and %s may import each other", name, to)
			}
		}
	}
}
