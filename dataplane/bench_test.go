package dataplane_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/operations"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// BenchmarkPlane is operations through the typed API. The bar (x-bar 1) is GetKey's for each key,
// 3 times a locked map read and the decoding of a record, and 1.5 times the bare algorithm with
// prepared ciphers: 1.5 times two such readings and the algorithm. The engine does not decode the few keys that it used last.
func BenchmarkPlane(b *testing.B) {
	store := keystore.NewMemory()
	eng, err := engine.Open(b.Context(), hsm.NewSoftware(nil), store, &engine.Options{Limits: apc.Limits{Keys: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { eng.Close() })
	for _, o := range operations.All() {
		b.Run("operation="+strings.ReplaceAll(o.Name, " ", "_"), func(b *testing.B) {
			r, command := o.Ready(b, eng), o.Floor()
			read, device := operations.Reading(b, store, r.Keys), command.Software()
			ratio.Bar(b, 64, 0, func() {
				read()
				read()
				command.Floor(device)
			}, func() {
				if _, err := r.Run(); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
