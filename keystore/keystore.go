// Package keystore stores the engine's data: keys, aliases, tags and counters,
// as records whose content only the engine reads.
//
// A [Store] has four operations: read some records in one snapshot, page through the records of a
// kind in the order of their ids, find the records that are due, and commit changes, all or none.
// [NewMemory] is the store that needs no dependency.
package keystore

import (
	"context"
	"errors"
	"time"
)

// Failures of a Store. Anything else that it returns means that the store
// could not be reached or could not do its work; after Commit, that the
// outcome is unknown and that the same CommitID may be asked again.
var (
	// ErrNotFound: a record that a change needs is not there.
	ErrNotFound = errors.New("keystore: no such record")
	// ErrExists: a record that a change would create is there already.
	ErrExists = errors.New("keystore: record exists")
	// ErrConflict: a record has another revision than the change expected.
	ErrConflict = errors.New("keystore: record has changed")
	// ErrCeiling: a counter would pass its ceiling or fall below zero.
	ErrCeiling = errors.New("keystore: counter at its ceiling")
	// ErrInvalid: the call itself is malformed (no id, a limit of zero, two changes of one record).
	// Nothing was changed; the same call will fail again.
	ErrInvalid = errors.New("keystore: malformed call")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("keystore: store is closed")
)

// CommitID names one commit: 16 random bytes drawn by the caller. As a
// record's revision it says which commit last wrote the record; it is only
// compared for equality. The zero value means "no record".
type CommitID [16]byte

// Partition is the account and Region that a record belongs to, taken from
// the resource's ARN and not from the caller.
type Partition struct{ Account, Region string }

// Kind is a record kind. It is a short word chosen by the engine ("key", "alias") and has no
// meaning for a store; records of different kinds may have the same id.
type Kind string

// Ref names one record.
type Ref struct {
	Partition Partition
	Kind      Kind
	ID        string
	// Follow, when not empty, asks for a second record as well: the one of
	// this kind, in the same partition, whose ID is the Index of the first.
	// An alias is followed to its key in the same snapshot.
	Follow Kind
}

// Record is one stored record.
//
// Data and the strings belong to the store once given and are shared once
// returned: neither the store nor a caller changes the bytes of Data afterwards.
type Record struct {
	Partition Partition
	Kind      Kind
	ID        string    // 1 to 512 bytes; pages are in the byte order of ids
	Rev       CommitID  // the commit that last wrote the record; zero: there is none
	Due       time.Time // when it is due, for [Store.Due] (cut to milliseconds); zero: never
	Index     string    // what Page can filter by and Read can follow; may be empty
	Data      []byte    // the engine's own
}

// Exists reports whether the record was found.
func (r Record) Exists() bool { return r.Rev != CommitID{} }

// Found is the answer to one Ref.
type Found struct {
	Record   Record  // Exists is false where there is none
	Followed *Record // the record followed to; nil where the Ref did not ask for it or there is none
}

// Filter narrows a page.
type Filter struct {
	// Index, when not nil, keeps only records whose Index equals it.
	Index *string
}

// Change is one step of a commit. Exactly one of its fields is set.
type Change struct {
	Put     *Put
	Remove  *Remove
	Require *Require
	Add     *Add
}

// Put writes a record. Expect is the revision that the record must have; zero means that it must
// not exist (else ErrExists). An expected record that no longer exists is ErrNotFound, another
// revision ErrConflict. Record.Rev is ignored: the CommitID becomes the revision.
type Put struct {
	Record Record
	Expect CommitID
}

// Remove erases a record that has the revision Expect (not zero).
type Remove struct {
	Ref    Ref
	Expect CommitID
}

// Require changes nothing and makes the commit fail unless the record has
// the revision Expect; zero means that it must not exist (else ErrExists).
type Require struct {
	Ref    Ref
	Expect CommitID
}

// Add adds Delta to a counter. A counter is a record of its own, which the first Add creates with
// the value Delta; its Data is the value, 8 bytes, big endian (see [CounterValue]). The commit
// fails with ErrCeiling if the value would fall below zero or, for a positive Delta, rise above
// Ceiling. Counters are changed only by Add and have no Due and no Index.
type Add struct {
	Ref     Ref
	Delta   int64
	Ceiling int64
}

// Store keeps records. Any number of goroutines may share one, and the caller
// that opened it closes it.
//
// A context that is cancelled before a call begins makes the call fail with
// the context's error and without effect. A Commit that has begun is finished
// or resolved: it never returns a context's error after taking effect.
type Store interface {
	// Read returns the answer to each ref, in their order, out of one snapshot: of a commit they
	// show all changes or none. A record that is not there is no error. When it returns, the refs are
	// the caller's again.
	Read(ctx context.Context, refs ...Ref) ([]Found, error)

	// Page returns up to limit (1 to 1,000) records of one kind in one partition, in the
	// byte order of their ids, beginning with the first id greater than
	// after ("" begins at the start). Records written or removed between two
	// pages appear or do not; those that stay are each seen exactly once.
	// Its cost does not depend on the number of records.
	Page(ctx context.Context, p Partition, kind Kind, filter Filter, after string, limit int) ([]Record, error)

	// Due returns up to limit (1 to 1,000) records whose Due is set and not after before,
	// oldest first, then by id. The zero Partition means all of them.
	Due(ctx context.Context, p Partition, before time.Time, limit int) ([]Record, error)

	// Commit checks all changes against the same state, in any number of
	// partitions, and applies all of them or none. A change fails with
	// ErrNotFound, ErrExists, ErrConflict or ErrCeiling (of several, the
	// first in the order of changes); a record may be named by one change
	// only, the zero CommitID and no change at all are ErrInvalid. When it
	// returns, the changes are the caller's again, all but the bytes of Data.
	//
	// A commit takes effect at most once: called again with the same CommitID,
	// Commit returns nil and changes nothing, at least as long as fewer than
	// 1,000 other commits have come after it.
	Commit(ctx context.Context, id CommitID, changes ...Change) error

	// Close releases what the store holds. Later calls fail with ErrClosed;
	// a second Close does nothing.
	Close() error
}

// Create is the change that writes a record which must not exist yet.
func Create(r Record) Change { return Change{Put: &Put{Record: r}} }

// Replace is the change that writes a record over the revision it was read
// with: r.Rev is what is expected.
func Replace(r Record) Change { return Change{Put: &Put{Record: r, Expect: r.Rev}} }

// Erase is the change that removes a record of the revision it was read with.
func Erase(r Record) Change {
	return Change{Remove: &Remove{Ref: r.Ref(), Expect: r.Rev}}
}

// Unchanged is the change that requires a record to be as it was read; for a
// record that was not found, that it still does not exist.
func Unchanged(r Record) Change {
	return Change{Require: &Require{Ref: r.Ref(), Expect: r.Rev}}
}

// Count is the change that adds to a counter.
func Count(ref Ref, delta, ceiling int64) Change {
	return Change{Add: &Add{Ref: ref, Delta: delta, Ceiling: ceiling}}
}

// Ref names the record.
func (r Record) Ref() Ref { return Ref{Partition: r.Partition, Kind: r.Kind, ID: r.ID} }
