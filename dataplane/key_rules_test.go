package dataplane

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/facts"
)

var updateRules = flag.Bool("update", false, "write the golden table of keys anew")

const rulesFile = "testdata/key_rules.txt"

// tableOfRules is the table as text, a line for each row. A change of a rule is a change of a line, to
// be read in review.
func tableOfRules() string {
	var b strings.Builder
	for _, r := range KeyRules() {
		form := r.Form
		if form == "" {
			form = "-"
		}
		var algorithms, modes []string
		for _, a := range r.Algorithms {
			algorithms = append(algorithms, string(a))
		}
		for _, m := range r.Modes {
			modes = append(modes, strings.ReplaceAll(m.String(), " ", ""))
		}
		class := string(r.Class)
		if class == "" {
			class = "-"
		}
		fmt.Fprintf(&b, "%s | %s | %s | %s | %s | %s | %s\n", r.Op, form, r.Member, r.Usage, class,
			strings.Join(algorithms, " "), strings.Join(modes, " "))
	}
	return b.String()
}

func goldenRules(t *testing.T) string {
	t.Helper()
	if *updateRules {
		if err := os.WriteFile(rulesFile, []byte(tableOfRules()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(want)
}

func TestTableOfKeysIsTheGoldenFile(t *testing.T) {
	want := strings.Split(goldenRules(t), "\n")
	for _, line := range strings.Split(tableOfRules(), "\n") {
		if !slices.Contains(want, line) {
			t.Errorf("not in %s: %s", rulesFile, line)
		}
	}
	if n := strings.Count(tableOfRules(), "\n") + 1; n != len(want) {
		t.Errorf("%d lines, want %d", n, len(want))
	}
}

// golden is a row of the golden file.
type golden struct {
	usage, class      string
	algorithms, modes []string
}

func (g *golden) takes(a core.Attributes) bool {
	return g.usage == string(a.Usage) && (g.class == "-" || g.class == string(a.Class)) &&
		slices.Contains(g.algorithms, string(a.Alg.Name)) && slices.Contains(g.modes, strings.ReplaceAll(a.Modes.String(), " ", ""))
}

// TestEveryKeyIsTakenWhereTheTableHasIt walks every usage, algorithm, class and all 512 sets of modes
// of use against every place of the table. A refusal names the first thing that is wrong: usage,
// class, algorithm, modes.
func TestEveryKeyIsTakenWhereTheTableHasIt(t *testing.T) {
	rows := map[ruleKey][]golden{}
	for line := range strings.Lines(goldenRules(t)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " | ")
		at := ruleKey{f[0], strings.TrimPrefix(f[1], "-"), f[2]}
		rows[at] = append(rows[at], golden{f[3], f[4], strings.Fields(f[5]), strings.Fields(f[6])})
	}
	if len(rows) != len(rulesOf) || len(rows) < 80 {
		t.Fatalf("%d places in the golden file, %d in the table", len(rows), len(rulesOf))
	}
	var key core.Key
	taken := 0
	for at, wanted := range rows {
		rules := rulesOf[at]
		for _, usage := range apc.KeyUsage("").Values() {
			for i := range core.Algorithms {
				for _, class := range classesOf(&core.Algorithms[i]) {
					key.Attributes = core.Attributes{Usage: usage, Class: class, Alg: &core.Algorithms[i]}
					taken += walkModes(t, at, wanted, rules, &key)
				}
			}
		}
	}
	t.Logf("%d keys taken", taken)
}

func classesOf(a *core.Algorithm) []apc.KeyClass {
	if a.Symmetric() {
		return []apc.KeyClass{apc.KeyClassSymmetricKey}
	}
	return []apc.KeyClass{apc.KeyClassAsymmetricKeyPair, apc.KeyClassPublicKey}
}

func walkModes(t *testing.T, at ruleKey, wanted []golden, rules *core.KeyRules, key *core.Key) (taken int) {
	possible := slices.ContainsFunc(wanted, func(g golden) bool {
		return g.usage == string(key.Attributes.Usage) && slices.Contains(g.algorithms, string(key.Attributes.Alg.Name))
	})
	for m := range core.AllModes + 1 {
		key.Attributes.Modes = m
		want := possible && slices.ContainsFunc(wanted, func(g golden) bool { return g.takes(key.Attributes) })
		if got := rules.Allow(key); got != want {
			t.Errorf("%v: %s %s %s %s is taken: %t, want %t", at, key.Attributes.Usage, key.Attributes.Class,
				key.Attributes.Alg.Name, m, got, want)
		} else if got {
			taken++
		}
	}
	return taken
}

// TestRefusalNamesTheFirstThingThatIsWrong: usage before algorithm, as the live service.
func TestRefusalNamesTheFirstThingThatIsWrong(t *testing.T) {
	rules := rulesOf[ruleKey{"GenerateMac", "CMAC", fieldKey}]
	for _, c := range []struct {
		usage     apc.KeyUsage
		algorithm apc.KeyAlgorithm
		modes     core.Modes
		message   string
		rule      apc.Rule
	}{
		{core.UsageM3, core.RSA2048, core.Sign, "KeyUsage of the input key " +
			"arn:aws:payment-cryptography:us-east-1:111122223333:key/abcdefghijklmnop is invalid for the operation.", apc.RuleKeyUsage},
		{core.UsageM6, core.HMACSHA256, core.Sign, "KeyAlgorithm of the input key " +
			"arn:aws:payment-cryptography:us-east-1:111122223333:key/abcdefghijklmnop is invalid for the operation.", apc.RuleKeyAlgorithm},
		{core.UsageM6, core.AES128, core.Verify, "KeyModesOfUse of the input key " +
			"arn:aws:payment-cryptography:us-east-1:111122223333:key/abcdefghijklmnop is invalid for the operation.", apc.RuleKeyModesOfUse},
	} {
		var key core.Key
		key.ARN.Account, key.ARN.Region, key.ARN.Key = "111122223333", "us-east-1", "abcdefghijklmnop"
		key.Attributes = core.Attributes{Usage: c.usage, Alg: core.AlgorithmNamed(c.algorithm), Modes: c.modes}
		refusal, _ := errors.AsType[*apc.Error](rules.Check(&key, fieldKey))
		if refusal == nil || refusal.Message != c.message || refusal.Reasons[0].Rule != c.rule || refusal.Reasons[0].Field != fieldKey {
			t.Errorf("%s %s %s: got %v, want %s", c.usage, c.algorithm, c.modes, refusal, c.message)
		}
	}
}

// TestEveryOperationIsInTheTable, with members that the operation has.
func TestEveryOperationIsInTheTable(t *testing.T) {
	d, seen := facts.Data(), map[string]bool{}
	for _, r := range keyRules {
		seen[r.Op] = true
		shape := d.Shape(d.Operation(r.Op).Input)
		for name := range strings.SplitSeq(r.Member, ".") {
			i := slices.IndexFunc(shape.Members, func(m facts.Member) bool { return m.Name == name })
			if i < 0 {
				t.Errorf("%s has no member %s", r.Op, r.Member)
				break
			}
			shape = d.Shape(shape.Members[i].Shape)
		}
	}
	if got := len(slices.Collect(maps.Keys(seen))); got != len(d.Operations) {
		t.Errorf("%d operations in the table, want %d", got, len(d.Operations))
	}
}
