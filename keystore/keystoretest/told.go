package keystoretest

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// What the cases are told in.

var (
	ctx  = context.Background()
	here = keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	away = keystore.Partition{Account: "444455556666", Region: "eu-west-1"}
)

const kind keystore.Kind = "thing"

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// How much the cases do. A commit may take a few milliseconds, where it waits
// for a disk; what is a crowd's may be done together.
const (
	crowdSize    = 16  // goroutines
	remembered   = 999 // commits after which one is still known
	rounds       = 16  // of a race
	snapshots    = 100 // commits under the eyes of readers
	patience     = 30 * time.Second
	shortDivisor = 4
)

// few is n, or less of it in a short test.
func few(n int) int {
	if testing.Short() {
		return (n + shortDivisor - 1) / shortDivisor
	}
	return n
}

var lastID atomic.Uint64

// newID is a commit id that has not been.
func newID() (id keystore.CommitID) {
	binary.LittleEndian.PutUint64(id[:], lastID.Add(1))
	binary.BigEndian.PutUint64(id[8:], uint64(time.Now().UnixNano())) // for stores that outlive the process
	return id
}

func thing(id, data string) keystore.Record {
	return keystore.Record{Partition: here, Kind: kind, ID: id, Data: []byte(data)}
}

func with(r keystore.Record, data string) keystore.Record { r.Data = []byte(data); return r }

func counter(id string) keystore.Ref { return keystore.Ref{Partition: here, Kind: "counter", ID: id} }

// commit must succeed.
func commit(t T, s keystore.Store, changes ...keystore.Change) keystore.CommitID {
	t.Helper()
	id := newID()
	if err := s.Commit(ctx, id, changes...); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return id
}

func read(t T, s keystore.Store, ref keystore.Ref) keystore.Found {
	t.Helper()
	found, err := s.Read(ctx, ref)
	if err != nil || len(found) != 1 {
		t.Fatalf("Read %s: %d answers, %v", ref.ID, len(found), err)
	}
	return found[0]
}

func get(t T, s keystore.Store, id string) keystore.Record {
	t.Helper()
	return read(t, s, thing(id, "").Ref()).Record
}

func value(t T, s keystore.Store, id string) int64 {
	t.Helper()
	return keystore.CounterValue(read(t, s, counter(id)).Record)
}

// crowd runs goroutines until all are done.
func crowd(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// until has lookers call look over and over while do runs, at least once each,
// as long as look returns true.
func until(lookers int, do func(), look func() bool) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range lookers {
		wg.Go(func() {
			for look() {
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	defer wg.Wait() // also when do ends the test
	defer close(done)
	do()
}

// within says whether do has ended before patience did.
func within(do func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return true
	case <-time.After(patience):
		return false
	}
}

// named says whether an error is one that the interface names, so that the
// outcome of a commit is known by it.
func named(err error) bool {
	for _, known := range []error{keystore.ErrNotFound, keystore.ErrExists, keystore.ErrConflict, keystore.ErrCeiling, keystore.ErrInvalid, keystore.ErrClosed} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
