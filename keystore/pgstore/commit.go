package pgstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Commit is one call of the function commit_2. The caller's context can cancel it until it has a
// connection; from then on the commit is finished or resolved.
func (s *Store) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	if err := wellFormed(id, changes); err != nil {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.calls.Done()
	c := &commit{id: id, changes: changes}
	c.values = c.parameters(s.schema)
	return s.make(ctx, c)
}

// commit is a commit under way.
type commit struct {
	id      keystore.CommitID
	changes []keystore.Change
	values  [][]byte // the parameters of commit_2
	lost    []keystore.CommitID

	outcome string // what commit_2 answered, and the number of the change, from 1 on
	change  int
}

// The parameters that differ between attempts.
const (
	attemptParameter = 1
	voidedParameter  = 2
)

// make attempts a commit until its outcome is known.
func (s *Store) make(ctx context.Context, c *commit) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	for again := (pause{}); ; {
		done, err := s.attempt(ctx, bounded, c)
		switch {
		case err == nil:
			return c.answer()
		case done == unsent && len(c.lost) == 0 && ctx.Err() != nil:
			return ctx.Err()
		case !mayRepeat(done, err) || !again.wait(bounded):
			e := stale("Commit", s.schema, err)
			e.Unknown = len(c.lost) > 0
			return e
		}
	}
}

// attempt asks for the commit, and voids the attempts that were lost. Until one
// of them has been sent the caller may call it off.
func (s *Store) attempt(ctx, bounded context.Context, c *commit) (step, error) {
	var attempt keystore.CommitID
	rand.Read(attempt[:])
	c.values[attemptParameter], c.values[voidedParameter] = attempt[:], idArray(c.lost)
	acquiring, cancel := bounded, context.CancelFunc(func() {})
	if deadline, _ := bounded.Deadline(); len(c.lost) == 0 {
		acquiring, cancel = context.WithDeadline(ctx, deadline)
	}
	defer cancel()
	done, err := s.once(acquiring, bounded, readWrite, []ask{{s.is.commit, c.values}}, func(_ int, row [][]byte) {
		c.outcome, c.change = string(row[0]), int(binary.BigEndian.Uint32(append(make([]byte, 4-len(row[1])), row[1]...)))
	})
	if err != nil && done == sent && !final(err) {
		c.lost = append(c.lost, attempt)
	}
	return done, err
}

// outcomes are the words of commit_2 for what the interface has errors for.
var outcomes = map[string]error{
	"made":    nil,
	"absent":  keystore.ErrNotFound,
	"exists":  keystore.ErrExists,
	"changed": keystore.ErrConflict,
	"ceiling": keystore.ErrCeiling,
	"mixed":   keystore.ErrInvalid,
}

// answer is the outcome as the interface has it.
func (c *commit) answer() error {
	err, known := outcomes[c.outcome]
	if err == nil && known {
		return nil
	}
	if !known || c.change < 1 || c.change > len(c.changes) {
		return &Error{Op: "Commit", Reason: fmt.Sprintf("commit_2 answered %q", c.outcome), Unknown: true}
	}
	ref, _ := c.changes[c.change-1].Target()
	if c.outcome == "mixed" {
		return fmt.Errorf("%w: %s %s is a counter or a record, not both", err, ref.Kind, ref.ID)
	}
	return fmt.Errorf("%w: %s %s", err, ref.Kind, ref.ID)
}

// parameters are those of commit_2, in its order.
func (c *commit) parameters(schema string) [][]byte {
	locks, shared := c.locks(schema)
	n := len(c.changes)
	ops, expects := newArray(pgtype.TextOID, n), newArray(uuid, n)
	keys, places, ids := newArray(bytea, n), newArray(bytea, n), newArray(bytea, n)
	idxs, byIdxs, datas := newArray(bytea, n), newArray(bytea, n), newArray(bytea, n)
	dues, deltas, ceilings := newArray(bigint, n), newArray(bigint, n), newArray(bigint, n)
	for i := range c.changes {
		change := &c.changes[i]
		ref, expect := change.Target()
		var r keystore.Record
		if change.Put != nil {
			r = change.Put.Record
		}
		ops.text(verb(change))
		keys.bytes(key(ref))
		places.bytes(place(ref.Partition))
		ids.text(ref.ID)
		idxs.text(r.Index)
		byIdxs.bytes(append(indexed(shelf(ref.Partition, ref.Kind), r.Index), ref.ID...))
		expects.id(expect)
		dues.instant(r.Due)
		datas.bytes(r.Data)
		deltas.added(change.Add, func(a *keystore.Add) int64 { return a.Delta })
		ceilings.added(change.Add, func(a *keystore.Add) int64 { return a.Ceiling })
	}
	return [][]byte{c.id[:], attemptParameter: nil, voidedParameter: nil, 3: locks, shared,
		ops, keys, places, ids, idxs, byIdxs, expects, dues, datas, deltas, ceilings}
}

// verb is the op of a change.
func verb(c *keystore.Change) string {
	switch {
	case c.Put != nil:
		return "put"
	case c.Remove != nil:
		return "remove"
	case c.Add != nil:
		return "add"
	}
	return "require"
}

// id appends a revision; the zero one, which is none, as null.
func (a *array) id(id keystore.CommitID) {
	if id == (keystore.CommitID{}) {
		a.null()
		return
	}
	a.bytes(id[:])
}

func idArray(ids []keystore.CommitID) array {
	a := newArray(uuid, len(ids))
	for _, id := range ids {
		a.id(id)
	}
	return a
}

// instant appends a due time in milliseconds; the zero one, never, as null.
func (a *array) instant(t time.Time) {
	if t.IsZero() {
		a.null()
		return
	}
	a.number(t.UnixMilli())
}

// added appends a number of an Add; of another change null.
func (a *array) added(add *keystore.Add, of func(*keystore.Add) int64) {
	if add == nil {
		a.null()
		return
	}
	a.number(of(add))
}
