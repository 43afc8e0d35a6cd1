package boltstore

import (
	"errors"
	"strings"
	"testing"
)

// TestWhatDisagreesIsFound breaks one invariant at a time. Check finds it, and so does
// opening, since the store was not closed.
func TestWhatDisagreesIsFound(t *testing.T) {
	keys, other := entryKeys(&example), example
	other.ID = "other"
	odd := entryKeys(&other)
	put := func(bucket int, key, value []byte) func(t *tables) error {
		return func(t *tables) error { return t.buckets[bucket].Put(key, value) }
	}
	drop := func(bucket int, key []byte) func(t *tables) error {
		return func(t *tables) error { return t.buckets[bucket].Delete(key) }
	}
	all := func(do ...func(t *tables) error) func(t *tables) error {
		return func(t *tables) (err error) {
			for _, f := range do {
				err = errors.Join(err, f(t))
			}
			return err
		}
	}
	count := func(n int) func(t *tables) error {
		return func(t *tables) error { t.count += n; return t.save() }
	}
	for what, breaks := range map[string]func(t *tables) error{
		"another count of entries":      count(1),
		"a record without entries":      all(put(records, odd[records], encodeRecord(odd[records], &other, false)), count(1)),
		"a misplaced value":             put(records, keys[records], encodeRecord([]byte("elsewhere"), &example, false)),
		"a key without form":            all(put(records, []byte("x"), encodeRecord([]byte("x"), &example, false)), count(1)),
		"a record gone":                 all(drop(records, keys[records]), count(-1)),
		"an index entry gone":           all(drop(index, keys[index]), count(-1)),
		"an index entry too many":       all(put(index, odd[index], nil), count(1)),
		"another index entry":           all(drop(index, keys[index]), put(index, odd[index], nil)),
		"a due entry gone":              all(drop(due, keys[due]), count(-1)),
		"another due entry":             all(drop(due, keys[due]), put(due, odd[due], nil)),
		"a due-in entry too many":       all(put(dueIn, odd[dueIn], nil), count(1)),
		"the ids of commits gone":       all(drop(commits, keyIDs), count(-1)),
		"half an id of a commit":        put(commits, keyIDs, appendSum(keyIDs, make([]byte, 8))),
		"ids with another checksum":     put(commits, keyIDs, make([]byte, 20)),
		"no state":                      all(drop(meta, keyState), count(-1), drop(meta, keyState)),
		"a state of another form":       put(meta, keyState, appendSum(keyState, []byte{2, 0, 0, 0, 0, 0, 0, 0, 9})),
		"no format":                     drop(meta, keyFormat),
		"a foreign entry":               put(meta, []byte("x"), []byte("x")),
		"a bucket in a bucket":          func(t *tables) error { _, err := t.buckets[index].CreateBucket([]byte("x")); return err },
		"a foreign bucket":              func(t *tables) error { _, err := t.buckets[meta].Tx().CreateBucket([]byte("x")); return err },
		"a bucket gone":                 func(t *tables) error { return t.buckets[meta].Tx().DeleteBucket(bucketNames[due]) },
		"a bucket in place of a record": func(t *tables) error { _, err := t.buckets[records].CreateBucket([]byte("x")); return err },
	} {
		s := filled(t)
		s.write(t, breaks)
		if what != "no format" {
			if err := s.Check(ctx); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), s.path) {
				t.Errorf("%s: Check says %v", what, err)
			}
		}
		s.broken.Store(new(error(errNothing))) // closed without the mark
		s.Close()
		if again, err := Open(ctx, s.path, nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), s.path) {
			t.Errorf("%s: Open says %v", what, err)
			if err == nil {
				again.Close()
			}
		}
	}
}
