package storetest

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Pair is a record and a step of a counter, which are there together or not.
func Pair(p keystore.Partition, id string) []keystore.Change {
	return []keystore.Change{
		keystore.Create(keystore.Record{Partition: p, Kind: "key", ID: id, Index: "index", Data: make([]byte, 500)}),
		keystore.Count(pairCounter(p), 1, 1<<40),
	}
}

func pairCounter(p keystore.Partition) keystore.Ref {
	return keystore.Ref{Partition: p, Kind: "counter", ID: "n"}
}

// CheckPairs compares the pairs of a partition with those that were acknowledged: they are all
// there, no others are there but those of unknown outcome, and the counter has their number.
func CheckPairs(t *testing.T, s keystore.Store, p keystore.Partition, acked, unknown []string) {
	t.Helper()
	there := map[string]bool{}
	for after := ""; ; {
		page, err := s.Page(ctx, p, "key", keystore.Filter{}, after, 1000)
		if err != nil {
			t.Fatalf("Page: %v", err)
		}
		for _, r := range page {
			there[r.ID], after = true, r.ID
		}
		if len(page) < 1000 {
			break
		}
	}
	total := int64(len(there))
	for _, id := range acked {
		if !there[id] {
			t.Errorf("%s was acknowledged and is not there", id)
		}
		delete(there, id)
	}
	for _, id := range unknown {
		delete(there, id)
	}
	if len(there) > 0 {
		t.Errorf("there, though no error said that it might be: %v", there)
	}
	found, err := s.Read(ctx, pairCounter(p))
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if n := keystore.CounterValue(found[0].Record); n != total {
		t.Errorf("%d records, and the counter is at %d", total, n)
	}
}
