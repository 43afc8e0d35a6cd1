package boltstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"flag"
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

var update = flag.Bool("update", false, "write testdata/format-1.db.gz anew; only before a release of that format")

// goldenFile is a store of format 1, our own, made by TestGoldenFile -update
// and read by every later version.
const goldenFile = "testdata/format-1.db.gz"

var goldenRecord = keystore.Record{
	Partition: keystore.Partition{Account: "111122223333", Region: "us-east-1"}, Kind: "key", ID: "a\x00b",
	Due: time.UnixMilli(1_780_000_000_123).UTC(), Index: "DELETE_PENDING", Data: []byte{1, 2, 0, 255},
}

// TestGoldenBytes holds keys and values to the bytes that files have.
func TestGoldenBytes(t *testing.T) {
	r := goldenRecord
	key := recordKey(nil, r.Partition, r.Kind, r.ID)
	v := stored{rev: keystore.CommitID{15: 7}, due: dueOf(&r), index: []byte(r.Index), data: r.Data}
	n := stored{rev: keystore.CommitID{1}, due: never, counter: true, data: []byte{7: 5}}
	for _, c := range []struct {
		what, want string
		got        []byte
	}{
		{"record key", "3131313132323232333333330001" + "75732d656173742d310001" + "6b65790001" + "610062", key},
		{"index key", "3131313132323232333333330001" + "75732d656173742d310001" + "6b65790001" + "44454c4554455f50454e44494e470001" + "610062", indexKey(&r)},
		{"due key", "8000019e7044887b" + "6100ff620001" + "3131313132323232333333330001" + "75732d656173742d310001" + "6b6579", dueKey(&r)},
		{"due-in key", "3131313132323232333333330001" + "75732d656173742d310001" + "8000019e7044887b" + "6100ff620001" + "6b6579", dueInKey(&r)},
		{"value", "0101" + "00000000000000000000000000000007" + "0000019e7044887b" + "000e44454c4554455f50454e44494e47" + "010200ff" + "SUM", v.seal(key)},
		{"counter", "0102" + "01000000000000000000000000000000" + "0000" + "0000000000000005" + "SUM", n.seal([]byte("k"))},
		{"commits", "0000000000000020" + "01000000000000000000000000000000", appendIDs(32, []keystore.CommitID{{1}})},
	} {
		want := strings.Replace(c.want, "SUM", hex.EncodeToString(c.got[len(c.got)-4:]), 1)
		if got := hex.EncodeToString(c.got); got != want {
			t.Errorf("%s\n got %s\nwant %s", c.what, got, want)
		}
	}
	// By a CRC-32C of our own in Python, which has E3069283 for "123456789".
	if got := hex.EncodeToString(n.seal([]byte("k"))[28:]); got != "492336ed" {
		t.Errorf("the sum of a counter is %s", got)
	}
}

func writeGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s, err := Open(context.Background(), path, &Options{Now: func() time.Time { return time.UnixMilli(1) }})
	if err != nil {
		t.Fatal(err)
	}
	ref := keystore.Ref{Partition: goldenRecord.Partition, Kind: "counter", ID: "n"}
	for i := range 70 { // the ring of commits has begun
		changes := []keystore.Change{keystore.Count(ref, 1, 100)}
		if i == 0 {
			changes = append(changes, keystore.Create(goldenRecord))
		}
		if err := s.Commit(context.Background(), keystore.CommitID{byte(i + 1)}, changes...); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := s.Backup(context.Background(), z); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), s.Close(), os.WriteFile(goldenFile, out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// golden unpacks the golden file.
func golden(t testing.TB) (path string) {
	t.Helper()
	packed, err := os.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "golden")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// isGolden holds a store to what the golden file has.
func isGolden(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	if err := s.Check(ctx); err != nil {
		t.Errorf("Check: %v", err)
	}
	want := goldenRecord
	want.Rev = keystore.CommitID{1}
	found, err := s.Read(ctx, want.Ref(), keystore.Ref{Partition: want.Partition, Kind: "counter", ID: "n"})
	if err != nil {
		t.Fatal(err)
	}
	got := found[0].Record
	if got.Rev != want.Rev || got.Index != want.Index || !got.Due.Equal(want.Due) || !bytes.Equal(got.Data, want.Data) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := keystore.CounterValue(found[1].Record); n != 70 {
		t.Errorf("the counter is at %d, want 70", n)
	}
	if due, err := s.Due(ctx, want.Partition, want.Due, 9); err != nil || len(due) != 1 {
		t.Errorf("due: %v, %v", due, err)
	}
	if err := s.Commit(ctx, keystore.CommitID{1}, keystore.Create(want)); err != nil {
		t.Errorf("the first commit asked again: %v", err)
	}
}

func TestGoldenFile(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	s, err := Open(context.Background(), golden(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	isGolden(t, s)
}

var later = map[uint32]step{ // ways to formats that are yet to come
	1: func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put([]byte("two"), []byte("2")) },
	2: func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put([]byte("three"), []byte("3")) },
}

// TestMigration brings the golden file to formats that are yet to come.
func TestMigration(t *testing.T) {
	ctx, path := context.Background(), golden(t)
	broken := map[uint32]step{1: later[1], 2: func(tx *bolt.Tx) error {
		if tx.Bucket(bucketMeta).Get([]byte("two")) == nil {
			return errors.New("the first step was not made")
		}
		return syscall.EIO
	}}
	if _, err := open(ctx, path, nil, 3, broken); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "from format 2 to 3") {
		t.Errorf("a step that fails: %v", err)
	}
	if _, err := open(ctx, path, nil, 3, map[uint32]step{1: later[1]}); err == nil || !strings.Contains(err.Error(), "no way leads from format 2 to 3") {
		t.Errorf("a step that is missing: %v", err)
	}
	s, err := Open(ctx, path, nil) // nothing of the failed ways is left
	if err != nil {
		t.Fatal(err)
	}
	isGolden(t, s)
	s.Close()
	if s, err = open(ctx, path, nil, 3, later); err != nil {
		t.Fatal(err)
	}
	isGolden(t, s)
	err = s.db.View(func(tx *bolt.Tx) error {
		m := tx.Bucket(bucketMeta)
		if v, _ := formatOf(tx); v != 3 || m.Get([]byte("two")) == nil || m.Get([]byte("three")) == nil {
			t.Errorf("after two steps the format is %d", v)
		}
		return nil
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Error(err)
	}
	_, err = Open(ctx, path, nil)
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "has format 3; this program reads up to 1") {
		t.Errorf("a file of a newer format: %v", err)
	}
}

