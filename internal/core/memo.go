package core

import "sync"

// memo has what has been read or worked out before, by what it was asked with. The zero value is empty, and
// any number of goroutines may share it.
type memo[K comparable, V any] struct {
	mu    sync.RWMutex // guards known
	known map[K]V
}

// mostKnown bounds a memo; after so many entries it begins anew.
const mostKnown = 10_000

// get is the zero value for what is not known.
func (m *memo[K, V]) get(k K) V {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.known[k]
}

// put returns what was known before.
func (m *memo[K, V]) put(k K, v V) (before V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, again := m.known[k]
	if m.known == nil || !again && len(m.known) >= mostKnown {
		m.known = map[K]V{}
	}
	m.known[k] = v
	return before
}

func (m *memo[K, V]) remove(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, k)
}
