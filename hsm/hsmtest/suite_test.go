package hsmtest_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
)

// TestEveryCaseCatchesItsBrokenBackend: no case passes whatever the device
// does.
func TestEveryCaseCatchesItsBrokenBackend(t *testing.T) {
	all := maps.Clone(breaks)
	maps.Copy(all, crowdBreaks)
	cases := hsmtest.Cases()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			put, ok := all[c.Name]
			if !ok {
				t.Fatal("no backend is broken for this case")
			}
			b := &broken{Backend: hsm.NewSoftware(nil)}
			put(b)
			faults := hsmtest.Caught(c, b.backend())
			if len(faults) == 0 {
				t.Error("the broken backend was not caught")
			}
			t.Logf("caught by %q and %d more", faults[:min(len(faults), 1)], max(len(faults)-1, 0))
		})
	}
	if len(all) != len(cases) {
		t.Errorf("%d broken backends for %d cases", len(all), len(cases))
	}
}

// TestEveryDeviceCaseCatchesItsBrokenDevices: nor does any that works on a
// device.
func TestEveryDeviceCaseCatchesItsBrokenDevices(t *testing.T) {
	cases := hsmtest.DeviceCases()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if len(deviceBreaks[c.Name]) == 0 {
				t.Fatal("no device is broken for this case")
			}
			for how, put := range deviceBreaks[c.Name] {
				d := intact()
				put(&d)
				faults := hsmtest.CaughtDevice(t, c, d)
				if len(faults) == 0 {
					t.Errorf("the device that %s was not caught", how)
				}
				t.Logf("a device that %s was caught by %q and %d more", how, faults[:min(len(faults), 1)], max(len(faults)-1, 0))
			}
		})
	}
	if len(deviceBreaks) != len(cases) {
		t.Errorf("devices are broken for %d of %d cases", len(deviceBreaks), len(cases))
	}
}

// TestIntactDevicesPass: every hook is there, and every case runs.
func TestIntactDevicesPass(t *testing.T) { intact().Run(t) }

// TestIntactInitializersPass: nor is a device faulted whose master key was made
// before.
func TestIntactInitializersPass(t *testing.T) {
	b := blank(false)
	if err := b.(hsm.Initializer).Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range hsmtest.Cases() {
		if c.Name == "InitializingKeepsTheMasterKey" {
			if faults := hsmtest.Caught(c, b); len(faults) > 0 {
				t.Errorf("faulted: %q", faults)
			}
			return
		}
	}
	t.Error("the case is gone")
}

// TestPromisesAreThoseOfTheDocumentation: each case enforces a sentence that
// stands there.
func TestPromisesAreThoseOfTheDocumentation(t *testing.T) {
	text := ""
	for _, name := range []string{"backend.go", "doc.go"} {
		raw, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		text += string(raw)
	}
	text = plain(text)
	promises := map[string]string{}
	for _, c := range hsmtest.Cases() {
		promises[c.Name] = c.Promise
	}
	for _, c := range hsmtest.DeviceCases() {
		promises[c.Name] = c.Promise
	}
	for name, promise := range promises {
		if promise == "" || !strings.Contains(text, plain(promise)) {
			t.Errorf("%s: the documentation of hsm does not say %q", name, promise)
		}
	}
}

var comment = regexp.MustCompile(`\s*(//)?\s+|//`)

// plain is a text without line ends and comment marks.
func plain(text string) string {
	return strings.Join(strings.Fields(comment.ReplaceAllString(text, " ")), " ")
}
