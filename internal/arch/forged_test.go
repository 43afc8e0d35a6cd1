package arch

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// forge builds a graph from imports in short: our own packages without the
// module's path. What is not listed is of the standard library, and has cgo as
// package net does.
func forge(imports map[string]string) graph {
	g := graph{"C": {ImportPath: "C"}}
	long := func(name string) string {
		if _, known := imports[name]; known && !strings.Contains(name, ".") {
			return module + "/" + name
		}
		return name
	}
	for name, list := range imports {
		p := pkg{ImportPath: long(name)}
		for _, to := range strings.Fields(list) {
			p.Imports = append(p.Imports, long(to))
			if _, known := imports[to]; !known && to != "C" {
				g[to] = pkg{ImportPath: to, Standard: true, Imports: []string{"C"}, CgoFiles: []string{"cgo.go"}}
			}
		}
		if strings.Contains(name, ".") {
			p.Module = &struct{ Path string }{strings.Join(strings.SplitN(name, "/", 4)[:3], "/")}
		}
		g[p.ImportPath] = p
	}
	return g
}

// lawful is a small tree as the table wants it.
var lawful = map[string]string{
	"kcv":                            "crypto mac",
	"tr31":                           "mac",
	"x509ca":                         "golang.org/x/crypto/cryptobyte",
	"tr34":                           "tr31",
	"keystore":                       "context",
	"keystore/boltstore":             "keystore go.etcd.io/bbolt/lib",
	"hsm":                            "kcv tr31 tr34 mac",
	"hsm/pkcs11":                     "hsm tr31 C",
	"hsm/testkeys":                   "hsm embed",
	"dataplane":                      "apc internal/core hsm",
	"internal/core":                  "apc hsm keystore",
	"apc":                            "time",
	"engine":                         "hsm keystore x509ca kcv tr31 tr34",
	"endpoint":                       "engine net/http",
	"cmd/apcsim":                     "endpoint engine kcv tr31 hsm/pkcs11 keystore/boltstore",
	"examples/keyblock":              "tr31 kcv",
	"mac":                            "crypto/cipher internal/wording",
	"internal/testrig/simtest":       "engine testing hsm keystore keystore/boltstore",
	"golang.org/x/crypto/cryptobyte": "encoding/asn1",
	"go.etcd.io/bbolt/lib":           "os",
	"github.com/aws/sdk/client":      "net/http",
}

func TestLawfulGraphPasses(t *testing.T) {
	if got := violations(forge(lawful)); len(got) != 0 {
		t.Errorf("got %q, want none", got)
	}
}

func TestForgedGraphsAreRefused(t *testing.T) {
	for _, c := range []struct{ name, adds, want string }{
		{"kcv", "engine", "kcv imports engine"},
		{"tr31", "kcv", "tr31 imports kcv"},
		{"tr34", "kcv", "tr34 imports kcv"},
		{"tr34", "x509ca", "tr34 imports x509ca"},
		{"dataplane", "keystore", "dataplane imports keystore"},
		{"dataplane", "x509ca", "dataplane imports x509ca"},
		{"hsm/testkeys", "x509ca", "hsm/testkeys imports x509ca"},
		{"hsm", "x509ca", "hsm imports x509ca"},
		{"hsm", "keystore", "hsm imports keystore"},
		{"keystore", "hsm", "keystore imports hsm"},
		{"keystore/boltstore", "engine", "keystore/boltstore imports engine"},
		{"hsm/pkcs11", "kcv", "hsm/pkcs11 imports kcv"},
		{"endpoint", "hsm", "endpoint imports hsm"},
		{"engine", "endpoint", "engine imports endpoint"},
		{"engine", "keystore/boltstore", "engine imports keystore/boltstore"},
		{"engine", "cmd/apcsim", "engine imports cmd/apcsim"},
		{"cmd/apcsim", "examples/keyblock", "cmd/apcsim imports examples/keyblock"},
		{"mac", "kcv", "mac imports kcv"},
		{"tr31", "internal/testrig/simtest", "tr31 imports internal/testrig/simtest"},
		{"engine", "internal/testrig/simtest", "engine imports internal/testrig/simtest"},
		{"newcomer", "crypto", "newcomer is a new package"},
		{"internal/newcomer", "crypto", "internal/newcomer is a new package"},
		{"hsm/newcomer", "crypto", "hsm/newcomer is a new package"},

		{"engine", "testing", "engine depends on testing (for tests)"},
		{"tr31", "testing/iotest", "engine depends on testing/iotest (for tests)"},
		{"hsm", "database/sql", "engine depends on database/sql (databases)"},
		{"hsm", "C", "engine depends on " + module + "/hsm (cgo)"},
		{"hsm", "hsm/pkcs11", "engine depends on " + module + "/hsm/pkcs11 (cgo)"},
		{"keystore", "go.etcd.io/bbolt/lib", "engine depends on go.etcd.io/bbolt/lib (another's module)"},
		{"golang.org/x/crypto/cryptobyte", "github.com/aws/sdk/client", "engine depends on github.com/aws/sdk/client (another's module)"},
		{"hsm/testkeys", "testing", "hsm/testkeys depends on testing (for tests)"},
	} {
		imports := maps.Clone(lawful)
		imports[c.name] += " " + c.adds
		got := violations(forge(imports))
		if !slices.ContainsFunc(got, func(v string) bool { return strings.HasPrefix(v, c.want) }) {
			t.Errorf("%s importing %s: got %q, want %q", c.name, c.adds, got, c.want)
		}
	}
}

func TestCgoFilesAreRefusedWithoutTheirImport(t *testing.T) {
	g := forge(lawful)
	p := g[module+"/hsm"]
	p.CgoFiles = []string{"device.go"}
	g[module+"/hsm"] = p
	if got := violations(g); len(got) == 0 || !strings.Contains(got[0], "(cgo)") {
		t.Errorf("got %q, want cgo behind the engine", got)
	}
}
