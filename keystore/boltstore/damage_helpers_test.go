package boltstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// memoryDir is a folder whose files need no disk, where the system has one: thousands
// of files are opened and committed to.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "boltstore-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func put(t testing.TB, path string, file []byte) {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// history is the commits that a file was made with.
type history []report

// replay makes them in memory.
func (h history) replay(t testing.TB) keystore.Store {
	t.Helper()
	s := keystore.NewMemory()
	for _, c := range h {
		if err := s.Commit(ctx, c.ID, c.Changes...); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// sound makes a store of 300 pages with some of everything, and returns its bytes when
// it was closed, or while it was open.
func sound(t testing.TB, closed bool) (file []byte, made history) {
	t.Helper()
	path := filepath.Join(memoryDir(t), "sound")
	s := open(t, path)
	var copied bytes.Buffer
	for n := 0; copied.Len() < 300*pageSize; n++ {
		line := report{ID: draw(), Changes: []keystore.Change{keystore.Count(shared, 1, 1<<20)}}
		for i := range 40 {
			r := random()
			r.ID = fmt.Sprintf("%04d", n*40+i)
			if i%5 == 0 {
				r.Due = time.Unix(int64(i), 0).UTC()
			}
			if i == 7 {
				r.Data = bytes.Repeat([]byte{byte(n), 1}, 2*pageSize)
			}
			line.Changes = append(line.Changes, keystore.Create(r))
		}
		if err := s.Commit(ctx, line.ID, line.Changes...); err != nil {
			t.Fatal(err)
		}
		made = append(made, line)
		copied.Reset()
		if _, err := s.Backup(ctx, &copied); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if file = copied.Bytes(); closed {
		var err error
		if file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return file, made
}

// bytesInUse is how much of a file is pages, without room to grow.
func bytesInUse(file []byte) int {
	const pages = 16 + 40 // in a meta page
	return int(max(binary.NativeEndian.Uint64(file[pages:]), binary.NativeEndian.Uint64(file[pageSize+pages:]))) * pageSize
}

// everything reads a store in every way.
func everything(s keystore.Store) (out []keystore.Record, err error) {
	filters := []keystore.Filter{{}}
	for _, index := range []string{"", "CREATE_COMPLETE", "DELETE_PENDING", "a\x00b"} {
		filters = append(filters, keystore.Filter{Index: &index})
	}
	for _, p := range goldenPlaces {
		for _, kind := range []keystore.Kind{"key", "alias", "key\x00", "thing", "counter"} {
			for _, f := range filters {
				page, after := make([]keystore.Record, 1000), ""
				for len(page) == 1000 {
					if page, err = s.Page(ctx, p, kind, f, after, 1000); err != nil {
						return nil, err
					}
					if out = append(out, page...); len(page) > 0 {
						after = page[len(page)-1].ID
					}
				}
			}
		}
	}
	for _, r := range slices.Clone(out) {
		found, err := s.Read(ctx, r.Ref())
		if err != nil {
			return nil, err
		}
		out = append(out, found[0].Record)
	}
	for _, p := range append(goldenPlaces, keystore.Partition{}) {
		due, err := s.Due(ctx, p, time.UnixMilli(1<<60), 1000)
		if err != nil {
			return nil, err
		}
		out = append(out, due...)
	}
	return out, nil
}

// differ compares all that two stores have, and describes the first difference. An
// error is that of reading got.
func differ(t testing.TB, want, got keystore.Store) (diff string, err error) {
	t.Helper()
	w, err := everything(want)
	if err != nil {
		t.Fatal(err)
	}
	g, err := everything(got)
	if err != nil {
		return "", err
	}
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) {
			return fmt.Sprintf("%d records, want %d", len(g), len(w)), nil
		}
		a, b := w[i], g[i]
		rev := a.Rev == b.Rev || a.Kind == "counter" // of several in a group, any may be the last
		if !rev || a.Ref() != b.Ref() || a.Index != b.Index || !a.Due.Equal(b.Due) || !bytes.Equal(a.Data, b.Data) {
			return fmt.Sprintf("got %+v, want %+v", b, a), nil
		}
	}
	return "", nil
}

// use opens a damaged file, reads it in full, commits 50 times and reopens it. It
// returns an error where it was refused at some point, and fails the test where
// anything is wrong without that.
func use(t testing.TB, path string, made history) error {
	t.Helper()
	s, err := boltstore.Open(ctx, path, noWait)
	if err != nil {
		return err
	}
	defer s.Close()
	want := made.replay(t)
	diff, err := differ(t, want, s)
	if err != nil {
		return err
	}
	if diff != "" {
		t.Errorf("opened, and the records differ: %s", diff)
	}
	var last report
	for n := 0; n < 50 && err == nil; n++ {
		last = report{ID: draw(), Changes: someChanges(t, want, len(made)*40, n)}
		if err = s.Commit(ctx, last.ID, last.Changes...); err == nil {
			err = want.Commit(ctx, last.ID, last.Changes...)
		}
	}
	s.Close()
	again, openErr := boltstore.Open(ctx, path, noWait)
	if openErr != nil {
		return openErr
	}
	defer again.Close()
	diff, readErr := differ(t, want, again)
	if diff != "" && err != nil { // the commit that failed may have been made
		want.Commit(ctx, last.ID, last.Changes...)
		diff, readErr = differ(t, want, again)
	}
	if diff != "" {
		t.Errorf("after its commits (%v) the records differ: %s", err, diff)
	}
	return errors.Join(err, readErr)
}

// someChanges replaces records all over the file, removes one and creates one.
func someChanges(t testing.TB, in keystore.Store, records, n int) (out []keystore.Change) {
	for i := range 8 {
		r := get(t, in, keystore.Ref{Partition: place, Kind: "key", ID: fmt.Sprintf("%04d", (n+i*records/8)%records)})
		if r.Data = bytes.Repeat([]byte{byte(n)}, 100+n); r.Exists() && i > 0 {
			out = append(out, keystore.Replace(r))
		} else if r.Exists() {
			out = append(out, keystore.Erase(r))
		}
	}
	return append(out, keystore.Create(random()))
}

// cpuTime is the time that this process has had of a processor, where the system counts
// it: what ends within ten seconds must do so while others are busy.
var cpuTime = func() time.Duration { return time.Since(began) }

var began = time.Now()

// within runs what must end within ten seconds, allocate no more than 200 MB in all, and be refused
// as damage or be right.
func within(t testing.TB, what string, do func() error) (refused bool) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done, cpu, start := make(chan error, 1), cpuTime(), time.Now()
	go func() { done <- do() }()
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrNewer) {
				t.Errorf("%s: %v", what, err)
			}
			refused, ended = err != nil, true
		case <-time.After(time.Second):
			if cpuTime()-cpu > 10*time.Second || time.Since(start) > 2*time.Minute {
				t.Fatalf("%s: no end after %v", what, time.Since(start))
			}
		}
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc > before.TotalAlloc+200<<20 {
		t.Errorf("%s: %d MB allocated", what, (after.TotalAlloc-before.TotalAlloc)>>20)
	}
	if t.Failed() {
		t.Fatal(what)
	}
	return refused
}
