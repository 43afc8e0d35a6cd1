//go:build cgo

package pkcs11

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/internal/testrig/operations"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// BenchmarkCommands is each command and the PKCS#11 calls that it needs (testdata/calls.txt), with
// what the host has to compute. The bar (x-bar 1) is 1.5 times that.
func BenchmarkCommands(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		h := hsm.New(on, nil)
		b.Cleanup(func() { h.Close() })
		for _, c := range floors.All() {
			b.Run("command="+strings.ReplaceAll(c.Name, " ", "_"), func(b *testing.B) {
				refs := c.Load(b, on)
				run := c.Ready(h, refs)
				if err := run(); errors.Is(err, errors.ErrUnsupported) {
					b.Skip(err)
				} else if err != nil {
					b.Fatal(err)
				}
				floor := c.OnToken(newRawDevice(b, on, raw, &c, refs))
				ratio.Bar(b, 16, 0, floor, func() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	})
}

// BenchmarkPlane is operations of the data plane on a token, against the PKCS#11 calls of the command
// that each comes down to, with what the host has to compute. The bar (x-bar 1) is 1.5 times that.
func BenchmarkPlane(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		eng, err := engine.Open(b.Context(), on, keystore.NewMemory(), &engine.Options{Limits: apc.Limits{Keys: 1 << 40}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { eng.Close() })
		for _, o := range operations.All() {
			b.Run("operation="+strings.ReplaceAll(o.Name, " ", "_"), func(b *testing.B) {
				r, command := o.Ready(b, eng), o.Floor()
				floor := command.OnToken(newRawDevice(b, on, raw, command, command.Load(b, on)))
				ratio.Bar(b, 16, 0, floor, func() {
					if _, err := r.Run(); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	})
}
