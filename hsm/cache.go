package hsm

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/tr31"
)

// cache keeps a bounded number of prepared keys between calls and drops the least
// recently used first. One that is dropped while in use is closed by its last
// user.
type cache struct {
	size int

	mu      sync.Mutex // guards all below
	entries map[string]*list.Element
	order   *list.List // of *prepared, most recently used first
}

// prepared is an open key with the keys derived from it that every command needs.
type prepared struct {
	key        Key
	attributes Attributes
	id         string

	users atomic.Int64 // those that use it, and the cache while it has it; the last one closes it

	mu      sync.Mutex // guards kbpks and variant
	kbpks   map[tr31.Version]*protection
	variant *softwareKey // of a TDES base derivation key
}

func newCache(size int) *cache {
	return &cache{size: size}
}

// use returns the prepared key, which it opens if the cache does not have it, and
// counts the caller as a user. The caller calls release once.
func (h *HSM) use(ctx context.Context, k KeyRef) (*prepared, error) {
	if p := h.cache.find(k); p != nil {
		return p, nil
	}
	key, err := h.backend.Open(ctx, k.Sealed, k.Attributes)
	if err != nil {
		return nil, err
	}
	return h.cache.add(&prepared{key: key, attributes: k.Attributes, id: string(k.Sealed)}), nil
}

// find returns a key of the cache and counts the caller as a user; nil if it has
// none. A key that is wanted with other attributes is not found: the device
// decides on it.
func (c *cache) find(k KeyRef) *prepared {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[string(k.Sealed)]
	if !ok || e.Value.(*prepared).attributes != k.Attributes {
		return nil
	}
	c.order.MoveToFront(e)
	p := e.Value.(*prepared)
	p.users.Add(1)
	return p
}

// add puts a key that was just opened into the cache and counts the caller as a
// user. If another goroutine was faster, its key is used and this one closed.
func (c *cache) add(p *prepared) *prepared {
	c.mu.Lock()
	var closing []*prepared
	defer func() { c.mu.Unlock(); closeAll(closing) }()
	if c.entries == nil {
		c.entries, c.order = map[string]*list.Element{}, list.New()
	}
	if e, ok := c.entries[p.id]; ok {
		if winner := e.Value.(*prepared); winner.attributes == p.attributes {
			closing = append(closing, p)
			winner.users.Add(1)
			return winner
		}
		if old := c.drop(e); old != nil { // the same seal with other attributes
			closing = append(closing, old)
		}
	}
	p.users.Store(2) // the caller and the cache
	c.entries[p.id] = c.order.PushFront(p)
	for c.order.Len() > c.size {
		if old := c.drop(c.order.Back()); old != nil {
			closing = append(closing, old)
		}
	}
	return p
}

// release ends a use.
func (c *cache) release(p *prepared) {
	if p.users.Add(-1) == 0 {
		p.close()
	}
}

// forget drops a key.
func (c *cache) forget(s Sealed) {
	c.mu.Lock()
	var idle *prepared
	if e, ok := c.entries[string(s)]; ok {
		idle = c.drop(e)
	}
	c.mu.Unlock()
	if idle != nil {
		idle.close()
	}
}

// clear drops all keys.
func (c *cache) clear() {
	c.mu.Lock()
	var closing []*prepared
	for c.order != nil && c.order.Len() > 0 {
		if old := c.drop(c.order.Back()); old != nil {
			closing = append(closing, old)
		}
	}
	c.mu.Unlock()
	closeAll(closing)
}

// drop removes an entry, under c.mu, and returns its key if it has no user.
func (c *cache) drop(e *list.Element) *prepared {
	p := c.order.Remove(e).(*prepared)
	delete(c.entries, p.id)
	if p.users.Add(-1) > 0 {
		return nil
	}
	return p
}

func closeAll(ps []*prepared) {
	for _, p := range ps {
		p.close()
	}
}

func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.kbpks {
		k.close()
	}
	if p.variant != nil {
		p.variant.Close()
	}
	p.kbpks, p.variant = nil, nil
	p.key.Close()
}
