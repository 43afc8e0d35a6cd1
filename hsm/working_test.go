package hsm_test

import (
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
)

// TestChainedBlocksAreOneCall of a device: the security code of version 2 has two blocks.
func TestChainedBlocksAreOneCall(t *testing.T) {
	for _, c := range floors.All() {
		if c.Name != "CardValue CSC 2" {
			continue
		}
		device := hsm.NewSoftware(nil)
		h, calls := counted(device)
		run := c.Ready(h, c.Load(t, device))
		must(t, 0, run())
		if calls["Encrypt"] != 1 {
			t.Errorf("%s: got %d calls of Encrypt, want 1", c.Name, calls["Encrypt"])
		}
		h.Close()
	}
}

// TestOutageIsNeverAVerdict cuts every device off at each call of each command in turn.
func TestOutageIsNeverAVerdict(t *testing.T) {
	for i, c := range commands {
		t.Run(fmt.Sprintf("%02d %s", i, c.name), func(t *testing.T) {
			eachCallFailing(t, func(t *testing.T, b hsm.Backend) []hsm.KeyRef { return c.load(t, b) }, c.run)
		})
	}
}
