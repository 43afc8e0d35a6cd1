// Package ratio states speed as a ratio against a floor that is measured in the
// same run, for benchmarks on machines that are busy.
package ratio

import (
	"math"
	"runtime"
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
	turns(b, batch, floor, subject)
}

// Bar is Beside for a bar of 1.5 times the floor and some time more. It also reports the part of
// the bar that the subject takes in the median turn (x-bar) and how often both allocate.
func Bar(b *testing.B, batch int, more time.Duration, floor, subject func()) {
	var parts []float64
	for _, t := range turns(b, batch, floor, subject) {
		parts = append(parts, t.subject/(1.5*t.floor+float64(more.Nanoseconds())))
	}
	if len(parts) == 0 {
		return
	}
	slices.Sort(parts)
	b.ReportMetric(parts[len(parts)/2], "x-bar")
	b.ReportMetric(testing.AllocsPerRun(10, subject), "allocs/subject")
	b.ReportMetric(testing.AllocsPerRun(10, floor), "allocs/floor")
}

// turn is the nanoseconds of one call of each.
type turn struct{ floor, subject float64 }

func turns(b *testing.B, batch int, floor, subject func()) (out []turn) {
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
		t := turn{took(floor), took(subject)}
		floors, subjects, ratios = floors+t.floor, subjects+t.subject, append(ratios, t.subject/t.floor)
		out = append(out, t)
	}
	if len(ratios) == 0 {
		return nil // the first short run, which measures how many there will be
	}
	slices.Sort(ratios)
	b.ReportMetric(subjects/float64(len(ratios)), "ns/subject")
	b.ReportMetric(floors/float64(len(ratios)), "ns/floor")
	b.ReportMetric(subjects/floors, "x-floor")
	b.ReportMetric(ratios[len(ratios)/2], "x-median")
	return out
}

// Growth is how many times as long large takes as small, by the time of the processor and the fastest of five turns
// each: a busy machine does not change it much. A test that expects work to grow with the size of its input, and not with
// the square, takes a large one of 16 times the size and allows 64.
func Growth(small, large func()) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took := func(f func()) time.Duration {
		begun := processorTime()
		f()
		return processorTime() - begun
	}
	least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for range 5 {
		least[0], least[1] = min(least[0], took(small)), min(least[1], took(large))
	}
	return float64(least[1]) / float64(max(least[0], time.Microsecond))
}
