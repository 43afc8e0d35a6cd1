// Package ratio states speed as a ratio against a floor that is measured in the
// same run, for benchmarks on machines that are busy.
package ratio

import (
	"slices"
	"testing"
	"time"
)

// Beside runs a floor and a subject in turns of batch calls each, so that a busy
// machine disturbs both, and reports how many times the floor the subject costs:
// of all turns together (x-floor), which counts what comes seldom, like growing
// a map, and of the median turn (x-median), which does not. The batch makes a
// turn long enough for the clock.
func Beside(b *testing.B, batch int, floor, subject func()) {
	took := func(f func()) float64 {
		start := time.Now()
		for range batch {
			f()
		}
		return float64(time.Since(start).Nanoseconds()) / float64(batch)
	}
	var floors, subjects float64
	var ratios []float64
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%batch != 0 {
			continue
		}
		f, s := took(floor), took(subject)
		floors, subjects, ratios = floors+f, subjects+s, append(ratios, s/f)
	}
	if len(ratios) == 0 {
		return // the first short run, which measures how many there will be
	}
	slices.Sort(ratios)
	b.ReportMetric(subjects/float64(len(ratios)), "ns/subject")
	b.ReportMetric(floors/float64(len(ratios)), "ns/floor")
	b.ReportMetric(subjects/floors, "x-floor")
	b.ReportMetric(ratios[len(ratios)/2], "x-median")
}
