// Package boltstore keeps records in one file, by way of go.etcd.io/bbolt: a
// restart or a crash loses nothing that was acknowledged.
//
// # Durability
//
// Commit returns when its changes are on the disk: bbolt writes the changed
// pages, syncs, writes one of two meta pages, which makes them real, and syncs
// again. A process that is killed, or a machine that stops, between any two of
// these leaves the state before the commit or the one after it. Commits that
// are asked for while the disk is busy share the next transaction; each is
// judged on its own, and a refused one leaves nothing behind.
//
// After an error of the disk (no room, say) the outcome of a commit may be
// unknown; the same CommitID asked again tells. The store stays usable: once
// there is room, commits are made again. If a meta page was written and its
// sync failed, nothing more is written until that page is on the disk.
//
// # The file
//
// A new file has mode 0600, and appears under its name only once it is whole.
// One that group or others can write is refused; who may read it sees sealed
// keys, and the names of records in the clear. The file is locked (flock) as
// long as a store has it; FILE.lock beside it says which process that is, for
// the error message alone.
//
// On opening, both meta pages, the length, the list of free pages and all
// pages that lead to others are looked at, so that bbolt, which trusts its
// file, never walks off it or in circles; that is a hundredth of the file.
// A cut-off or overwritten file is [ErrDamaged], as is a meta page that cannot
// be read: the last commit may be gone with it ([Options].Fallback opens the
// file without). A damaged leaf is found when it is read, by the check sum of
// each record, and by [Store.Check], which reads everything. A file that is
// cut off under an open store is ErrDamaged too, and no crash; nothing is
// written to it any more. (Where there is no flock, Windows among them, the
// pages are not looked at on opening: Check does.)
//
// # Backup
//
// [Store.Backup] copies the file while it is in use. The copy is a store as it
// was at one moment, with its remembered commits; it has the sealed keys, and
// is worth nothing without the HSM's master key, which is not in it.
//
// # Erasing
//
// An erased or overwritten record is gone from the store at once. Its sealed
// bytes stay in free pages of the file, and so in copies of it, until bbolt
// writes over them. The file never shrinks; its free pages are listed anew in
// every commit, so that one which was emptied of a million records commits
// more slowly than a fresh one.
//
// # Format 1
//
// A bbolt file with these buckets. Numbers are big endian. S is a string in a
// key: a zero byte is written 00 FF, and 00 01 ends it, which keeps the order
// of bytes. T is a time, 8 bytes: milliseconds since 1970 with the sign bit
// turned over. A last string without S stands as it is.
//
//	bucket   key                                          value
//	meta     "format"                                     4 bytes: 1
//	         "created"                                    8 bytes: milliseconds since 1970
//	records  S account, S Region, S kind, id              the record
//	index    S account, S Region, S kind, S index, id     empty; one for each record
//	due      T, S id, S account, S Region, kind           empty; one for each record that is due
//	due-in   S account, S Region, T, S id, kind           the same, for one partition
//	recent   "ids"                                        a list of the last commits, up to 31
//	commits  2 bytes: place in a ring of 64               a list of 32 commits before those
//
// A record is a version byte (1); a byte of flags (1: due, 2: a counter); the
// revision, 16 bytes; if due, 8 bytes of milliseconds since 1970; the length
// of the index, 2 bytes, and the index; the data; and 4 bytes of CRC-32C over
// the key and all before it. A list of commits is the number of the first, 8
// bytes, and their ids, 16 bytes each; a list of 32 that begins with commit n
// is at place n/32 mod 64.
//
// A file, or a record, of a later version is [ErrNewer]. One of an earlier
// format is brought up to date on opening, in one transaction. A file of each
// format is kept in testdata, and opened by every later version.
package boltstore
