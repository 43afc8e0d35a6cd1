//go:build cgo

package pkcs11

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

var updateCalls = flag.Bool("update-calls", false, "write testdata/calls.txt")

const callsFile = "testdata/calls.txt"

// taken are the calls since the last time, as "C_EncryptInit+C_Encrypt x 2, C_GenerateRandom".
func (f *faulty) taken() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(f.calls)) {
		n := f.calls[name]
		if started := f.calls[name+"Init"]; started == n { // an operation of two calls
			name = name + "Init+" + name
		} else if strings.HasSuffix(name, "Init") && f.calls[strings.TrimSuffix(name, "Init")] == n {
			continue
		}
		if n > 1 {
			name = fmt.Sprintf("%s x %d", name, n)
		}
		out = append(out, name)
	}
	clear(f.calls)
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// TestCommandsMakeTheCallsOfTheTable counts the PKCS#11 calls of every command with keys in use:
// those that it needs, no others, and as many as testdata/calls.txt says.
func TestCommandsMakeTheCallsOfTheTable(t *testing.T) {
	table := bytes.NewBufferString("The PKCS#11 calls of each command with keys in use. NSS where it needs others.\n\n")
	softHSM, nss := callsOn(t, softtoken.SoftHSM), callsOn(t, softtoken.NSS)
	for i, c := range floors.All() {
		fmt.Fprintf(table, "%-32s %s\n", c.Name, softHSM[i])
		if nss[i] != softHSM[i] {
			fmt.Fprintf(table, "%-32s %s\n", "    NSS", nss[i])
		}
	}
	if *updateCalls {
		if err := os.WriteFile(callsFile, table.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(callsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(table.Bytes(), want) {
		t.Errorf("the calls are not those of %s (-update-calls writes it): got\n%s", callsFile, table)
	}
}

// callsOn are the calls of each command on a module, which must be those of its floor.
func callsOn(t *testing.T, kind softtoken.Kind) (out []string) {
	t.Run(string(kind), func(t *testing.T) {
		between := putBetween(t.Cleanup)
		on := opened(t, optionsOf(sharedToken(t, kind)))
		counting, raw := between(), newBare(t, on)
		h := hsm.New(on, nil)
		t.Cleanup(func() { h.Close() })
		for _, c := range floors.All() {
			refs := c.Load(t, on)
			run := c.Ready(h, refs)
			err := run() // which makes the objects
			if errors.Is(err, errors.ErrUnsupported) {
				out = append(out, "not on this module")
				continue
			}
			counting.taken()
			if err := errors.Join(err, run()); err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			got := counting.taken()
			floor := c.OnToken(newRawDevice(t, on, raw, &c, refs))
			floor()
			counting.taken()
			floor()
			if want := counting.taken(); got != want {
				t.Errorf("%s: got %s, needed are %s", c.Name, got, want)
			}
			out = append(out, got)
		}
	})
	return out
}
