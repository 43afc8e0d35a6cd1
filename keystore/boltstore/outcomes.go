package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// The file remembers the last commits by their ids; the interface asks for
// 1,000. The newest of them, fewer than a chunk, lie in the bucket recent,
// which is so small that bbolt keeps it inside a page that every transaction
// writes anyhow: remembering a commit costs no page of its own. Once there is
// a chunk of them, it goes to its place in a ring.
const (
	chunk      = 32             // commits
	chunks     = 64             // places of the ring
	remembered = chunk * chunks // by the ring
)

var keyRecent = []byte("ids")

// commitLog is what the file remembers. The leader of the queue guards it.
type commitLog struct {
	next   uint64              // the number of the next commit
	recent []keystore.CommitID // those of the bucket recent
	ring   [remembered + chunk]keystore.CommitID
	at     map[keystore.CommitID]struct{} // those in ring
}

func (l *commitLog) has(id keystore.CommitID) bool {
	_, ok := l.at[id]
	return ok
}

// write adds commits to what the file remembers.
func (l *commitLog) write(t *tables, made []keystore.CommitID) error {
	first := l.next - uint64(len(l.recent))
	ids := append(append(make([]keystore.CommitID, 0, chunk), l.recent...), made...)
	for ; len(ids) >= chunk; first, ids = first+chunk, ids[chunk:] {
		if err := t.commits.Put(chunkKey(first), appendIDs(first, ids[:chunk])); err != nil {
			return err
		}
	}
	return t.recent.Put(keyRecent, appendIDs(first, ids))
}

// add does the same in memory, once it is on the disk.
func (l *commitLog) add(made []keystore.CommitID) {
	for _, id := range made {
		if l.recent = append(l.recent, id); len(l.recent) == chunk {
			l.recent = l.recent[:0]
		}
		place := &l.ring[l.next%uint64(len(l.ring))]
		delete(l.at, *place)
		*place = id
		l.at[id] = struct{}{}
		l.next++
	}
}

// chunkKey is the place of a chunk in the ring.
func chunkKey(first uint64) []byte {
	return binary.BigEndian.AppendUint16(nil, uint16(first/chunk%chunks))
}

// appendIDs is a list of commits, with the number of the first.
func appendIDs(first uint64, ids []keystore.CommitID) []byte {
	out := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(ids)*16), first)
	for i := range ids {
		out = append(out, ids[i][:]...)
	}
	return out
}

func parseIDs(b []byte) (first uint64, ids []keystore.CommitID, err error) {
	const size = len(keystore.CommitID{})
	if len(b) < 8 || (len(b)-8)%size != 0 || len(b) > 8+chunk*size {
		return 0, nil, fmt.Errorf("a list of commits of %d bytes", len(b))
	}
	first, b = binary.BigEndian.Uint64(b), b[8:]
	for ; len(b) > 0; b = b[size:] {
		ids = append(ids, keystore.CommitID(b[:size]))
	}
	return first, ids, nil
}

// readLog reads what the file remembers, which has no gap: the chunks that lie
// before the recent ones, as many as there were or as the ring holds.
func readLog(t *tables) (*commitLog, error) {
	l := &commitLog{at: make(map[keystore.CommitID]struct{}, remembered)}
	first, recent, err := parseIDs(t.recent.Get(keyRecent))
	if err == nil && (first%chunk != 0 || len(recent) == chunk) {
		err = fmt.Errorf("%d commits from %d on are no rest of a chunk", len(recent), first)
	}
	if err != nil {
		return nil, fmt.Errorf("the recent commits: %w", err)
	}
	kept := min(first, remembered)
	for l.next = first - kept; l.next < first; {
		n, ids, err := parseIDs(t.commits.Get(chunkKey(l.next)))
		if err == nil && (n != l.next || len(ids) != chunk) {
			err = fmt.Errorf("in their place are %d from %d on", len(ids), n)
		}
		if err != nil {
			return nil, fmt.Errorf("the remembered commits from %d on: %w", l.next, err)
		}
		l.add(ids)
	}
	l.add(recent)
	if len(l.at) != int(kept)+len(recent) {
		return nil, errors.New("a commit is remembered twice")
	}
	if n := t.commits.Inspect().KeyN; n != int(kept/chunk) {
		return nil, fmt.Errorf("%d chunks of remembered commits, where %d should be", n, kept/chunk)
	}
	return l, nil
}
