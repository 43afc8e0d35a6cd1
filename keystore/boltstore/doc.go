// Package boltstore keeps records in one file, by way of go.etcd.io/bbolt: a restart
// or a crash loses nothing that was acknowledged.
//
// # Durability
//
// Commit returns when its changes are on the disk: bbolt writes the changed pages,
// syncs, writes one of two meta pages, which names the changed pages as the valid ones, and syncs again. A
// process that is killed, or a machine that stops, between any two of these keeps
// the state before the commit or the one after it. Commits that are asked for while
// the disk is busy share the next transaction.
//
// After an error of the disk (no room, say) the store stays usable: once there is
// room, commits succeed again. The exception is a commit that fails after its meta page was written,
// in the second sync: whether it is on the disk is then not known, and every later call is
// refused. Open the file again and ask for the commit with the same CommitID: the answer
// is its outcome.
//
// # The file
//
// A new file has mode 0600, and appears under its name only once it is whole. It is
// locked (flock) while a store has it open. If it is removed or replaced meanwhile,
// the next commit and all later ones are refused ([ErrReplaced]) until it is back in
// its place; what was committed before can still be read, and copied with Backup.
//
// bbolt does not check its file: a damaged one can make it loop forever or free pages that are in
// use. So every opening checks the head of every page, the pages that the branches refer to, and
// that every page is free or in use. It also compares the number of entries with the one that the
// last commit noted. That takes half a second for a million records. If the store was not closed,
// as after a crash, it also reads every record and index, which takes seconds, and writes a line to
// the log. A file that fails is [ErrDamaged]. So is a record whose checksum does not agree with it
// when it is read.
//
// Pages that are damaged while the store is open are not looked at again. Where bbolt panics, or
// finds a page that it cannot read, every later call is refused. [Store.Check] reads everything on
// demand.
//
// # Erasing
//
// An erased or overwritten record is at once no longer in the store. Its sealed
// bytes stay in free pages of the file, and so in copies of it, until bbolt writes
// over them. The file never shrinks.
//
// # Format 2
//
// A bbolt file with these buckets. Numbers are big endian. S is a string in a key: a
// zero byte is written 00 FF, and 00 01 ends it. T is a time, 8 bytes: milliseconds
// since 1970 with the sign bit inverted. A last string without S is not changed.
//
//	bucket   key                                          value
//	records  S account, S Region, S kind, id              the record
//	index    S account, S Region, S kind, S index, id     empty; one for each record
//	due      T, S id, S account, S Region, kind           empty; one for each record that is due
//	due-in   S account, S Region, T, S id, kind           the same, for one partition
//	meta     "format"                                     4 bytes: 2
//	meta     "state"                                      see below
//	commits  "ids"                                        1,000 ids of commits, 16 bytes each, and a checksum
//
// A record is a version byte (1); a byte of flags (1: due, 2: a counter); the
// revision, 16 bytes; if due, 8 bytes of milliseconds since 1970; the length of the
// index, 2 bytes, and the index; the data; and a checksum: 4 bytes of CRC-32C over the
// key and all before it. The state is a byte that is 1 if the store was closed after
// the last commit; the number of entries in all buckets, the buckets themselves
// included, 8 bytes; the ids of the commits after those in "ids"; and a checksum.
//
// A file, or a record, of a later version is [ErrNewer]. A file of format 1 is converted
// when it is opened. A file of each format is kept in testdata.
package boltstore
