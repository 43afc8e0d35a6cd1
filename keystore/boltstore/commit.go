package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

// maxGroup is how many commits share a transaction at most.
const maxGroup = 256

// request is a commit that waits for its turn.
type request struct {
	id      keystore.CommitID
	changes []keystore.Change
	err     error
	done    chan struct{} // closed when err is the answer
}

// Commit makes the changes, or none. It returns when they are on the disk. Commits
// that wait share the next transaction and its syncs; each is checked on its own,
// and one that is refused changes nothing.
//
// After an error that is none of keystore's, the outcome is unknown until the commit is asked for
// again with the same CommitID. If a transaction failed after its meta page was written, every later
// call of this Store is refused: close it, open the file again and ask for the commit there.
func (s *Store) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	if err := keystore.WellFormed(id, changes); err != nil {
		return err
	}
	if err := s.usable(ctx); err != nil {
		return err
	}
	r := &request{id: id, changes: changes, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, r)
	s.mu.Unlock()
	for {
		select {
		case <-r.done:
			return r.err
		case s.turn <- struct{}{}:
			s.commitWaiting()
			<-s.turn
		case <-ctx.Done():
			if s.leave(r) {
				return ctx.Err()
			}
			<-r.done // it has begun
		}
	}
}

// leave takes a request back, unless its commit has begun.
func (s *Store) leave(r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.waiting)
	s.waiting = slices.DeleteFunc(s.waiting, func(w *request) bool { return w == r })
	return len(s.waiting) < n
}

// commitWaiting answers the requests that wait, in the order in which they came, or
// as many as a group may have.
func (s *Store) commitWaiting() {
	s.mu.Lock()
	group := slices.Clone(s.waiting[:min(len(s.waiting), maxGroup)])
	s.waiting = slices.Delete(s.waiting, 0, len(group))
	s.mu.Unlock()
	if len(group) == 0 {
		return
	}
	err := s.commitGroup(group)
	for _, r := range group {
		if err != nil {
			r.err = err // one that was refused was compared with changes that may be gone
		}
		close(r.done)
	}
}

// commitGroup makes the commits of a group in one transaction, and notes why one is
// refused. Its error is that of all of them.
func (s *Store) commitGroup(group []*request) error {
	if err := s.usable(context.Background()); err != nil {
		return err
	}
	size, err := s.inPlace()
	if err != nil {
		return err
	}
	number, newest := 0, s.endIdle(math.MaxInt)
	defer func() { s.endIdle(newest) }()
	err = s.update(func(tx *bolt.Tx) error {
		t, err := openTables(tx)
		if err == nil && tx.Size() > size {
			err = errors.New("it was cut off while it was open")
		}
		if err != nil {
			return s.breakDown(s.damaged(err))
		}
		number = tx.ID()
		return s.commitAll(t, group)
	})
	switch {
	case err == nil:
		newest = number
		return nil
	case errors.Is(err, errNothing):
		return nil
	case s.broken.Load() != nil:
		return err
	}
	return s.outcome(number, fmt.Errorf("boltstore: %s: %w", s.path, err))
}

func (s *Store) commitAll(t *tables, group []*request) error {
	before := len(t.recent)
	for _, r := range group {
		refused, failed := t.commit(r.id, r.changes)
		if failed != nil {
			return failed
		}
		if r.err = refused; errors.Is(refused, errRecord) {
			r.err = s.damaged(refused)
		}
	}
	if len(t.recent) == before {
		return errNothing
	}
	t.clean = false
	return t.save()
}

// outcome reports the failure of a transaction. bbolt may have written the meta page
// that makes it real, and failed to have it synced. Before it is on the disk, the
// pages that the transaction freed must not be written: from then on nothing is.
func (s *Store) outcome(number int, cause error) error {
	newest := number
	err := s.view(context.Background(), func(tx *reader) error {
		newest = tx.ID()
		return nil
	})
	if err == nil && newest < number {
		return cause // nothing was done
	}
	return s.breakDown(fmt.Errorf("%w; whether it took effect is not known until the file is opened again", cause))
}

// inPlace reports as ErrReplaced that the file has lost its name. It returns the
// length of the file.
func (s *Store) inPlace() (size int64, err error) {
	open, err := s.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("boltstore: %w", err)
	}
	named, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(open, named) {
		return 0, fmt.Errorf("boltstore: %s: %w", s.path, ErrReplaced)
	}
	return open.Size(), nil
}
