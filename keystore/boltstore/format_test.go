package boltstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

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

// FuzzFile: whatever is in a file is refused, or what is read from it is written the
// same.
func FuzzFile(f *testing.F) {
	keys := entryKeys(&example)
	f.Add(uint32(4096), keys[records], encodeRecord(keys[records], &example, false)[:40])
	f.Add(uint32(16), keys[due], encodeRecord(keys[records], &number, true)[:28])
	f.Add(uint32(3*4096), keys[dueIn], []byte{})
	file, err := os.ReadFile(testrig.Unpack(f, "testdata/format-2.db.gz"))
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
