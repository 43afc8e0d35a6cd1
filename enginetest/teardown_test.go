package enginetest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func TestTestEndsWellWhereNothingIsLeft(t *testing.T) {
	r := recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		create(t, s, "alias/a")
		s.Load(t, enginetest.K1AES128, "000102030405060708090A0B0C0D0E0F")
	})
	if r.errors != nil || r.logs != nil {
		t.Errorf("errors %q, logs %q", r.errors, r.logs)
	}
}

func TestTestFailsWhereSomethingIsLeft(t *testing.T) {
	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		s.Arm(enginetest.Fault{Operation: "ExportKey", Effect: enginetest.AnswerLost})
	}), "a fault was not applied to any call: ExportKey (call 1), answer lost")

	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) { create(t, s, "") }),
		"a key in CREATE_COMPLETE is left without an alias: k1: P0 TDES_2KEY")

	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		k := create(t, s, "alias/a")
		s.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn})
	}), "an alias is left that points to no key in CREATE_COMPLETE: alias/a")

	done := make(chan struct{})
	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		s.Arm(enginetest.Fault{Effect: enginetest.Hangs})
		ctx, cancel := context.WithCancel(ctx)
		t.Cleanup(func() { cancel(); <-done })
		hangs := make(chan struct{})
		go func() {
			defer close(done)
			s.ListKeys(&waitedFor{Context: ctx, waits: sync.OnceFunc(func() { close(hangs) })}, nil)
		}()
		<-hangs
	}), "1 calls were under way")
}

// waitedFor is a context that reports that something waits for its end.
type waitedFor struct {
	context.Context
	waits func()
}

func (w *waitedFor) Done() <-chan struct{} {
	w.waits()
	return w.Context.Done()
}

func TestKeepNamesWhatMayBeLeft(t *testing.T) {
	o := &enginetest.Options{Keep: func(k enginetest.Key) bool { return k.Attributes.KeyUsage == apc.KeyUsageTR31P0PINEncryptionKey }}
	if r := recorded(o, func(_ *recorder, s *enginetest.Sim) { create(t, s, "") }); r.errors != nil {
		t.Errorf("a key that may be left: %q", r.errors)
	}
}

// keeping is a store that erases nothing: a deleted key's record has its sealed bytes still.
type keeping struct {
	keystore.Store
	first map[string][]byte
}

func (k *keeping) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	for i, c := range changes {
		if c.Put == nil || c.Put.Record.Kind != "key" {
			continue
		}
		if old := k.first[c.Put.Record.ID]; old != nil && c.Put.Record.Index == string(apc.KeyStateDeleteComplete) {
			put := *c.Put
			put.Record.Data = append(append([]byte(nil), put.Record.Data...), old...)
			changes[i].Put = &put
			continue
		}
		k.first[c.Put.Record.ID] = c.Put.Record.Data
	}
	return k.Store.Commit(ctx, id, changes...)
}

func TestSealedBytesOfADeletedKeyAreFound(t *testing.T) {
	store := &keeping{keystore.NewMemory(), map[string][]byte{}}
	r := recorded(&enginetest.Options{Store: store, Keep: enginetest.KeepAll}, func(_ *recorder, s *enginetest.Sim) {
		k := create(t, s, "")
		s.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn, DeleteKeyInDays: new(180)})
	})
	if len(r.errors) == 0 ||
		!strings.Contains(fmt.Sprint(r.errors), "its sealed bytes are still in the store") &&
			!strings.Contains(fmt.Sprint(r.errors), "looking for deleted keys") {
		t.Errorf("got %q", r.errors)
	}
}

func TestFailedTestLogsRefusalsAndSeed(t *testing.T) {
	r := recorded(&enginetest.Options{Seed: 42}, func(r *recorder, s *enginetest.Sim) {
		s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: "alias/none"})
		r.Errorf("the test's own")
	})
	logs := strings.Join(r.logs, "\n")
	for _, want := range []string{`GetKey {KeyIdentifier: "alias/none"}: GetKey: ResourceNotFoundException`,
		"ENGINETEST_SEED=42 repeats the simulator's part; "} {
		if !strings.Contains(logs, want) {
			t.Errorf("logs:\n%s\nwant %q", logs, want)
		}
	}
}
