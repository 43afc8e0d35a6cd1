package hsm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
)

// BenchmarkCommands is each command on the software device and its bare algorithm with prepared
// ciphers. The bar (x-bar 1) is 1.5 times that and 0.15 µs for each key.
func BenchmarkCommands(b *testing.B) {
	device := hsm.NewSoftware(nil)
	h := hsm.New(device, nil)
	defer h.Close()
	for _, c := range floors.All() {
		b.Run("command="+strings.ReplaceAll(c.Name, " ", "_"), func(b *testing.B) {
			run, bare := c.Ready(h, c.Load(b, device)), c.Software()
			more := time.Duration(len(c.Keys)) * 150 * time.Nanosecond
			ratio.Bar(b, 64, more, func() { c.Floor(bare) }, func() {
				if err := run(); err != nil { // testing.B.Helper would cost more than a short command
					b.Fatal(err)
				}
			})
		})
	}
}

// must fails the test at an error.
func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
