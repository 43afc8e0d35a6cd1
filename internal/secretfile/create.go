package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// draftMark is between the name of a file and the digits of its draft.
const draftMark = ".new-"

// Create makes a file of mode 0600 with this content, which is on the disk when
// Create returns. The file gets its name when it is whole, so that no process
// reads a part of it. What has the name already, a symbolic link included, is
// fs.ErrExist and stays as it is.
//
// A draft that a killed process left next to the file is removed; see [Sweep].
func Create(path string, content []byte) error {
	Sweep(path)
	draft, err := newDraft(path)
	if err != nil {
		return err
	}
	defer draft.Close()
	defer os.Remove(draft.Name())
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Sync()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := createInPlace(path, content); err != nil { // a file system without links
			return err
		}
	}
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = folder.Sync() // some systems cannot
		folder.Close()
	}
	return nil
}

// newDraft makes an empty file next to path and holds its lock. Another process's
// Sweep may take the name away before the lock is held; then the next is made.
func newDraft(path string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+draftMark+"*") // mode 0600, O_EXCL
		if err != nil {
			return nil, err
		}
		lockFile(f)
		if named(f) {
			return f, nil
		}
		f.Close()
	}
}

// createInPlace writes a file under its own name, which must be free.
func createInPlace(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|NoFollow, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

// Sweep removes the drafts of a file that a killed process left: those that no
// process has locked. It does what it can; a folder that cannot be written stays
// as it is. A system without flock keeps its drafts.
func Sweep(path string) {
	folder := filepath.Dir(path)
	d, err := os.Open(folder)
	if err != nil {
		return
	}
	names, err := d.Readdirnames(-1)
	d.Close()
	if err != nil {
		return
	}
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, filepath.Base(path)+draftMark)
		if ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
			sweepDraft(filepath.Join(folder, name))
		}
	}
}

func sweepDraft(name string) {
	f, err := os.OpenFile(name, os.O_RDWR|NoFollow|nonBlock, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode() == 0o600 && mine(info) && tryLock(f) && named(f) {
		os.Remove(name)
	}
}

// named reports whether an open file still has its name.
func named(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(open, there)
}
