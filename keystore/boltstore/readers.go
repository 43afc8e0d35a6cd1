package boltstore

import (
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// maxReaders is how many read transactions are kept for the next reads.
const maxReaders = 16

// reader is a read transaction with the bucket that reads want. Beginning one
// costs more than a read in it.
type reader struct {
	tx      *bolt.Tx
	records *bolt.Bucket
	age     uint64 // of the snapshot, in commits
}

// readers are transactions between two reads. All are of the newest snapshot: a
// commit ends them before it begins, so that none keeps pages from being used
// again or the mapping from growing, and what begins meanwhile is not kept.
type readers struct {
	mu     sync.Mutex // guards what follows
	idle   []reader
	age    uint64
	paused bool // a commit is under way, or the store is closed
}

// take is a reader of the newest snapshot.
func (s *Store) take() (reader, error) {
	r := &s.readers
	r.mu.Lock()
	if n := len(r.idle); n > 0 {
		one := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return one, nil
	}
	age := r.age
	r.mu.Unlock()
	tx, err := s.snapshot("Read")
	if err != nil {
		return reader{}, err
	}
	return reader{tx, tx.Bucket(bucketRecords), age}, nil
}

// snapshot begins a read transaction. bbolt reads the meta pages with its locks
// held: if they are cut off, the fault would leave those behind.
func (s *Store) snapshot(what string) (*bolt.Tx, error) {
	if info, err := s.file.Stat(); err == nil && info.Size() < s.metas {
		return nil, fmt.Errorf("%w: %s: its meta pages are cut off", ErrDamaged, s.path)
	}
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, s.failed(what, err)
	}
	return tx, nil
}

// give keeps a reader for the next read, or ends it.
func (s *Store) give(one reader) {
	r := &s.readers
	r.mu.Lock()
	keep := !r.paused && one.age == r.age && len(r.idle) < maxReaders
	if keep {
		r.idle = append(r.idle, one)
	}
	r.mu.Unlock()
	if !keep {
		one.tx.Rollback()
	}
}

// pause ends the idle readers and keeps none until resume. Those of a file in
// which bbolt lost its way are let go of: it may hold the lock that they need.
func (s *Store) pause() {
	r := &s.readers
	r.mu.Lock()
	idle := r.idle
	r.idle, r.paused = nil, true
	r.age++
	r.mu.Unlock()
	if s.dead.Load() != nil {
		return
	}
	for _, one := range idle {
		one.tx.Rollback()
	}
}

// resume keeps the readers that begin from now on, unless the store is closed.
func (s *Store) resume() {
	r := &s.readers
	r.mu.Lock()
	r.age++
	r.paused = s.closed.Load()
	r.mu.Unlock()
}
