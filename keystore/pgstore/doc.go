// Package pgstore is a keystore.Store on PostgreSQL: what many processes share,
// and what outlives them all.
//
// # What it costs
//
// Each call is one statement, or one transaction that is sent whole, and so one
// round trip:
//
//	call      statements                                           round trips  transactions
//	Read      1 SELECT of a record, joined with the one it is followed to  1     1
//	Read      of n records: BEGIN REPEATABLE READ, n SELECTs, COMMIT       1     1
//	Page      1 SELECT, of the index, from a position on                   1     1
//	Due       1 SELECT, of the index of what is due                        1     1
//	Commit    BEGIN, 1 SELECT of a function that does it all, COMMIT       1     1
//	Open      of a schema that is up to date: 1 SELECT to see so           1     1
//
// A connection costs one more when it is opened, for preparing the seven
// statements. What is tried again costs again; see below.
//
// # Who decides
//
// A commit locks the records that it is about, in an order that all processes
// keep, then looks, then writes: PostgreSQL's advisory locks of the transaction,
// which a record that does not exist yet has as well. One that is only required
// is locked together with others that require it. So two commits about one
// record take turns, in whatever process they are, those about different ones
// do not wait, and there are no deadlocks. Beyond 256 changes a commit has the
// whole store to itself. A commit is seen by all others, whole, before it is
// acknowledged; where the server runs with synchronous_commit = off, a commit
// asks for it, so that what was acknowledged is on the disk.
//
// # When a connection breaks
//
// A read is tried again. A commit whose answer was lost is asked again under its
// CommitID on another connection, which finds it made, or makes it. The lost
// attempt may still be on its way to the server: the one that follows has voided
// it, so that it does nothing if it arrives, whatever is answered until then.
// PostgreSQL's own word that a transaction did not happen is final, and those
// that it broke off to let another pass (40001, 40P01) are tried again. All this
// ends after Options.Patience, with an [Error] that says whether the outcome is
// known.
//
// # Poolers
//
// No transaction depends on the state of its connection before it,
// so that a pooler in transaction mode may be used. The statements are
// prepared, under names made of their text, because that halves the time of a
// read; where a pooler has handed the transaction to a connection without them,
// the server says so before anything is done (26000), and from then on they are
// sent unprepared, planned each time. A URL with default_query_exec_mode=exec
// says so from the start.
//
// # The schema
//
// Everything is in a schema of its own; its version is in the table migrations.
// Open brings an older one up to date, one process at a time, in one
// transaction, and refuses a newer one with [ErrNewer]. A migration that changes
// what older programs would get wrong drops the function they call, so that
// those that still run fail and do no harm.
package pgstore
