package core

import (
	"sync"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// creations are the authorities that are being read or created. The zero value has none.
type creations struct {
	mu  sync.Mutex // guards all
	all map[keystore.Ref]*creation
}

// creation is one of them. One caller does it, the others wait until done is closed.
type creation struct {
	done chan struct{} // closed when err is set
	err  error
}

// join returns the creation of an authority, and whether the caller is to do it.
func (s *creations) join(ref keystore.Ref) (c *creation, ours bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c = s.all[ref]; c != nil {
		return c, false
	}
	if s.all == nil {
		s.all = map[keystore.Ref]*creation{}
	}
	c = &creation{done: make(chan struct{})}
	s.all[ref] = c
	return c, true
}

// finish ends a creation, so that its callers go on.
func (s *creations) finish(ref keystore.Ref, c *creation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, ref)
	close(c.done)
}
