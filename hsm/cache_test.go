package hsm

import "testing"

// countedOpen is a key of which a test counts how often it is closed.
type countedOpen struct {
	Key
	closed int
}

func (k *countedOpen) Close() error { k.closed++; return nil }

// TestCacheKeepsOneKeyOfASeal: a key that a device opened under other attributes takes the place of
// the one before, which is closed once its last user has released it.
func TestCacheKeepsOneKeyOfASeal(t *testing.T) {
	c := newCache(2)
	add := func(id string, mode byte) (*prepared, *countedOpen) {
		key := &countedOpen{}
		return c.add(&prepared{key: key, attributes: Attributes{Mode: mode}, id: id}), key
	}
	first, firstKey := add("seal", 'B')
	second, secondKey := add("seal", 'D')
	if n := c.order.Len(); n != 1 || len(c.entries) != 1 {
		t.Errorf("one seal under two attributes: got %d keys in the order and %d entries, want 1 and 1", n, len(c.entries))
	}
	if firstKey.closed != 0 {
		t.Errorf("the key that is still used was closed %d times, want 0", firstKey.closed)
	}
	c.release(first)
	if firstKey.closed != 1 {
		t.Errorf("the key that was replaced and released was closed %d times, want 1", firstKey.closed)
	}
	for _, id := range []string{"another", "a third"} {
		p, _ := add(id, 'B')
		c.release(p)
	}
	c.release(second)
	if secondKey.closed != 1 {
		t.Errorf("the key that was dropped for others was closed %d times, want 1", secondKey.closed)
	}
	if got := c.find(KeyRef{Sealed: Sealed("another"), Attributes: Attributes{Mode: 'B'}}); got == nil {
		t.Error("a key among the last two was not found")
	}
	if n := c.order.Len(); n != len(c.entries) || n != 2 {
		t.Errorf("got %d keys in the order and %d entries, want 2 and 2", n, len(c.entries))
	}
}
