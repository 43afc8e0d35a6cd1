package engine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

var updateGolden = flag.Bool("update", false, "write the golden tables anew")

// The tables of rules as text, each committed in testdata/tables. A change of a
// rule is a change of a line there, to be read in review; `go test ./engine
// -run Table -update` writes them anew.

// compareTable compares the lines of a table with its file.
func compareTable(t *testing.T, file string, lines []string) {
	t.Helper()
	path := filepath.Join("testdata", "tables", file)
	got := strings.Join(lines, "\n") + "\n"
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", path, diffLines(strings.Split(string(want), "\n"), append(lines, "")))
	}
}

// diffLines lists what only one of two tables has.
func diffLines(want, got []string) string {
	var b strings.Builder
	for _, l := range want {
		if !slices.Contains(got, l) {
			fmt.Fprintf(&b, "missing: %s\n", l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			fmt.Fprintf(&b, "unexpected: %s\n", l)
		}
	}
	if b.Len() == 0 {
		return "the same lines in another order"
	}
	return b.String()
}

var wayNames = map[way]string{created: "create", imported: "import"}

// TestUsageTableAcceptsExactlyTheGoldenRows walks every usage, algorithm, class and
// all 512 sets of modes of use, for creating and for importing.
func TestUsageTableAcceptsExactlyTheGoldenRows(t *testing.T) {
	var lines []string
	for _, usage := range allKeyUsage {
		for _, alg := range core.Algorithms {
			for _, w := range []way{created, imported} {
				for _, class := range allKeyClass {
					var sets []string
					for m := range core.AllModes + 1 {
						if permitted(core.Attributes{Usage: usage, Class: class, Alg: &alg, Modes: m}, w) {
							sets = append(sets, m.String())
						}
					}
					lines = appendUsageRow(lines, wayNames[w], usage, alg.Name, class, sets)
				}
			}
		}
	}
	compareTable(t, "usage.txt", lines)
	if sheet := usageSheet(t); sheet != nil && !slices.Equal(slices.Sorted(slices.Values(lines)), sheet) {
		t.Errorf("the table differs from the fact sheet:\n%s", diffLines(sheet, lines))
	}
}

func appendUsageRow(lines []string, way string, u apc.KeyUsage, a apc.KeyAlgorithm, c apc.KeyClass, sets []string) []string {
	if len(sets) == 0 {
		return lines
	}
	slices.Sort(sets)
	return append(lines, fmt.Sprintf("%s %s %s %s: %s", way, u, a, c, strings.Join(sets, " ")))
}

// usageSheet reads the table's source and returns it as sorted lines, or nil where
// there is no folder of fact sheets next to the checkout.
func usageSheet(t *testing.T) (lines []string) {
	t.Helper()
	type sheet struct {
		Rows []struct {
			KeyUsage                     apc.KeyUsage
			KeyAlgorithm                 apc.KeyAlgorithm
			CreateClasses, ImportClasses []apc.KeyClass
			CreateModes, ImportModes     [][]string
		}
	}
	for _, row := range testrig.Facts[sheet](t, "key-attributes.json").Rows {
		for _, c := range row.CreateClasses {
			lines = appendUsageRow(lines, "create", row.KeyUsage, row.KeyAlgorithm, c, modeSets(row.CreateModes))
		}
		for _, c := range row.ImportClasses {
			lines = appendUsageRow(lines, "import", row.KeyUsage, row.KeyAlgorithm, c, modeSets(row.ImportModes))
		}
	}
	slices.Sort(lines)
	return lines
}

func modeSets(sets [][]string) (out []string) {
	for _, names := range sets {
		var m core.Modes
		for _, n := range names {
			m |= 1 << slices.Index(core.ModeNames[:], n)
		}
		out = append(out, m.String())
	}
	return out
}

// TestLifecycleTableIsTheGoldenFile tries every act in every state.
func TestLifecycleTableIsTheGoldenFile(t *testing.T) {
	var lines []string
	for _, state := range allKeyState {
		for _, a := range []core.Act{core.AskDelete, core.AskRestore, core.AskStart, core.AskStop, core.WaitElapsed, core.Finished,
			core.Approved, core.NotApproved} {
			to := "refused"
			if k, err := (core.Key{State: state}).Apply(a); err == nil {
				to = string(k.State)
			}
			lines = append(lines, fmt.Sprintf("%s, %s: %s", state, a, to))
		}
	}
	compareTable(t, "lifecycle.txt", lines)
}

// TestStrengthTablesAreTheGoldenFile tries every symmetric key under every wrapping
// key, in each of the three tables.
func TestStrengthTablesAreTheGoldenFile(t *testing.T) {
	var lines []string
	for _, table := range []struct {
		name string
		rows strengthTable
	}{{"under a key-encryption key", kekStrength}, {"to an RSA key", rsaStrength}, {"by agreement on a curve", curveStrength}} {
		for _, moved := range core.Algorithms {
			var strong []apc.KeyAlgorithm
			for _, wrapping := range core.Algorithms {
				if checkStrength(table.rows, &wrapping, &moved, "") == nil {
					strong = append(strong, wrapping.Name)
				}
			}
			lines = append(lines, fmt.Sprintf("%s %s: %v", moved.Name, table.name, strong))
		}
	}
	compareTable(t, "strength.txt", lines)
}

// TestAlgorithmTableIsTheGoldenFile prints what each algorithm means to the rules:
// TR-31 letter, bits, contents of the HM block, check values with the default first;
// then the modes of use by TR-31 letter, and the materials that need a token.
func TestAlgorithmTableIsTheGoldenFile(t *testing.T) {
	var lines []string
	for _, a := range core.Algorithms {
		var checks []string
		for _, c := range a.Checks {
			name := string(c.Asked)
			if c.Name != c.Asked {
				name += " (answered as " + string(c.Name) + ")"
			}
			checks = append(checks, name)
		}
		line := fmt.Sprintf("%s: letter %c, %d bits, check values %v", a.Name, a.Letter, a.Bits, checks)
		if a.Hm != "" {
			line += ", HM " + a.Hm
		}
		lines = append(lines, line)
	}
	for _, row := range core.ModeBytes {
		lines = append(lines, fmt.Sprintf("mode %c: %s", row.Code, row.Modes))
	}
	for _, m := range allKeyMaterialType {
		lines = append(
			lines,
			fmt.Sprintf("%s: import token with %v, export token with %v", m, importMaterials[m].Names(), exportMaterials[m].Names()),
		)
	}
	compareTable(t, "algorithms.txt", lines)
}

// TestKeyRulesAreTheGoldenFile prints which keys the operations of the control plane take; those of the data
// plane are in dataplane/testdata/key_rules.txt.
func TestKeyRulesAreTheGoldenFile(t *testing.T) {
	var lines []string
	for _, row := range []struct {
		use   string
		rules *core.KeyRules
	}{
		{"import under", unwrappingRules}, {"export under", wrappingRules},
		{"import by AS 2805 under", as2805ImportRules}, {"export by AS 2805 under", as2805ExportRules},
		{"receive by RSA with", receivingRules}, {"sign TR-34 tokens with", signingRules}, {"agree with", agreementRules},
		{"trust certificates under", core.AuthorityRules}, {"export", exportRules},
	} {
		r := row.rules
		lines = append(lines, fmt.Sprintf("%s: class %q, usages %v, algorithms %v, modes of use %s, exportable %t; refused by %s, %s, %s",
			row.use, r.Class, r.Usages, r.Algorithms.Names(), r.Modes, r.Exportable, r.Usage.Rule, r.Algorithm.Rule, r.Mode.Rule))
	}
	compareTable(t, "key_rules.txt", lines)
}

// TestLimitsAreTheGoldenFile prints the default limits.
func TestLimitsAreTheGoldenFile(t *testing.T) {
	compareTable(t, "limits.txt", strings.Fields(strings.Trim(fmt.Sprintf("%+v", core.LimitsWithDefaults(apc.Limits{})), "{}")))
}

func TestEveryAlgorithmIsInTheTable(t *testing.T) {
	if len(core.Algorithms) != len(allKeyAlgorithm) {
		t.Errorf("%d algorithms in the table, %d in the enumeration", len(core.Algorithms), len(allKeyAlgorithm))
	}
}
