package boltstore_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var update = flag.Bool("update", false, "write the golden file of the present format again; only before a release of that format")

// goldenCommits is how many commits a golden file has: more than the 2,048 that
// format 1 remembered.
const goldenCommits = 2500

var goldenPlaces = []keystore.Partition{
	{Account: "111122223333", Region: "us-east-1"},
	{Account: "111122223333", Region: "eu-west-1"},
	{Account: "444455556666", Region: "us-east-1"},
	{Account: "\x00", Region: "a\x00b"},
}

func goldenID(i int) keystore.CommitID { return keystore.CommitID{byte(i >> 8), byte(i), 15: 1} }

// goldenChanges are the changes of commit i of a golden file. All count; every
// 25th creates a record, and the last hundred replace or remove one of those.
func goldenChanges(i int) []keystore.Change {
	counter := keystore.Ref{Partition: goldenPlaces[i%3], Kind: "counter", ID: "commits"}
	out := []keystore.Change{keystore.Count(counter, 1, goldenCommits)}
	switch n := i - (goldenCommits - 100); {
	case n >= 0 && n%3 == 0 && n < 90:
		r := goldenRecord(25 * n)
		r.Index, r.Data = "DELETE_PENDING", []byte("replaced")
		r.Due = time.UnixMilli(1_780_000_000_123 + int64(i)).UTC()
		out = append(out, keystore.Replace(r))
	case n >= 0 && n%3 == 1 && n < 90:
		out = append(out, keystore.Erase(goldenRecord(25*n)))
	case i%25 == 0:
		r := goldenRecord(i)
		r.Rev = keystore.CommitID{}
		out = append(out, keystore.Create(r))
	}
	return out
}

// goldenRecord is the record that commit i creates.
func goldenRecord(i int) keystore.Record {
	r := keystore.Record{
		Partition: goldenPlaces[i/25%len(goldenPlaces)], Kind: []keystore.Kind{"key", "alias", "key\x00"}[i/25%3],
		ID: fmt.Sprintf("id-%04d\x00%d", i, i%7), Index: []string{"CREATE_COMPLETE", "", "a\x00b"}[i/50%3],
		Data: bytes.Repeat([]byte{byte(i), 0, 255}, i%120), Rev: goldenID(i),
	}
	if i%2 == 0 {
		r.Due = time.UnixMilli(int64(i-1000) * 1001).UTC()
	}
	return r
}

// writeGolden writes a file of the present format.
func writeGolden(t *testing.T, to string) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	for i := range goldenCommits {
		if err := s.Commit(ctx, goldenID(i), goldenChanges(i)...); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(ctx, z); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), os.WriteFile(to, out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestFilesOfEachFormat opens a file of every format that ever was. They were written
// by the version that had the format.
func TestFilesOfEachFormat(t *testing.T) {
	if *update {
		writeGolden(t, "testdata/format-2.db.gz")
	}
	var made history
	for i := range goldenCommits {
		made = append(made, report{ID: goldenID(i), Changes: goldenChanges(i)})
	}
	for _, file := range []string{"testdata/format-1.db.gz", "testdata/format-2.db.gz"} {
		path := testrig.Unpack(t, file)
		for range 2 {
			s := open(t, path)
			for _, line := range made[goldenCommits-1000:] {
				if err := s.Commit(ctx, line.ID, line.Changes...); err != nil {
					t.Fatalf("%s: commit %x asked again: %v", file, line.ID, err)
				}
			}
			if diff, err := differ(t, made.replay(t), s); err != nil || diff != "" {
				t.Errorf("%s: %v %s", file, err, diff)
			}
			clean(t, s)
			s.Close()
		}
	}
}
