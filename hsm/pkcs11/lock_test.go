//go:build cgo && unix

package pkcs11

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestALockIsNotMadeThroughALink: the folder of locks is open to every user of the
// machine unless Options.LockDir names another.
func TestALockIsNotMadeThroughALink(t *testing.T) {
	dir := t.TempDir()
	target, name := filepath.Join(dir, "target"), filepath.Join(dir, "a.lock")
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockFile(t.Context(), name)
	if err == nil {
		unlock()
	}
	if !errors.Is(err, syscall.ELOOP) {
		t.Errorf("got %v, want ELOOP", err)
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that the link names was made: %v", err)
	}
}
