package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// TestAccessTableIsTheGoldenFile: every operation of the control plane has a row; one that has none, of the
// data plane, crosses accounts.
func TestAccessTableIsTheGoldenFile(t *testing.T) {
	names := map[core.Resource]string{
		core.OnKeys:   "each key",
		core.OnNewKey: "key/*",
		core.OnAlias:  "the alias and its key",
		core.OnAll:    "*",
	}
	var lines []string
	for op := range Operations() {
		a := accessOf(op.Name)
		if _, ok := access[op.Name]; !ok && facts.Control().Operation(op.Name) != nil {
			t.Errorf("%s has no row", op.Name)
		}
		line := fmt.Sprintf("%s: on %s", op.Name, names[a.On])
		if a.Crosses {
			line += ", other accounts too"
		}
		if a.Owners {
			line += ", whatever the policy of the key"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	compareTable(t, "access.txt", lines)
}
