// Package pgstore is a keystore.Store on PostgreSQL: many processes can share one, and it stays
// when they end.
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
// # Concurrent commits
//
// A commit locks the records that it changes or requires, in an order that is the same in all
// processes, then reads them, then writes. The locks are PostgreSQL's advisory locks of the
// transaction, which also exist for a record that does not exist yet. A record that is only
// required gets a shared lock. So two commits that change one record wait for each other, in
// whatever process they are, commits of different records do not wait, and there are no deadlocks.
// A commit of more than 256 changes locks the whole store. A commit is seen by all others, whole,
// before it is acknowledged; where the server runs with synchronous_commit = off, a commit asks for
// it, so that what was acknowledged is on the disk.
//
// # When a connection breaks
//
// A read is tried again. A commit whose answer was lost is asked again under its CommitID on
// another connection, which finds it made, or makes it. The lost attempt may still reach the
// server: the attempt that follows has recorded in the database that the lost one must not be
// executed, so that it has no effect then. Where PostgreSQL reports that a transaction was not
// committed, that is final; one that it ended in favour of another (40001, 40P01) is tried again.
// All this ends after Options.Patience, with an [Error], whose Unknown is set where the outcome is not known.
//
// # Poolers
//
// No transaction depends on the state of its connection before it, so that a pooler in transaction
// mode may be used. The statements are prepared, under names made of their text, because that
// halves the time of a read; where a pooler has handed the transaction to a connection without
// them, the server reports that before it executes anything (26000), and from then on the
// statements are sent unprepared and planned each time. A URL with default_query_exec_mode=exec
// says so from the start.
//
// # The schema
//
// Everything is in a schema of its own; its version is in the table migrations. Open brings an
// older one up to date, one process at a time, in one transaction, and refuses a newer one with
// [ErrNewer]. A migration after which older programs would make mistakes drops the function that
// they call, so that those that still run get an error.
package pgstore
