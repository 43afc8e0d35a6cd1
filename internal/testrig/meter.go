package testrig

import "sync"

// Meter counts what some goroutines do, for others that wait until they have done so much.
type Meter struct {
	mu      sync.Mutex // guards n and stopped
	grown   sync.Cond
	n       int
	stopped bool
}

// NewMeter is a meter at 0.
func NewMeter() *Meter {
	m := &Meter{}
	m.grown.L = &m.mu
	return m
}

// Add counts one more.
func (m *Meter) Add() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	m.grown.Broadcast()
}

// Stop says that no more are to come.
func (m *Meter) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
	m.grown.Broadcast()
}

// More waits until n more were counted than now, and reports whether they were: not where
// no more are to come.
func (m *Meter) More(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.n + n
	for m.n < until && !m.stopped {
		m.grown.Wait()
	}
	return m.n >= until
}
