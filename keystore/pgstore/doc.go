// Package pgstore is a keystore.Store on PostgreSQL: many processes can share one store, and its
// records last after they have ended.
//
// # What it costs
//
// Each call is one statement, or one transaction that is sent whole, and so one
// round trip:
//
//	call      statements                                           round trips  transactions
//	Read      of 1 record, and the one that its index names: 1 SELECT      1     1
//	Read      of n records: BEGIN REPEATABLE READ, n SELECTs, COMMIT       1     1
//	Page      1 SELECT of an index, from a position on                     1     1
//	Due       1 SELECT of the index of due records                         1     1
//	Commit    BEGIN, 1 SELECT of a function that does it all, COMMIT       1     1
//	Open      of a schema that is up to date: 1 SELECT of its version      1     1
//
// Opening a connection costs one round trip more, to prepare the seven statements. A call that is
// tried again (see below) costs the same again.
//
// # Concurrent commits
//
// A commit first locks every record that it changes or requires, then reads them, then writes. The
// locks are advisory locks of PostgreSQL, which end with the transaction; a record that does not
// exist yet can be locked too. A record that is changed gets an exclusive lock, one that is only
// required a shared lock. Therefore:
//
//   - Of two commits that change the same record, in one process or in two, the second waits for the
//     end of the first.
//   - Commits of different records run at the same time. (Locks are numbers of 64 bits; two
//     records with the same number would wait for each other.)
//   - There are no deadlocks: all processes take the locks in the same order.
//   - A commit of more than 256 changes locks the whole store, and all other commits wait for it.
//
// When Commit returns, the changes are visible to all processes and are on the disk: a commit sets
// synchronous_commit = local for itself where the server has it off.
//
// # When a connection breaks
//
// A read is tried again. A commit whose answer was lost is tried again on another connection: if its
// CommitID is recorded the commit was made, else it is made now. The lost attempt may still reach the
// server later. Every attempt has a number of its own, and the attempt after a lost one records that
// number as void, so that the lost one then has no effect.
//
// Where PostgreSQL reports that a transaction was rolled back, the call fails; after a serialization
// failure (40001) or a deadlock (40P01) it is tried again. After Options.Patience the call fails with an
// [Error], whose Unknown is set where the outcome of a commit is not known.
//
// # Poolers
//
// No transaction depends on what was done on its connection before, so that a pooler in transaction
// mode may be used. The statements are prepared, under names made of their text, because that
// halves the time of a read. A pooler may send a transaction to a connection on which they are not
// prepared. The server then refuses it before it executes anything (26000), and this store from then
// on sends all statements unprepared; they are planned each time. The parameter
// default_query_exec_mode=exec in the URL has them sent unprepared from the start.
//
// # The schema
//
// Everything is in a schema of its own; its version is in the table migrations. Open brings an
// older one up to date, one process at a time, in one transaction, and refuses a newer one with
// [ErrNewer]. A migration after which an older program would make mistakes drops the function that
// the older program calls, so that the program gets an error if it still runs.
package pgstore
