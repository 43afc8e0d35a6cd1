package pgstore

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// lock is one of PostgreSQL's advisory locks: a number, which all processes
// must compute alike. Two things that get the same number wait for each other
// without need.
type lock struct {
	key    int64
	shared bool
}

// lockKey is the number of a thing in a schema. Changing this is a change of
// the schema's version: old and new programs would not wait for each other.
func lockKey(schema, what string, parts ...string) int64 {
	h := sha256.New()
	for _, part := range append([]string{"apcsim pgstore", schema, what}, parts...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// manyChanges is from where on a commit locks the whole store instead of each
// record: the server has room for some thousand locks of all its connections.
const manyChanges = 256

// locks are what a commit takes, in the order in which it takes them: the whole
// store, shared with all others; then itself, so that two attempts take turns,
// and the records, by number.
func (c *commit) locks(schema string) (keys, shared array) {
	whole := lock{lockKey(schema, "store"), len(c.changes) <= manyChanges}
	taken := []lock{whole}
	if whole.shared {
		taken = append(taken, c.single(schema)...)
	}
	keys, shared = newArray(bigint, len(taken)), newArray(pgtype.BoolOID, len(taken))
	for _, l := range taken {
		keys.number(l.key)
		shared.bool(l.shared)
	}
	return keys, shared
}

// single are the locks of single things, each once.
func (c *commit) single(schema string) []lock {
	locks := append(make([]lock, 0, 1+len(c.changes)), lock{key: lockKey(schema, "commit", string(c.id[:]))})
	for i := range c.changes {
		ref, _ := c.changes[i].Target()
		number := lockKey(schema, "record", string(key(ref)))
		locks = append(locks, lock{number, c.changes[i].Require != nil})
	}
	slices.SortFunc(locks, func(a, b lock) int {
		if a.key == b.key && a.shared != b.shared { // the stronger stays
			return map[bool]int{true: 1, false: -1}[a.shared]
		}
		return cmp.Compare(a.key, b.key)
	})
	return slices.CompactFunc(locks, func(a, b lock) bool { return a.key == b.key })
}
