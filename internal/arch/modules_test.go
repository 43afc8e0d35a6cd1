package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// forTestsAlone are modules that are in no user's module graph: what needs them is in a module
// below the root's.
var forTestsAlone = []string{"github.com/aws/", "github.com/anishathalye/porcupine", "github.com/chromedp/", "github.com/compose-spec/"}

func TestModuleGraphOfUsersIsSmall(t *testing.T) {
	raw, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range forTestsAlone {
		if strings.Contains(string(raw), path) {
			t.Errorf("go.mod requires %s: what needs it belongs into a module below, such as endpoint/sdktest", path)
		}
	}
	if strings.Contains(string(raw), "replace") {
		t.Error("go.mod replaces a module, which users' builds would not")
	}
}

// TestModulesBelowTheRootTakeThisCheckout. Their own tests are run by make test.
func TestModulesBelowTheRootTakeThisCheckout(t *testing.T) {
	list, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files", "*/go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(list))
	if len(modules) == 0 {
		t.Fatal("there is no module below the root: the test sees nothing")
	}
	for _, file := range modules {
		dir := filepath.Join("../..", filepath.Dir(file))
		raw, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if up, err := filepath.Rel(dir, "../.."); err != nil ||
			!strings.Contains(string(raw), "replace "+module+" => "+filepath.ToSlash(up)+"\n") {
			t.Errorf("%s does not take %s from this checkout, by %s", file, module, up)
		}
	}
}
