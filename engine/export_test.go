package engine

import "slices"

// UsageRow is a row of the table of valid key attributes for symmetric keys.
type UsageRow struct {
	Usage      KeyUsage
	Algorithms []KeyAlgorithm
	rule       *usageRule
}

// Allows says whether a key of the row may have these modes of use.
func (r UsageRow) Allows(m KeyModesOfUse) bool { return slices.Contains(r.rule.createModes, m.set()) }

// UsageTable is the table of valid attributes of the symmetric keys that can
// be made, for tests that walk it.
func UsageTable() (out []UsageRow) {
	for _, r := range rowsOf(created, func(r *usageRule) bool { return r.createClass == SymmetricKey }) {
		out = append(out, UsageRow{r.usage, algorithmNames([]*usageRule{r}), r})
	}
	return out
}
