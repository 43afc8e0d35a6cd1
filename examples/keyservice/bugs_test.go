package keyservice

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// That the test of the service finds what it should: it is run again with each planted bug, and with the
// sweep, which shows the service's own bugs.

var (
	bug   = flag.String("bug", "", "a planted bug: KeepAlias, PendingIsGone, DropBlock, WidenExport")
	sweep = flag.Bool("sweep", false, "run TestOneFault, which the service fails")
)

// A quarter of rapid's checks: the service and the simulator are slow under the race detector, and make soak
// has 1000.
func init() { flag.Set("rapid.checks", "25") }

func planted() Bugs {
	return Bugs{
		KeepAlias:     *bug == "KeepAlias",
		PendingIsGone: *bug == "PendingIsGone",
		DropBlock:     *bug == "DropBlock",
		WidenExport:   *bug == "WidenExport",
	}
}

func skipUnlessAsked(t *testing.T) {
	if !*sweep {
		t.Skip("the service fails it: -sweep shows how, and TestSweepFindsTheServicesOwnBugs runs it")
	}
}

// again runs a test of this package that must fail and returns its output.
func again(t *testing.T, args ...string) string {
	t.Helper()
	args = append(args, "-test.v", "-rapid.nofailfile", "-rapid.seed=1", "-rapid.checks=100")
	out, err := exec.CommandContext(t.Context(), os.Args[0], args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL") {
		t.Fatalf("%v passes (%v):\n%s", args, err, out)
	}
	return string(out)
}

var action = regexp.MustCompile(`draw action: "([A-Za-z]+)"`)

func TestPlantedBugsShrinkToThreeSteps(t *testing.T) {
	for _, name := range []string{"KeepAlias", "PendingIsGone", "DropBlock", "WidenExport"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := again(t, "-test.run=^TestService$", "-bug="+name)
			_, shown, _ := strings.Cut(out, "Failed test output:")
			var steps []string
			for _, m := range action.FindAllStringSubmatch(shown, -1) {
				steps = append(steps, m[1])
			}
			if t.Logf("%s: %s", name, strings.Join(steps, ", ")); len(steps) == 0 || len(steps) > 3 {
				t.Errorf("%s: the failure has the steps %v, want one to three:\n%s", name, steps, out)
			}
		})
	}
}

var failed = regexp.MustCompile(`(?m)^ +--- FAIL: TestOneFault/(\S+)`)

// TestSweepFindsTheServicesOwnBugs: an answer that is lost leaves a key without an alias or rotates twice, and a
// refused or lost deletion leaves the old key alive.
func TestSweepFindsTheServicesOwnBugs(t *testing.T) {
	var got []string
	for _, m := range failed.FindAllStringSubmatch(again(t, "-test.run=^TestOneFault$", "-sweep"), -1) {
		got = append(got, strings.ReplaceAll(m[1], "_", " "))
	}
	want := []string{
		// The first key has no alias.
		"CreateKey (call 1), answer lost", "CreateAlias (call 2), answer lost",
		// The successor has no alias.
		"CreateKey (call 4), answer lost",
		// The successor is deleted, and the alias points to it.
		"UpdateAlias (call 5), answer lost",
		// The old key stays alive.
		"DeleteKey (call 6), throttled", "DeleteKey (call 6), unavailable", "DeleteKey (call 6), request lost",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTheTestOfTheServiceIsShort: docs/library.md promises it.
func TestTheTestOfTheServiceIsShort(t *testing.T) {
	text, err := os.ReadFile("service_test.go")
	if got := strings.Count(string(text), "\n"); err != nil || got >= 150 {
		t.Errorf("service_test.go has %d lines (%v), want fewer than 150", got, err)
	}
}
