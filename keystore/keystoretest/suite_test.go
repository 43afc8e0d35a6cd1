package keystoretest_test

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

// tries is how often a broken store may be lucky in a race.
const tries = 20

// TestEveryCaseCatchesItsBrokenStores: no case passes whatever the store does.
func TestEveryCaseCatchesItsBrokenStores(t *testing.T) {
	left := maps.Clone(breaks)
	for _, c := range keystoretest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			for how, put := range left[c.Name] {
				if !caught(t, how, func() []string {
					b := &broken{Store: keystore.NewMemory()}
					put(b)
					return keystoretest.Caught(c, b)
				}) {
					t.Errorf("a store was not caught that %s", how)
				}
			}
			if len(left[c.Name]) == 0 {
				t.Error("no store is broken for this case")
			}
			if faults := keystoretest.Caught(c, keystore.NewMemory()); len(faults) > 0 {
				t.Errorf("the intact store was faulted: %q", faults)
			}
		})
		delete(left, c.Name)
	}
	if len(left) > 0 {
		t.Errorf("stores are broken for cases that are not: %v", left)
	}
}

// TestEveryKindCaseCatchesItsBrokenStores: the same for those that open a store
// more than once.
func TestEveryKindCaseCatchesItsBrokenStores(t *testing.T) {
	left := maps.Clone(kindBreaks)
	for _, c := range keystoretest.KindCases() {
		broken := left[c.Name]
		if name, ok := strings.CutSuffix(c.Name, "OnTwoHandles"); ok {
			broken = onEach(breaks[name])
		}
		t.Run(c.Name, func(t *testing.T) {
			for how, k := range broken {
				if !caught(t, how, func() []string { return keystoretest.CaughtKind(t, c, k) }) {
					t.Errorf("a store was not caught that %s", how)
				}
			}
			if len(broken) == 0 {
				t.Error("no store is broken for this case")
			}
		})
		delete(left, c.Name)
	}
	if len(left) > 0 {
		t.Errorf("stores are broken for cases that are not: %v", left)
	}
}

func caught(t *testing.T, how string, run func() []string) bool {
	for try := range tries {
		if faults := run(); len(faults) > 0 {
			t.Logf("it %s (%d faults, at try %d): %.300s", how, len(faults), try+1, faults[0])
			return true
		}
	}
	return false
}

// TestIntactStoresPass runs every case, none being skipped.
func TestIntactStoresPass(t *testing.T) { shared(nil, nil).Run(t) }

// TestPromisesAreTheInterfaces: every case enforces words that stand in the
// interface's documentation.
func TestPromisesAreTheInterfaces(t *testing.T) {
	source, err := os.ReadFile("../keystore.go")
	if err != nil {
		t.Fatal(err)
	}
	words := prose(strings.ReplaceAll(string(source), "//", " "))
	check := func(name, promise string) {
		if promise == "" || !strings.Contains(words, prose(promise)) {
			t.Errorf("%s: the interface does not promise %q", name, promise)
		}
	}
	for _, c := range keystoretest.Cases() {
		check(c.Name, c.Promise)
	}
	for _, c := range keystoretest.KindCases() {
		check(c.Name, c.Promise)
	}
}

// prose is text without line breaks and capitals.
func prose(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
