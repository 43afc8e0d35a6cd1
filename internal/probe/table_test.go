package probe

import (
	"strings"
	"testing"
)

func TestTheTableHasALineForEachProbe(t *testing.T) {
	results := []Result{
		{Probe: "alias-exists", Statements: []string{"G-one", "G-two"}, Same: 2},
		{Probe: "key", NotRun: "a server: g = GetKey: AccessDeniedException"},
		{Probe: "other", Statements: []string{"G-three"}, Same: 1, Differences: []Difference{
			{Statement: "G-three", Says: "It is so.", Place: "engine/keys.go, rules", Compared: "outcome g", A: "answered", B: "a\r\n\x1b[2Jb\x7f"},
			{Statement: "G-four", Says: "Is it?", Compared: "status g", A: "200", B: "400"},
		}},
		{Probe: "a-longer-name-that-was-not-recorded", NotRun: "x as recorded: " + problemNoRecord},
		{Probe: "nor-this", NotRun: problemNoRecord},
	}
	var out strings.Builder
	Table(&out, "sim", "a server", results)
	// The longest name of all makes the column.
	const want = `
alias-exists                         same      G-one G-two
key                                  not run: a server: g = GetKey: AccessDeniedException
other                                DIFFERENT
    outcome g
      sim: answered
      a server: a   [2Jb 
    G-three: It is so.
    to change: engine/keys.go, rules
    status g
      sim: 200
      a server: 400
    G-four: Is it?
2 more: the recording has no answers to this probe

1 same, 1 different, 3 not run
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATableOfNothingHasTheCounts(t *testing.T) {
	var out strings.Builder
	if Table(&out, "a", "b", nil); out.String() != "\n0 same, 0 different, 0 not run\n" {
		t.Errorf("got %q", out.String())
	}
}
