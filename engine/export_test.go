package engine

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// UsageRow is a row of the table of valid key attributes for symmetric keys.
type UsageRow struct {
	Usage      apc.KeyUsage
	Algorithms []apc.KeyAlgorithm
	rule       *usageRule
}

// Allows reports whether a key of the row may have these modes of use.
func (r UsageRow) Allows(m apc.KeyModesOfUse) bool {
	return slices.Contains(r.rule.createModes, core.ModesOf(m))
}

// UsageTable is the table of valid attributes of the symmetric keys that can
// be made, for tests that walk it.
func UsageTable() (out []UsageRow) {
	for _, r := range rowsOf(created, func(r *usageRule) bool { return r.createClass == apc.KeyClassSymmetricKey }) {
		out = append(out, UsageRow{r.usage, algorithmNames([]*usageRule{r}), r})
	}
	return out
}

var CompareTable = compareTable
