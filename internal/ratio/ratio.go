// Package ratio states speed as a ratio against a floor that is measured in the
// same run, for benchmarks on machines that are busy.
package ratio

import (
	"slices"
	"testing"
	"time"
)

// Beside runs a floor and a subject in turns of batch calls each and reports how
// many times the floor the subject costs (x-floor): the median of the turns, so
// that a busy machine disturbs neither. The batch makes a turn long enough for
// the clock.
func Beside(b *testing.B, batch int, floor, subject func()) {
	took := func(f func()) float64 {
		start := time.Now()
		for range batch {
			f()
		}
		return float64(time.Since(start).Nanoseconds()) / float64(batch)
	}
	var floors, subjects, ratios []float64
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%batch != 0 {
			continue
		}
		f, s := took(floor), took(subject)
		floors, subjects, ratios = append(floors, f), append(subjects, s), append(ratios, s/f)
	}
	if len(ratios) == 0 {
		return // the first short run, which tells how many there will be
	}
	b.ReportMetric(median(subjects), "ns/subject")
	b.ReportMetric(median(floors), "ns/floor")
	b.ReportMetric(median(ratios), "x-floor")
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
