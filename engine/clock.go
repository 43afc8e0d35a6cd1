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
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *Clock) read() time.Time {
	if c.now.IsZero() {
		c.now = clockStart
	}
	return c.now
}

// Advance moves the clock; a negative duration sets it back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.read().Add(d)
}

// Set sets the clock to a time.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}
