package boltstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

var (
	ctx     = context.Background()
	example = keystore.Record{
		Partition: keystore.Partition{
			Account: "111122223333",
			Region:  "us-east-1",
		}, Kind: "key", ID: "a\x00b", Rev: keystore.CommitID{15: 7},
		Due: time.UnixMilli(1_780_000_000_123).UTC(), Index: "DELETE_PENDING", Data: []byte{1, 2, 0, 255},
	}
	number = keystore.Record{Partition: example.Partition, Kind: "counter", ID: "n", Rev: keystore.CommitID{1}, Data: []byte{7: 5}}
)

// filled is a store with a record, a counter and 40 commits.
func filled(t testing.TB) *Store {
	t.Helper()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := example
	r.Rev = keystore.CommitID{}
	changes := []keystore.Change{keystore.Create(r)}
	for i := range 40 {
		if err := s.Commit(ctx, keystore.CommitID{byte(i + 1)}, append(changes, keystore.Count(number.Ref(), 1, 100))...); err != nil {
			t.Fatal(err)
		}
		changes = nil
	}
	return s
}

// write changes the file of a store behind its back.
func (s *Store) write(t testing.TB, do func(t *tables) error) {
	t.Helper()
	s.endIdle(0)
	err := s.update(func(tx *bolt.Tx) error {
		t, err := openTables(tx)
		return errors.Join(err, do(t))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGoldenBytes holds keys and values to the bytes that files have.
func TestGoldenBytes(t *testing.T) {
	keys, value := entryKeys(&example), func(r keystore.Record, counter bool) []byte {
		return encodeRecord(entryKeys(&r)[records], &r, counter)
	}
	for _, c := range []struct {
		what, want string
		got        []byte
	}{
		{"record key", "3131313132323232333333330001" + "75732d656173742d310001" + "6b65790001" + "610062", keys[records]},
		{"index key", "3131313132323232333333330001" + "75732d656173742d310001" + "6b65790001" + "44454c4554455f50454e44494e470001" +
			"610062", keys[index]},
		{"due key", "8000019e7044887b" + "6100ff620001" + "3131313132323232333333330001" + "75732d656173742d310001" + "6b6579", keys[due]},
		{"due-in key", "3131313132323232333333330001" + "75732d656173742d310001" + "8000019e7044887b" + "6100ff620001" + "6b6579", keys[dueIn]},
		{"value", "0101" + "00000000000000000000000000000007" + "0000019e7044887b" + "000e44454c4554455f50454e44494e47" + "010200ff" + "SUM",
			value(example, false)},
		{"counter", "0102" + "01000000000000000000000000000000" + "0000" + "0000000000000005" + "SUM", value(number, true)},
	} {
		want := strings.Replace(c.want, "SUM", hex.EncodeToString(c.got[len(c.got)-4:]), 1)
		if got := hex.EncodeToString(c.got); got != want {
			t.Errorf("%s\n got %s\nwant %s", c.what, got, want)
		}
	}
	// From a CRC-32C in Python, which has E3069283 for "123456789".
	if got := hex.EncodeToString(encodeRecord([]byte("k"), &number, true)[28:]); got != "492336ed" {
		t.Errorf("the checksum of a counter is %s", got)
	}
}

func TestRecordOfNewerVersionIsRefused(t *testing.T) {
	s := filled(t)
	key := entryKeys(&example)[records]
	s.write(t, func(t *tables) error {
		value := bytes.Clone(t.buckets[records].Get(key))
		value[0] = recordVersion + 1
		return t.buckets[records].Put(key, value)
	})
	_, readErr := s.Read(ctx, example.Ref())
	commitErr := s.Commit(ctx, keystore.CommitID{50}, keystore.Unchanged(example), keystore.Count(number.Ref(), 1, 100))
	for what, err := range map[string]error{"Read": readErr, "Commit": commitErr, "Check": s.Check(ctx)} {
		if !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "version 2") ||
			!strings.Contains(err.Error(), s.path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Commit(ctx, keystore.CommitID{51}, keystore.Count(number.Ref(), 1, 100)); err != nil {
		t.Errorf("a commit that is not about the record: %v", err)
	}
}

func TestFileOfNewerFormatIsRefused(t *testing.T) {
	s := filled(t)
	s.write(t, func(t *tables) error { return t.buckets[meta].Put(keyFormat, []byte{0, 0, 0, format + 1}) })
	s.Close()
	if _, err := Open(ctx, s.path, nil); !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), "format 3") {
		t.Errorf("Open: %v", err)
	}
}

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

// TestUnknownOutcome: where the meta page of a failed transaction was written, every
// later call is refused, and the next opening reports it. Where not, the store goes on.
func TestUnknownOutcome(t *testing.T) {
	s := filled(t)
	newest := 0
	s.view(ctx, func(tx *reader) error { newest = tx.ID(); return nil })
	if err := s.outcome(newest+1, syscall.ENOSPC); err != syscall.ENOSPC {
		t.Errorf("a transaction whose meta page was not written: %v", err)
	}
	if err := s.Commit(ctx, keystore.CommitID{41}, keystore.Count(number.Ref(), 1, 100)); err != nil {
		t.Errorf("after that: %v", err)
	}
	if err := s.outcome(newest+1, syscall.EIO); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a transaction whose meta page was written: %v", err)
	}
	_, readErr := s.Read(ctx, example.Ref())
	commitErr := s.Commit(ctx, keystore.CommitID{42}, keystore.Count(number.Ref(), 1, 100))
	for what, err := range map[string]error{"Read": readErr, "Commit": commitErr, "Check": s.Check(ctx)} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s after that: %v", what, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s, err := Open(ctx, s.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, id := range []byte{41, 42, 42} {
		if err := s.Commit(ctx, keystore.CommitID{id}, keystore.Count(number.Ref(), 1, 100)); err != nil {
			t.Errorf("commit %d asked again: %v", id, err)
		}
	}
	if found, err := s.Read(ctx, number.Ref()); err != nil || keystore.CounterValue(found[0].Record) != 42 {
		t.Errorf("the counter: %v, %v, want 42", found, err)
	}
}

