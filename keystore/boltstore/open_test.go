package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	bolt "go.etcd.io/bbolt"
)

// noWait does not wait for a lock.
var noWait = &boltstore.Options{LockWait: -1}

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

func TestFileIsTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	open(t, path)
	for _, name := range []string{path, path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info.Mode(), err)
		}
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 2 {
		t.Errorf("the folder has %v, want the file and its note", names)
	}
}

func TestOpenRefusesFileThatOthersMayWrite(t *testing.T) {
	for mode, ok := range map[fs.FileMode]bool{0o600: true, 0o640: true, 0o644: true, 0o660: false, 0o602: false, 0o666: false} {
		path := filepath.Join(t.TempDir(), "store")
		open(t, path).Close()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if ok {
			open(t, path).Close()
		} else {
			refused(t, path, nil, boltstore.ErrMode, fmt.Sprintf("%04o", mode), "0600")
		}
	}
}

func TestLockedFileNamesItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	refused(t, path, noWait, boltstore.ErrLocked, fmt.Sprintf("this process (%d)", os.Getpid()))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".lock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a note of a closed store: %v", err)
	}
	open(t, path)
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
	refused(t, path, noWait, boltstore.ErrLocked, fmt.Sprintf("process %d (%s)", cmd.Process.Pid, filepath.Base(os.Args[0])))
	start := time.Now()
	refused(t, path, &boltstore.Options{LockWait: 50 * time.Millisecond}, boltstore.ErrLocked)
	if took := time.Since(start); took < 40*time.Millisecond || took > 10*time.Second {
		t.Errorf("waited %v for the lock, want 50ms", took)
	}
	gone, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := boltstore.Open(gone, path, &boltstore.Options{LockWait: time.Hour}); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, boltstore.ErrLocked) {
		t.Errorf("a context that ends while waiting: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if _, err := os.Stat(path + ".lock"); err != nil {
		t.Errorf("the dead process left no note: %v", err)
	}
	s := open(t, path) // its note is stale, and binds nobody
	refused(t, path, noWait, boltstore.ErrLocked, "this process")
	clean(t, s)
}

func TestStaleNoteIsNotBelieved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	open(t, path)
	host, _ := os.Hostname()
	for note, want := range map[string]string{
		fmt.Sprintf("%d %s someone\n", 1<<30, host): "another process",
		"12 elsewhere apcsim\n":                     "process 12 (apcsim) on host elsewhere",
		"":                                          "another process",
		"-1 x y":                                    "another process",
		"\x00\xff z\n":                              "another process",
	} {
		if err := os.WriteFile(path+".lock", []byte(note), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, path, noWait, boltstore.ErrLocked, want)
	}
	os.Remove(path + ".lock")
	refused(t, path, noWait, boltstore.ErrLocked, "another process")
}

func TestOpenRefusesWhatIsNoStore(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	refused(t, write("empty", nil), nil, boltstore.ErrDamaged, "empty")
	refused(t, write("text", bytes.Repeat([]byte("text "), 5000)), nil, boltstore.ErrDamaged, "bbolt")
	refused(t, write("short", []byte("x")), nil, boltstore.ErrDamaged)
	other := filepath.Join(dir, "other")
	db, err := bolt.Open(other, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	refused(t, other, nil, boltstore.ErrDamaged, "another program")
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
	if _, err := os.Stat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a cancelled Open made a file: %v", err)
	}
}

// TestMakersRace has several make one file at once: one makes it, and all end
// up with the same.
func TestMakersRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	done := make(chan error)
	for n := range uint64(8) {
		go func() {
			s, err := boltstore.Open(ctx, path, &boltstore.Options{LockWait: time.Minute})
			if err == nil {
				err = errors.Join(s.Commit(ctx, number(n), keystore.Count(shared, 1, 100)), s.Close())
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
	names, _ := os.ReadDir(filepath.Dir(path))
	if len(names) != 2 {
		t.Errorf("the folder has %v", names)
	}
}
