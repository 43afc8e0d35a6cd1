package keystoretest_test

import (
	"context"
	"errors"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
	"testing"
)

func TestFaultyIsLateByPlan(t *testing.T) {
	ctx := context.Background()
	r := keystore.Record{Partition: keystore.Partition{Account: "1", Region: "r"}, Kind: "k", ID: "a"}
	for _, c := range []struct {
		fault keystoretest.Fault
		there bool // while the call is late
		err   error
	}{{keystoretest.LateCall, false, nil}, {keystoretest.LateAnswer, true, nil}, {keystoretest.LateFail, true, keystoretest.ErrFault}} {
		under, waited := keystore.NewMemory(), 0
		s := keystoretest.Wrap(under, keystoretest.Among(1, 7, c.fault))
		s.Wait = func() {
			waited++
			found, err := under.Read(ctx, r.Ref())
			if err != nil || found[0].Record.Exists() != c.there {
				t.Errorf("fault %d: meanwhile %+v, %v", c.fault, found, err)
			}
		}
		if err := s.Commit(ctx, keystore.CommitID{1}, keystore.Create(r)); !errors.Is(err, c.err) || waited != 1 {
			t.Errorf("fault %d: %v, after waiting %d times", c.fault, err, waited)
		}
		if found, err := under.Read(ctx, r.Ref()); err != nil || !found[0].Record.Exists() {
			t.Errorf("after fault %d: %+v, %v", c.fault, found, err)
		}
	}
}

func TestFaultyFailsByPlan(t *testing.T) {
	ctx := context.Background()
	r := keystore.Record{Partition: keystore.Partition{Account: "1", Region: "r"}, Kind: "k", ID: "a"}
	fault := keystoretest.None
	s := keystoretest.Wrap(keystore.NewMemory(), func(string) keystoretest.Fault { return fault })
	id := keystore.CommitID{1}
	for _, c := range []struct {
		fault keystoretest.Fault
		there bool
	}{{keystoretest.FailBefore, false}, {keystoretest.FailAfter, true}} {
		fault = c.fault
		if err := s.Commit(ctx, id, keystore.Create(r)); !errors.Is(err, keystoretest.ErrFault) {
			t.Errorf("fault %d: %v", c.fault, err)
		}
		if _, err := s.Read(ctx, r.Ref()); !errors.Is(err, keystoretest.ErrFault) {
			t.Errorf("fault %d of Read: %v", c.fault, err)
		}
		fault = keystoretest.None
		found, err := s.Read(ctx, r.Ref())
		if err != nil || found[0].Record.Exists() != c.there {
			t.Errorf("after fault %d: %+v, %v", c.fault, found, err)
		}
	}
	if err := s.Commit(ctx, id, keystore.Create(r)); err != nil {
		t.Errorf("asked again: %v", err)
	}
	plan, again := keystoretest.Sometimes(0.5, 7), keystoretest.Sometimes(0.5, 7)
	seen := map[keystoretest.Fault]int{}
	for range 1000 {
		f := plan("Commit")
		if f != again("Commit") {
			t.Fatal("the same seed gives another plan")
		}
		seen[f]++
	}
	if seen[keystoretest.None] < 400 || seen[keystoretest.FailBefore] < 200 || seen[keystoretest.FailAfter] < 200 || plan("Read") != keystoretest.None {
		t.Errorf("faults %v", seen)
	}
}
