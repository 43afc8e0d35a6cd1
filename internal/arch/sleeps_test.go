package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	wrongOnPurpose = "an implementation that is broken on purpose, in a bubble of synctest"
	inABubble      = "by the clock of synctest"
)

// sleeping are the files that call time.Sleep, and why. No other does: code of ours waits with a
// context, and a test waits for what it is about, or asks again by testrig.Until.
var sleeping = map[string]string{
	"internal/testrig/testrig.go":                   "Until, for what no event can be waited for",
	"internal/testrig/storetest/faulty.go":          "calls and answers that are late by plan",
	"internal/testrig/storetest/broken.go":          wrongOnPurpose,
	"keystore/keystoretest/breaks_test.go":          wrongOnPurpose,
	"keystore/keystoretest/broken_test.go":          wrongOnPurpose,
	"keystore/keystoretest/suite_test.go":           "a handle whose calls take long enough to be cut; no test is decided by it",
	"hsm/hsmtest/breaks_test.go":                    wrongOnPurpose,
	"internal/testrig/promise/promise.go":           inABubble,
	"internal/testrig/promise/cancel_test.go":       inABubble,
	"internal/testrig/storetest/races_test.go":      inABubble,
	"internal/testrig/text_test.go":                 inABubble,
	"enginetest/sim_test.go":                        inABubble,
	"cmd/apcsim/internal/server/load_claim_test.go": inABubble,
}

// sleepers are the files of those that call time.Sleep.
func sleepers(files []goFile) (names []string) {
	for _, f := range files {
		clock, calls := nameOfTime(f.File), false
		ast.Inspect(f.File, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Sleep" {
				from, ok := s.X.(*ast.Ident)
				calls = calls || ok && from.Name == clock
			}
			return true
		})
		if calls {
			names = append(names, path.Join(f.dir, f.base))
		}
	}
	slices.Sort(names)
	return names
}

// nameOfTime is what a file calls the package time, "" where it does not import it.
func nameOfTime(f *ast.File) string {
	for _, i := range f.Imports {
		if i.Path.Value != `"time"` {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return "time"
	}
	return ""
}

func TestNothingSleepsButWhatIsListed(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(maps.Keys(sleeping)), sleepers(allFiles(t))); diff != "" {
		t.Errorf("files that sleep (-listed +found):\n%s", diff)
	}
}

func TestForgedSleepsAreFound(t *testing.T) {
	var files []goFile
	for name, text := range map[string]string{
		"sleeps.go": "package p\nimport \"time\"\nfunc f() { go func() { time.Sleep(1) }() }",
		"named.go":  "package p\nimport clock \"time\"\nvar f = clock.Sleep",
		"other.go":  "package p\nimport time \"other/time\"\nfunc f() { time.Sleep(1); bed.Sleep(); time.Now() }",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{dir: "p", base: name, File: f})
	}
	if diff := cmp.Diff([]string{"p/named.go", "p/sleeps.go"}, sleepers(files)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
