package arch

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var arithmetic = regexp.MustCompile(`(?m)^ARITHMETIC = (\S+) \$\(addprefix (\S+),(.+)\)$`)

// TestArithmeticHasNoGenericFunction: what the Makefile keeps the race detector from could otherwise give its
// copy of one, such as those of atomic.Pointer, to packages that are looked at.
func TestArithmeticHasNoGenericFunction(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	m := arithmetic.FindStringSubmatch(string(text))
	if m == nil {
		t.Fatal("the Makefile has no ARITHMETIC")
	}
	for name := range strings.FieldsSeq(m[1] + " " + m[2] + strings.Join(strings.Fields(m[3]), " "+m[2])) {
		if hasGeneric(t, name) {
			t.Errorf("%s has a generic function", name)
		}
	}
	if !hasGeneric(t, "math/big") {
		t.Error("no generic function is found where there is one, in math/big")
	}
}

// hasGeneric reports whether the compiled package has an instance of a generic function.
func hasGeneric(t *testing.T, name string) bool {
	t.Helper()
	archive, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-f", "{{.Export}}", name).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", name, err)
	}
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", strings.TrimSpace(string(archive))).Output()
	if err != nil {
		t.Fatalf("go tool nm of %s: %v", name, err)
	}
	return strings.Contains(string(symbols), "[go.shape.")
}
