package boltstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// maxGroup is how many commits share a transaction at most.
const maxGroup = 256

// request is a commit that is asked for.
type request struct {
	id      keystore.CommitID
	changes []keystore.Change
	err     error
	wake    chan bool // true: lead the next group; false: err is the answer
}

// queue lets one commit lead at a time. Those that come meanwhile wait, and
// the next leader takes them along: nobody waits for company, and while the
// disk is busy a group gathers by itself.
type queue struct {
	mu      sync.Mutex // guards what follows
	led     bool
	waiting []*request
}

// join makes a request the leader, or makes it wait its turn. It is true for
// one that must lead, with those it takes along.
func (q *queue) join(ctx context.Context, r *request) (group []*request, leads bool, err error) {
	q.mu.Lock()
	if !q.led {
		q.led = true
		q.mu.Unlock()
		return []*request{r}, true, nil
	}
	r.wake = make(chan bool, 1)
	q.waiting = append(q.waiting, r)
	q.mu.Unlock()
	select {
	case leads = <-r.wake:
	case <-ctx.Done():
		if q.leave(r) {
			return nil, false, ctx.Err()
		}
		leads = <-r.wake // it has begun
	}
	if !leads {
		return nil, false, r.err
	}
	return q.gather(r), true, nil
}

// leave takes a request out of the queue, unless it has been taken already.
func (q *queue) leave(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, r)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// gather is the leader's group: itself and who waits.
func (q *queue) gather(leader *request) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxGroup-1)
	group := append([]*request{leader}, q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// pass answers the leader's group and makes the next in the queue the leader.
func (q *queue) pass(group []*request) {
	for _, r := range group[1:] {
		r.wake <- false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.led = false
		return
	}
	next := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	next.wake <- true
}

// Commit makes the changes, or none. It returns when they are on the disk.
// Waiting commits share one transaction and its syncs; each is judged on its
// own, and one that is refused leaves nothing behind.
//
// After an error that is none of keystore's, the outcome is unknown until the
// same CommitID is asked again.
func (s *Store) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	if err := wellFormed(id, changes); err != nil {
		return err
	}
	if s.closed.Load() {
		return keystore.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{id: id, changes: changes}
	group, leads, err := s.queue.join(ctx, r)
	if !leads {
		return err
	}
	defer s.queue.pass(group)
	s.commitGroup(group)
	return r.err
}

// commitGroup answers each request of a group. It runs for one leader at a
// time.
func (s *Store) commitGroup(group []*request) {
	err := s.guarded("Commit", func() error {
		s.pause()
		defer s.resume()
		if err := s.settle(); err != nil {
			return err
		}
		made, err := s.attempt(group)
		if err == nil {
			s.log.add(made)
			return nil
		}
		return s.resolve(group, err)
	})
	if err != nil {
		for _, r := range group {
			r.err = err
		}
	}
}

// attempt makes a group's commits in one transaction, and answers those that
// were refused. It returns the ids of those that took effect.
func (s *Store) attempt(group []*request) (made []keystore.CommitID, err error) {
	tx, err := s.db.Begin(true)
	if err != nil {
		return nil, s.failed("Commit", err)
	}
	done := false
	defer func() {
		if !done {
			tx.Rollback()
		}
	}()
	t := tablesOf(tx)
	for _, r := range group {
		if s.log.has(r.id) || slices.Contains(made, r.id) {
			r.err = nil
			continue
		}
		if r.err = s.commitOne(t, r); r.err == nil {
			made = append(made, r.id)
		} else if broken := (*writeError)(nil); errors.As(r.err, &broken) {
			return nil, s.failed("Commit", broken.err)
		}
	}
	if len(made) == 0 {
		return nil, nil
	}
	if err := s.log.write(t, made); err != nil {
		return nil, s.failed("Commit", err)
	}
	done = true // bbolt rolls back what it cannot commit
	if err := tx.Commit(); err != nil {
		s.unsettled = true
		return nil, s.failed("Commit", err)
	}
	return made, nil
}

// writeError is a change that was judged and could not be made: what it has
// made by then must go with the transaction.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// commitOne judges all of a commit's changes, then makes them.
func (s *Store) commitOne(t *tables, r *request) error {
	places := make([]place, len(r.changes))
	for i := range r.changes {
		var err error
		if places[i], err = s.judge(t, &r.changes[i]); err != nil {
			return err
		}
	}
	for i := range r.changes {
		if err := t.apply(&r.changes[i], &places[i], r.id); err != nil {
			return &writeError{err}
		}
	}
	return nil
}

// resolve finds out what became of a group whose transaction failed. Where the
// file can be settled, those commits that are in it have taken effect and the
// others have not; all else stays unknown. One that was refused was judged
// beside commits that may be gone, and is told of the failure as well.
func (s *Store) resolve(group []*request, cause error) error {
	if !s.unsettled {
		return cause
	}
	if err := s.settle(); err != nil {
		return fmt.Errorf("%w; whether it took effect is not known: %w", cause, err)
	}
	for _, r := range group {
		if r.err = cause; s.log.has(r.id) {
			r.err = nil
		}
	}
	return nil
}

// settle ends what a failed transaction began. bbolt may have written the page
// that makes a transaction real without having had it synced: until it is, the
// pages which the transaction has freed must not be written.
func (s *Store) settle() error {
	if !s.unsettled {
		return nil
	}
	if err := s.rewriteMeta(); err != nil {
		return s.failed("Commit", err)
	}
	if err := s.loadLog(); err != nil {
		return err
	}
	s.snapshots.Lock() // all who read a snapshot of before have ended
	s.unsettled = false
	s.snapshots.Unlock()
	return nil
}