func TestRecordOfNewerVersionIsRefused(t *testing.T) {
	s, err := Open(context.Background(), golden(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := goldenRecord
	key := recordKey(nil, r.Partition, r.Kind, r.ID)
	err = s.db.Update(func(tx *bolt.Tx) error {
		value := bytes.Clone(tx.Bucket(bucketRecords).Get(key))
		value[0] = recordVersion + 1
		return tx.Bucket(bucketRecords).Put(key, value)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, readErr := s.Read(context.Background(), r.Ref())
	for what, err := range map[string]error{"Read": readErr, "Check": s.Check(context.Background())} {
		if !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestCheckFindsWhatDisagrees breaks one invariant at a time.
func TestCheckFindsWhatDisagrees(t *testing.T) {
	r := goldenRecord
	put := func(bucket, key, value []byte) func(tx *bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put(key, value) }
	}
	drop := func(bucket, key []byte) func(tx *bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket(bucket).Delete(key) }
	}
	other := r
	other.ID = "other"
	v := stored{rev: keystore.CommitID{1}, due: never}
	for what, breaks := range map[string]func(tx *bolt.Tx) error{
		"a record without entries":   put(bucketRecords, recordKey(nil, r.Partition, r.Kind, "x"), v.seal(recordKey(nil, r.Partition, r.Kind, "x"))),
		"a misplaced value":          put(bucketRecords, recordKey(nil, r.Partition, r.Kind, r.ID), v.seal([]byte("elsewhere"))),
		"a key without form":         put(bucketRecords, []byte("x"), v.seal([]byte("x"))),
		"a record gone":              drop(bucketRecords, recordKey(nil, r.Partition, r.Kind, r.ID)),
		"an index entry gone":        drop(bucketIndex, indexKey(&r)),
		"an index entry too many":    put(bucketIndex, indexKey(&other), nil),
		"a due entry gone":           drop(bucketDue, dueKey(&r)),
		"a due entry too many":       put(bucketDue, dueKey(&other), nil),
		"a due-in entry gone":        drop(bucketDueIn, dueInKey(&r)),
		"a due-in entry too many":    put(bucketDueIn, dueInKey(&other), nil),
		"a due key without form":     put(bucketDue, []byte("x"), nil),
		"remembered commits gone":    drop(bucketCommits, chunkKey(0)),
		"recent commits gone":        drop(bucketRecent, keyRecent),
		"commits in a strange place": put(bucketCommits, chunkKey(0), appendIDs(32, make([]keystore.CommitID, 32))),
		"a chunk too many":           put(bucketCommits, chunkKey(640), appendIDs(640, make([]keystore.CommitID, 32))),
		"a foreign bucket":           func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err },
		"a bucket in a bucket":       func(tx *bolt.Tx) error { _, err := tx.Bucket(bucketMeta).CreateBucket([]byte("x")); return err },
		"no format":                  drop(bucketMeta, keyFormat),
	} {
		s, err := Open(context.Background(), golden(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.db.Update(breaks); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(context.Background()); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), s.path) {
			t.Errorf("%s: Check says %v", what, err)
		}
		s.Close()
	}
}

// TestUnsettledCommit has the writes of the file fail after a transaction
// whose last sync failed: nothing is written before it is settled.
func TestUnsettledCommit(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, golden(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lost := s.file
	if s.file, err = os.Open(s.path); err != nil { // for reading alone
		t.Fatal(err)
	}
	s.unsettled, s.log = true, &commitLog{at: map[keystore.CommitID]struct{}{}}
	r := goldenRecord
	r.ID, r.Due = "new", time.Time{}
	for range 2 {
		if err := s.Commit(ctx, keystore.CommitID{99}, keystore.Create(r)); !errors.Is(err, syscall.EBADF) || !s.unsettled {
			t.Errorf("while the file cannot be written: %v", err)
		}
	}
	s.file.Close()
	s.file = lost
	for _, id := range []byte{99, 99, 70, 1} { // those of the golden file are known again
		if err := s.Commit(ctx, keystore.CommitID{id}, keystore.Create(r)); err != nil || s.unsettled {
			t.Errorf("commit %d once it is settled: %v", id, err)
		}
	}
	isGolden(t, s)
}

// FuzzRecord: what is read from a file is refused, or its bytes are those that
// would be written.
func FuzzRecord(f *testing.F) {
	r := goldenRecord
	v := stored{rev: keystore.CommitID{15: 7}, due: dueOf(&r), index: []byte(r.Index), data: r.Data}
	n := stored{rev: keystore.CommitID{1}, due: never, counter: true, data: make([]byte, 8)}
	f.Add(recordKey(nil, r.Partition, r.Kind, r.ID), v.appendValue(nil))
	f.Add(indexKey(&r), n.appendValue(nil))
	f.Add(dueKey(&r), appendIDs(3, make([]keystore.CommitID, 2)))
	f.Add(dueInKey(&r), []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		var v stored
		if err := v.parse(value); err == nil {
			if again := v.appendValue(nil); !bytes.Equal(again, value) {
				t.Errorf("value %x is written %x", value, again)
			}
		}
		if err := v.unseal(key, value); err == nil && !bytes.Equal(v.seal(key), value) {
			t.Errorf("sealed value %x is written %x", value, v.seal(key))
		}
		if first, ids, err := parseIDs(value); err == nil && !bytes.Equal(appendIDs(first, ids), value) {
			t.Errorf("commits %x are written %x", value, appendIDs(first, ids))
		}
		keysAgree(t, key)
	})
}

func keysAgree(t *testing.T, key []byte) {
	same := func(what string, again []byte, err error) {
		if err == nil && !bytes.Equal(again, key) {
			t.Errorf("%s key %x is written %x", what, key, again)
		}
	}
	ref, err := parseRecordKey(key)
	same("record", recordKey(nil, ref.Partition, ref.Kind, ref.ID), err)
	ref, index, err := parseIndexKey(key)
	same("index", indexKey(&keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Index: index}), err)
	ms, ref, err := parseDueKey(key)
	same("due", dueKey(&keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Due: time.UnixMilli(ms)}), err)
	ms, ref, err = parseDueInKey(key)
	same("due-in", dueInKey(&keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Due: time.UnixMilli(ms)}), err)
}

// FuzzPages: no bytes of a file make the walk of its pages panic or run for
// ever.
func FuzzPages(f *testing.F) {
	file, err := os.ReadFile(golden(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(4096), []byte{1, 2, 3})
	f.Add(uint32(8192), file[12288:12388])
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		broken := bytes.Clone(file)
		copy(broken[int(at)%len(broken):], patch)
		r := bytes.NewReader(broken)
		if m, err := newestMeta(r, r.Size(), true); err == nil {
			walkPages(r, r.Size(), m, true, func() error { return nil })
		}
	})
}
