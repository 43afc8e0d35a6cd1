package keystore

import (
	"runtime"
	"testing"
)

// TestUnlockGivesWayToWaiters has one processor, on which a goroutine that waits for the lock runs only when
// the other one gives way, which locks it again at once. A thousand times take much less than the time after
// which it would be preempted; once is not enough, since the race detector makes the order of goroutines random.
func TestUnlockGivesWayToWaiters(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, lock := range map[string]func(m *fairMutex) (unlock func()){
		"a writer": func(m *fairMutex) func() { m.Lock(); return m.Unlock },
		"a reader": func(m *fairMutex) func() { m.RLock(); return m.RUnlock },
	} {
		var m fairMutex
		had := false
		m.Lock()
		go func() {
			unlock := lock(&m)
			had = true
			unlock()
		}()
		for m.waiting.Load() == 0 {
			runtime.Gosched()
		}
		for range 1000 {
			m.Unlock()
			m.Lock()
		}
		if !had {
			t.Errorf("%s that waited did not get the lock in a thousand turns", name)
		}
		m.Unlock()
	}
}
