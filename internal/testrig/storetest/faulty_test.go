package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
)

func TestFaultyFailsByPlan(t *testing.T) {
	ctx := context.Background()
	r := keystore.Record{Partition: keystore.Partition{Account: "1", Region: "r"}, Kind: "k", ID: "a"}
	usual := late
	defer func() { late = usual }()
	for _, c := range []struct {
		fault     Fault
		err       error
		meanwhile string // whether the record is there while the call is late
		there     bool   // afterwards
	}{{None, nil, "", true}, {FailBefore, ErrFault, "", false}, {FailAfter, ErrFault, "", true},
		{LateCall, nil, "no", true}, {LateAnswer, nil, "yes", true}, {LateFail, ErrFault, "yes", true}} {
		under, meanwhile := keystore.NewMemory(), ""
		exists := func() bool {
			found, err := under.Read(ctx, r.Ref())
			return err == nil && found[0].Record.Exists()
		}
		late = func() { meanwhile += map[bool]string{true: "yes", false: "no"}[exists()] }
		s := Faulty(under, Sometimes(1, 7, c.fault))
		if err := s.Commit(ctx, keystore.CommitID{1}, keystore.Create(r)); !errors.Is(err, c.err) || err == nil != (c.err == nil) ||
			meanwhile != c.meanwhile ||
			exists() != c.there {
			t.Errorf("fault %d: got %v, meanwhile %q, afterwards %t, want %+v", c.fault, err, meanwhile, exists(), c)
		}
		if found, err := s.Read(ctx, r.Ref()); !errors.Is(err, c.err) || (found == nil) != (c.err != nil) {
			t.Errorf("fault %d of Read: %v, %v, want %v", c.fault, found, err, c.err)
		}
	}
}

func TestPlansAreRepeatable(t *testing.T) {
	plan, again, seen := Sometimes(0.5, 7, FailBefore, FailAfter), Sometimes(0.5, 7, FailBefore, FailAfter), map[Fault]int{}
	for range 1000 {
		f := plan("Commit")
		if f != again("Commit") {
			t.Fatal("the same seed gives another plan")
		}
		seen[f]++
	}
	if seen[None] < 400 || seen[FailBefore] < 200 || seen[FailAfter] < 200 {
		t.Errorf("faults %v", seen)
	}
}
