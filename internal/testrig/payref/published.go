package payref

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// Vector is a published case of one primitive.
type Vector struct {
	ID, Op, Algorithm string
	Keys              map[string]struct{ Hex string }
	Inputs            Args
	Expected          Args
	Verified          bool
}

// Published runs a test for each verified vector of the primitives whose names begin with one of
// the prefixes. They are read from the folder that APCSIM_VECTORS names, and fewer than least are
// a failure. Without a folder there is nothing to test.
func Published(t *testing.T, least int, run func(t *testing.T, v Vector), prefixes ...string) {
	t.Helper()
	all := testrig.Vectors[struct{ Vectors []Vector }](t, "data-plane.json").Vectors
	if all == nil {
		return // the committed vectors of the package have been tested
	}
	n := 0
	for _, v := range all {
		for _, prefix := range prefixes {
			if v.Op == "primitive" && v.Verified && strings.HasPrefix(v.Algorithm, prefix) {
				n++
				t.Run(v.ID, func(t *testing.T) { run(t, v) })
			}
		}
	}
	if n < least {
		t.Errorf("%d vectors of %v, want at least %d", n, prefixes, least)
	}
}
