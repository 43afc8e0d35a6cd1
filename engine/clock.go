package engine

import (
	"sync"
	"time"
)

// Clock is a clock that a test sets: Options{Now: clock.Now}. It does not run by itself. Goroutines may share one; the zero Clock begins at
// 1 January 2026, 00:00 UTC.
type Clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

// NewClock is a clock that begins at a time.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

var clockStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Now is the time on the clock.
func (clock *Clock) Now() time.Time {
	clock.mu.Lock()
	defer clock.mu.Unlock()
	return clock.read()
}

func (clock *Clock) read() time.Time {
	if clock.now.IsZero() {
		clock.now = clockStart
	}
	return clock.now
}

// Advance moves the clock; a negative duration sets it back.
func (clock *Clock) Advance(d time.Duration) {
	clock.mu.Lock()
	defer clock.mu.Unlock()
	clock.now = clock.read().Add(d)
}

// Set sets the clock to a time.
func (clock *Clock) Set(t time.Time) {
	clock.mu.Lock()
	defer clock.mu.Unlock()
	clock.now = t
}
