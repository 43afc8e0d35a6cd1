package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	bolt "go.etcd.io/bbolt"
)

// refused opens what must not open, and wants the words in the error.
func refused(t testing.TB, path string, o *boltstore.Options, want error, words ...string) {
	t.Helper()
	s, err := boltstore.Open(ctx, path, o)
	if err == nil {
		s.Close()
		t.Fatalf("%s was opened, want %v", path, want)
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	for _, w := range append(words, filepath.Base(path)) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
}

func TestFileIsReadableOnlyByItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("a new file: %v, %v, want mode 0600", info.Mode(), err)
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
		t.Errorf("the folder has %v, want the file alone", names)
	}
	s.Close()
	for mode, ok := range map[fs.FileMode]bool{0o600: true, 0o640: true, 0o644: false, 0o604: false, 0o660: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if ok {
			open(t, path).Close()
		} else {
			refused(t, path, nil, boltstore.ErrMode, fmt.Sprintf("%04o", mode), "chmod 600 "+path)
		}
	}
}

// TestOpenFollowsNoLink: neither to what is there nor to what it would make, nor one
// that is called FILE.lock, which earlier versions wrote to.
func TestOpenFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	link, target, path := filepath.Join(dir, "link"), filepath.Join(dir, "target"), filepath.Join(dir, "store")
	if err := errors.Join(os.Symlink(target, link), os.Symlink(target, path+".lock")); err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{false, true} {
		if there {
			open(t, target).Close()
		}
		before, _ := os.ReadFile(target)
		if s, err := boltstore.Open(ctx, link, nil); err == nil {
			s.Close()
			t.Errorf("a link to a store that exists (%v) was opened", there)
		}
		open(t, path).Close()
		if after, _ := os.ReadFile(target); !bytes.Equal(before, after) {
			t.Errorf("what the links lead to, which exists (%v), was written", there)
		}
	}
}

// TestReplacedFileIsNoticed at the next commit, and when it is back.
func TestReplacedFileIsNoticed(t *testing.T) {
	dir := t.TempDir()
	path, away := filepath.Join(dir, "store"), filepath.Join(dir, "away")
	s := open(t, path)
	commit(t, s, keystore.Count(shared, 1, 100))
	for what, replace := range map[string]func() error{
		"removed":  func() error { return nil },
		"replaced": func() error { return os.WriteFile(path, nil, 0o600) },
		"a folder": func() error { return os.Mkdir(path, 0o700) },
		"a link":   func() error { return os.Symlink(away, path) },
	} {
		if err := errors.Join(os.Rename(path, away), replace()); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 100)); !errors.Is(err, boltstore.ErrReplaced) ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
		if n := counted(t, s); n != 1 {
			t.Errorf("%s: the counter is at %d", what, n)
		}
		os.Remove(path)
		if err := os.Rename(away, path); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, s, keystore.Count(shared, 1, 100))
}

// TestLockOfAnotherProcess has a child hold the file, and die.
func TestLockOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childStore+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has begun to write
		t.Fatal(err)
	}
	words := []string{"in use"}
	if runtime.GOOS == "linux" {
		words = append(words, fmt.Sprintf("process %d", cmd.Process.Pid))
	}
	refused(t, path, noWait, boltstore.ErrLocked, words...)
	waited := false
	for when, gone := range promise.Cancelled(ctx, 0) {
		_, err := boltstore.Open(gone, path, &boltstore.Options{LockWait: time.Hour})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", when, err)
		}
		if waited = errors.Is(err, boltstore.ErrLocked); waited {
			break
		}
	}
	if !waited {
		t.Error("no context has ended while Open waited for the lock")
	}
	cmd.Process.Kill()
	s, err := boltstore.Open(ctx, path, &boltstore.Options{LockWait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	refused(t, path, noWait, boltstore.ErrLocked)
	clean(t, s)
	s.Close()
}

func TestOpenRefusesWhatIsNoStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other")
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("text "), 5000)} {
		put(t, path, data)
		for _, mode := range []os.FileMode{0o644, 0o600} { // it needs no other mode to be named
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			refused(t, path, nil, boltstore.ErrDamaged, "it is not a store",
				map[bool]string{true: "empty", false: "bbolt"}[len(data) == 0])
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Errorf("it was changed: %d bytes of %d, %v", len(got), len(data), err)
		}
	}
	for what, o := range map[string]*bolt.Options{"not a store": {PageSize: pageSize},
		"no list of free pages": {PageSize: pageSize, NoFreelistSync: true}} {
		os.Remove(path)
		db, err := bolt.Open(path, 0o600, o)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err })
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		refused(t, path, nil, boltstore.ErrDamaged, what)
	}
	dir := t.TempDir()
	if _, err := boltstore.Open(ctx, dir, nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := boltstore.Open(ctx, filepath.Join(dir, "none", "store"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := boltstore.Open(gone, filepath.Join(dir, "new"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("a cancelled Open made %v", names)
	}
}

// TestMakersRace has several make one file at once: one makes it, and all end up with
// the same.
func TestMakersRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	done := make(chan error)
	for range 8 {
		go func() {
			s, err := boltstore.Open(ctx, path, &boltstore.Options{LockWait: time.Minute})
			if err == nil {
				err = errors.Join(s.Commit(ctx, draw(), keystore.Count(shared, 1, 100)), s.Close())
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := counted(t, open(t, path)); n != 8 {
		t.Errorf("%d of 8 commits are there", n)
	}
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
		t.Errorf("the folder has %v", names)
	}
}

// TestOpeningAfterACrashReadsEverything, with a line in the log, and finds what opening
// after a clean close does not look at.
func TestOpeningAfterACrashReadsEverything(t *testing.T) {
	for _, closed := range []bool{true, false} {
		file, _ := sound(t, closed)
		path := filepath.Join(t.TempDir(), "store")
		put(t, path, file)
		for _, line := range []bool{!closed, false} { // the first opening, and the next
			var log bytes.Buffer
			s, err := boltstore.Open(ctx, path, &boltstore.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(log.String(), path); got != line {
				t.Errorf("closed %v: a line in the log %v, want %v: %s", closed, got, line, log.String())
			}
			commit(t, s, keystore.Count(shared, 1, 1<<20))
			s.Close()
		}
		// In the data of record 0047, and in what is left of it in free pages.
		data := bytes.Repeat([]byte{1, 1}, 2*pageSize)
		put(t, path, bytes.ReplaceAll(file, data, append(data[1:], 2)))
		if !closed {
			refused(t, path, nil, boltstore.ErrDamaged, "0047")
			continue
		}
		s := open(t, path)
		_, err := s.Read(ctx, keystore.Ref{Partition: place, Kind: "key", ID: "0047"})
		for what, err := range map[string]error{"Check": s.Check(ctx), "Read": err} {
			if !errors.Is(err, boltstore.ErrDamaged) || !strings.Contains(err.Error(), "0047") {
				t.Errorf("%s of a record that was changed: %v", what, err)
			}
		}
	}
}
