package core

import "testing"

func TestMemoIsBounded(t *testing.T) {
	var m memo[int, int]
	for i := range 3 * mostKnown {
		m.put(i, i)
		if got := m.get(i); got != i {
			t.Fatalf("%d: got %d", i, got)
		}
		if len(m.known) > mostKnown {
			t.Fatalf("%d entries, want at most %d", len(m.known), mostKnown)
		}
	}
	if m.put(3*mostKnown-1, 0); len(m.known) != mostKnown {
		t.Errorf("an entry that was there before, put into a full memo, leaves %d entries, want %d", len(m.known), mostKnown)
	}
	m.put(1, 1)
	if before := m.put(1, 2); before != 1 {
		t.Errorf("put again: got %d as the one before, want 1", before)
	}
	if m.remove(1); m.get(1) != 0 {
		t.Error("what was removed is there")
	}
}
