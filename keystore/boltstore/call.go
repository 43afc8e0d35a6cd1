package boltstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// view runs a function in one snapshot, in this goroutine. An error of the function
// is something wrong with the file.
func (s *Store) view(ctx context.Context, do func(tx *reader) error) (err error) {
	if err := s.usable(ctx); err != nil {
		return err
	}
	unlocked := true // bbolt holds none of its locks
	defer s.recovered(&unlocked, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tx := s.takeIdle()
	if tx == nil {
		// bbolt reads the meta pages with its locks held. If they are cut off, the fault
		// would leave them locked.
		if info, err := s.file.Stat(); err == nil && info.Size() < 2*pageSize {
			return s.breakDown(s.damaged(errors.New("its meta pages are cut off")))
		}
		unlocked = false
		begun, err := s.db.Begin(false)
		unlocked = true
		if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
			return keystore.ErrClosed
		}
		if err != nil {
			return fmt.Errorf("boltstore: %s: %w", s.path, err)
		}
		tx = &reader{Tx: begun}
	}
	defer s.giveIdle(tx)
	if err := do(tx); err != nil && ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		return s.damaged(err)
	}
	return nil
}

// update runs a function in a transaction, in this goroutine, which commits if the
// function returns nil. Other errors than those of a panic are the function's and
// bbolt's own.
func (s *Store) update(do func(tx *bolt.Tx) error) (err error) {
	unlocked := false
	defer s.recovered(&unlocked, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() {
		tx.Rollback() // does nothing after Commit
		unlocked = true
	}()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// usable reports why a call is refused.
func (s *Store) usable(ctx context.Context) error {
	if s.closed.Load() {
		return keystore.ErrClosed
	}
	if why := s.broken.Load(); why != nil {
		return *why
	}
	return ctx.Err()
}

// recovered ends a call in which bbolt panicked, or read a page that is
// not in the file. After that the file is neither read nor written.
func (s *Store) recovered(unlocked *bool, err *error) {
	if p := recover(); p != nil {
		s.stuck.Store(s.stuck.Load() || !*unlocked)
		*err = s.breakDown(s.damaged(fmt.Errorf("bbolt stopped with: %v", p)))
	}
}

// breakDown has every later call refused, with the first error that came to that.
func (s *Store) breakDown(why error) error {
	s.broken.CompareAndSwap(nil, &why)
	return *s.broken.Load()
}

// damaged is something wrong with the file.
func (s *Store) damaged(cause error) error {
	if !errors.Is(cause, ErrNewer) && !errors.Is(cause, ErrDamaged) {
		cause = fmt.Errorf("%w: %w", ErrDamaged, cause)
	}
	return fmt.Errorf("boltstore: %s: %w", s.path, cause)
}

// reader is a read transaction. One is kept for the next read, since to begin and end
// one costs more than a read in it: without, the engine's GetKey takes 2.8 times as
// long as a bare read of bbolt, and with it 1.9 times.
type reader struct {
	*bolt.Tx
	bucket *bolt.Bucket
}

func (r *reader) records() *bolt.Bucket {
	if r.bucket == nil {
		r.bucket = r.Bucket(bucketNames[records])
	}
	return r.bucket
}

// takeIdle returns the idle reader, or nil.
func (s *Store) takeIdle() (tx *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, s.idle = s.idle, nil
	return tx
}

// giveIdle keeps a reader of the newest snapshot, or ends it.
func (s *Store) giveIdle(tx *reader) {
	s.mu.Lock()
	if s.idle == nil && tx.ID() >= s.newest {
		s.idle, s.newest, tx = tx, tx.ID(), nil
	}
	s.mu.Unlock()
	if tx != nil {
		tx.Rollback()
	}
}

// endIdle ends the idle reader. From now on none is kept that is of an older
// transaction than this one: while a commit runs, none at all, so that it may map the
// file again. It returns what was set before.
func (s *Store) endIdle(newest int) (before int) {
	s.mu.Lock()
	tx := s.idle
	before, s.newest, s.idle = s.newest, newest, nil
	s.mu.Unlock()
	if tx != nil {
		tx.Rollback()
	}
	return before
}
