package keystore

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// fairMutex is a lock that a caller in a loop cannot keep from others. A goroutine that is woken up for a lock
// waits in the queue of the processor that has just unlocked it; while the garbage collector has the other
// processors, it waits there until the caller is preempted, which may take 10 ms. So a goroutine that unlocks
// lets the waiting ones run first.
type fairMutex struct {
	sync.RWMutex
	waiting atomic.Int32 // callers that found it locked
}

func (m *fairMutex) Lock() {
	if m.TryLock() {
		return
	}
	m.waiting.Add(1)
	m.RWMutex.Lock()
	m.waiting.Add(-1)
}

func (m *fairMutex) RLock() {
	if m.TryRLock() {
		return
	}
	m.waiting.Add(1)
	m.RWMutex.RLock()
	m.waiting.Add(-1)
}

func (m *fairMutex) Unlock() {
	m.RWMutex.Unlock()
	if m.waiting.Load() > 0 {
		runtime.Gosched()
	}
}
