package keystoretest

import (
	"errors"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// handle is one of several on a store in memory: closing it keeps the store for
// the others, and to the one that opens it again.
type handle struct {
	storetest.Hooked
	closed atomic.Bool
	cuts   atomic.Int64
}

var errCut = errors.New("the connection was lost")

func newHandle(memory keystore.Store) *handle {
	h := &handle{}
	h.Store = memory
	h.Around = func(_ string, call func() error) error {
		if h.closed.Load() {
			return keystore.ErrClosed
		}
		cuts := h.cuts.Load()
		err := call()
		if cuts > 0 { // give the others time to cut
			time.Sleep(moment)
		}
		if h.cuts.Load() != cuts {
			return errCut
		}
		return err
	}
	h.OnClose = func() error { h.closed.Store(true); return nil }
	return h
}

// handleOf is the handle below what breaks it.
func handleOf(s keystore.Store) *handle { return s.(*storetest.Hooked).Store.(*handle) }

// wrong puts something wrong with a store.
type wrong func(*storetest.Hooked)

// shared is a kind of store with every option. The first handle is broken by one
// function and all others by another; nil breaks nothing.
func shared(t testing.TB, first, others wrong) *subject {
	open := func(memory keystore.Store, put wrong) keystore.Store {
		b := &storetest.Hooked{Store: newHandle(memory)}
		if put != nil {
			put(b)
		}
		return b
	}
	again := func(_ testing.TB, s keystore.Store) keystore.Store { return open(handleOf(s).Store, others) }
	return &subject{T: t, New: func(testing.TB) keystore.Store { return open(keystore.NewMemory(), first) }, Options: Options{
		Again: again, Second: again, Cut: func(_ testing.TB, s keystore.Store) { handleOf(s).cuts.Add(1) },
	}}
}

func intact(t *testing.T) *subject { return shared(t, nil, nil) }

// TestEveryCaseCatchesItsBrokenStores: no case passes whatever the store does.
func TestEveryCaseCatchesItsBrokenStores(t *testing.T) {
	broken := promise.Broken[*subject]{}
	add := func(all map[string]map[string]wrong, first func(wrong) wrong) {
		for name, wrongs := range all {
			broken[name] = map[string]func(*testing.T) *subject{}
			for how, put := range wrongs {
				broken[name][how] = func(t *testing.T) *subject { return shared(t, first(put), put) }
			}
		}
	}
	each := maps.Clone(readBreaks)
	for _, more := range []map[string]map[string]wrong{listBreaks, commitBreaks, lifeBreaks, handleBreaks} {
		maps.Copy(each, more)
	}
	add(each, func(put wrong) wrong { return put })
	add(laterBreaks, func(wrong) wrong { return nil })
	promise.CheckCases(t, cases(), broken)
}

func TestPromisesAreThoseOfTheInterface(t *testing.T) {
	promise.CheckQuotes(t, cases(), "../keystore.go")
}

func TestIntactStorePasses(t *testing.T) {
	s := intact(t)
	Run(t, s.New, &s.Options)
}
