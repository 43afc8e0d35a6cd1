package boltstore_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// BenchmarkPage reads pages of fifty, at some places in their middle, in stores
// of a thousand and a million records by turns, and measures the opening of the
// larger after it was closed, and Check, which opening also runs after a crash.
// Ceilings: x-page and x-index 1.2, s/open 1.
//
// x-cold is the same at places that were not read before, which the system has
// to map first: that is its cost, not the store's, and has no ceiling.
func BenchmarkPage(b *testing.B) {
	if testing.Short() {
		b.Skip("a million records take a minute to make")
	}
	small, large := filepath.Join(b.TempDir(), "small"), filepath.Join(b.TempDir(), "large")
	few, many := open(b, small), open(b, large)
	id := func(i int) string { return fmt.Sprintf("%016x", uint64(i+1)*0x9E3779B97F4A7C15) }
	fill(b, few, 1_000, id)
	fill(b, many, 1_000_000, id)
	many.Close()
	start := time.Now()
	many = open(b, large)
	opened := time.Since(start)
	start = time.Now()
	clean(b, many)
	checked := time.Since(start)
	for name, f := range map[string]keystore.Filter{"page": {}, "index": {Index: new("CREATE_COMPLETE")}} {
		b.Run(name, func(b *testing.B) {
			warm := func(i int) uint64 { return uint64(i) << 59 }
			cold := func(int) uint64 { return rand.Uint64() >> 1 }
			pageOf(b, many, f, warm)
			var ratios, colds []float64
			for b.Loop() {
				ratios = append(ratios, pageOf(b, many, f, warm)/pageOf(b, few, f, warm))
				colds = append(colds, pageOf(b, many, f, cold)/pageOf(b, few, f, cold))
			}
			slices.Sort(ratios)
			slices.Sort(colds)
			b.ReportMetric(ratios[len(ratios)/2], "x-"+name)
			b.ReportMetric(colds[len(colds)/2], "x-cold")
			b.ReportMetric(opened.Seconds(), "s/open")
			b.ReportMetric(checked.Seconds(), "s/check")
		})
	}
}

// pageOf is how long sixteen pages take.
func pageOf(b *testing.B, s *boltstore.Store, f keystore.Filter, where func(int) uint64) float64 {
	start := time.Now()
	for i := range 16 {
		page, err := s.Page(ctx, place, "key", f, fmt.Sprintf("%016x", where(i)), 50)
		if err != nil || len(page) != 50 {
			b.Fatal(len(page), err)
		}
	}
	return float64(time.Since(start))
}
