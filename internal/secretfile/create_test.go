//go:build unix

package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestNoLinkIsFollowedWhereAFileIsMade(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	link(t, target, path)
	if err := Create(path, []byte("secret")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
	if err := createInPlace(path, []byte("secret")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("without links in the file system: got %v, want fs.ErrExist", err)
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that the link names was made: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v; want the link alone", left, err)
	}
}

func TestAFileIsMadeWholeAndOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 16 {
		wg.Go(func() {
			switch err := Create(path, []byte("secret")); {
			case err == nil:
				mu.Lock()
				defer mu.Unlock()
				made++
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := Read(path, 10); made != 1 || err != nil || string(got) != "secret" {
		t.Errorf("%d were made, want 1; got %q, %v", made, got, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := Create(filepath.Join(dir, "none", "key"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no folder: got %v", err)
	}
}

func TestDraftsOfAKilledProcessAreRemovedAndNoOthers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	inUse, err := newDraft(path)
	if err != nil {
		t.Fatal(err)
	}
	defer inUse.Close()
	kept := map[string]bool{
		"key":                       true,
		"key.new-":                  true,
		"key.new-1a":                true,
		"other.new-1":               true,
		"key.new-9":                 true,
		"key.new-8":                 true,
		filepath.Base(inUse.Name()): true,
	}
	for name := range kept {
		if name != filepath.Base(inUse.Name()) && name != "key.new-8" {
			write(t, filepath.Join(dir, name), "", 0o600)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "key.new-9"), 0o644); err != nil { // no draft of ours has that mode
		t.Fatal(err)
	}
	link(t, "key", filepath.Join(dir, "key.new-8"))
	write(t, filepath.Join(dir, "key.new-1"), "half a", 0o600)
	write(t, filepath.Join(dir, "key.new-22"), "", 0o600)
	Sweep(path)
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if !kept[e.Name()] {
			t.Errorf("%s is still there", e.Name())
		}
		delete(kept, e.Name())
	}
	if len(kept) > 0 {
		t.Errorf("removed as well: %v", kept)
	}
}
