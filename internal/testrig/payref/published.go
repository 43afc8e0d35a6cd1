package payref

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	folder := os.Getenv("APCSIM_VECTORS")
	if folder == "" {
		return // the committed vectors of the package have been tested
	}
	text, err := os.ReadFile(filepath.Join(folder, "data-plane.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []Vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range file.Vectors {
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