// TestPanicBreaksTheStore: after bbolt panicked, every call is refused, and the file is
// let go of.
func TestPanicBreaksTheStore(t *testing.T) {
	for what, call := range map[string]func(s *Store) error{
		"reading": func(s *Store) error { return s.view(ctx, func(*reader) error { panic("x") }) },
		"writing": func(s *Store) error { return s.update(func(*bolt.Tx) error { panic("x") }) },
	} {
		s := filled(t)
		if err := call(s); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "stopped with: x") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := s.Read(ctx, example.Ref()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, Read after that: %v", what, err)
		}
		if err := s.Commit(ctx, keystore.CommitID{50}, keystore.Count(number.Ref(), 1, 100)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, Commit after that: %v", what, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s, Close: %v", what, err)
		}
		again, err := Open(ctx, s.path, &Options{LockWait: -1})
		if err != nil {
			t.Fatalf("%s, opened again: %v", what, err)
		}
		again.Close()
	}
}

// TestCommitTwiceInOneGroup makes it once.
func TestCommitTwiceInOneGroup(t *testing.T) {
	s := filled(t)
	group := make([]*request, 100)
	for i := range group {
		group[i] = &request{id: keystore.CommitID{1: byte(i/2 + 1)}, changes: []keystore.Change{keystore.Count(number.Ref(), 1, 999)}}
	}
	if err := s.commitGroup(group); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Read(ctx, number.Ref()); err != nil || keystore.CounterValue(found[0].Record) != 90 {
		t.Errorf("the counter: %v, %v, want 90", found, err)
	}
}

// FuzzFile: whatever is in a file is refused, or what is read from it is written the
// same.
func FuzzFile(f *testing.F) {
	keys := entryKeys(&example)
	f.Add(uint32(4096), keys[records], encodeRecord(keys[records], &example, false)[:40])
	f.Add(uint32(16), keys[due], encodeRecord(keys[records], &number, true)[:28])
	f.Add(uint32(3*4096), keys[dueIn], []byte{})
	packed, err := os.Open("testdata/format-2.db.gz")
	if err != nil {
		f.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		f.Fatal(err)
	}
	file, err := io.ReadAll(z)
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(f.TempDir(), "store")
	f.Fuzz(func(t *testing.T, at uint32, key, value []byte) {
		var r keystore.Record
		sealed := appendSum(key, bytes.Clone(value))
		if counter, err := decodeRecord(key, sealed, &r); err == nil && !bytes.Equal(encodeRecord(key, &r, counter), sealed) {
			t.Errorf("value %x is written %x", value, encodeRecord(key, &r, counter))
		}
		if ref, err := parseRecordKey(key); err == nil && !bytes.Equal(recordKey(nil, &ref), key) {
			t.Errorf("key %x is written %x", key, recordKey(nil, &ref))
		}
		parseDueKey(key, keystore.Partition{})
		parseDueKey(key, example.Partition)

		broken := bytes.Clone(file)
		copy(broken[int(at)%len(broken):], value)
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(ctx, path, &Options{LockWait: -1, Fallback: true})
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
				t.Errorf("Open: %v", err)
			}
			return
		}
		defer s.Close()
		if s.Check(ctx) == nil {
			if err := s.Commit(ctx, keystore.CommitID{99}, keystore.Count(number.Ref(), 1, 1<<40)); err != nil {
				t.Errorf("a commit to a file without a fault: %v", err)
			}
		}
	})
}
