// Package secretfile reads and makes files that hold secrets: master keys, PINs,
// configurations with secrets in them, stores.
//
// A file that is read may be reached through symbolic links, as Kubernetes mounts
// secrets; the open file is checked, not its name. A file that is made is never
// made through a symbolic link.
//
// # The rule for a file that is read
//
// It is a regular file. Others than its owner and its group have no access. The
// group may read it, but not write it, and only where it is a group of this
// process. So 0600 and 0400 are taken, and 0440 with a group that the process is
// in, which is what Kubernetes makes of defaultMode 0440 and fsGroup. Where the
// system has no such modes (Windows) only the kind of the file is checked.
package secretfile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// accessError is a file that the rule refuses.
type accessError struct {
	Path    string
	Problem string // "others may read it (mode 0644)"
	Mend    string // "chmod 600 /etc/apcsim/pin"; may be empty
}

func (e *accessError) Error() string {
	if e.Mend == "" {
		return e.Path + ": " + e.Problem
	}
	return e.Path + ": " + e.Problem + ": " + e.Mend
}

// open opens a file for reading and checks it as [Check] does. It does not wait
// for the writer of a FIFO. A file that is not there is fs.ErrNotExist, one that
// the rule refuses an [accessError].
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	if err := Check(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Check reports as an [accessError] why an open file breaks the rule.
func Check(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &accessError{f.Name(), kind(info.Mode()) + ", wanted a regular file", ""}
	}
	return checkAccess(f.Name(), info)
}

// CheckInput is [Check] for a file that is read once, such as a configuration. A
// pipe of this user is taken as well, such as a shell makes of <(command) or gives as
// /dev/stdin; and a file of any mode in a directory that only this user can
// enter (mode 0700), as programs make for their temporary files.
func CheckInput(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case 0:
		if sheltered(f.Name(), info) {
			return nil
		}
	case os.ModeNamedPipe:
		if !mine(info) {
			return &accessError{f.Name(), "a pipe of another user", ""}
		}
	default:
		return &accessError{f.Name(), kind(info.Mode()) + ", wanted a regular file or a pipe", ""}
	}
	return checkAccess(f.Name(), info)
}

// Read returns the content of a file that keeps the rule, at most so many bytes.
func Read(path string, most int) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content := make([]byte, most+1) // one buffer: one that grows leaves copies
	n, err := io.ReadFull(f, content)
	switch {
	case err == nil:
		err = fmt.Errorf("%s: longer than %d bytes", path, most)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return content[:n], nil
	}
	clear(content)
	return nil, err
}

// kind is what a file is that is not a regular one.
func kind(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&os.ModeNamedPipe != 0:
		return "a FIFO"
	case m&os.ModeSocket != 0:
		return "a socket"
	case m&os.ModeDevice != 0:
		return "a device"
	}
	return "not a file"
}

// modeProblem is what is wrong with the permissions of a file, or "". ours reports
// whether its group is one of this process.
func modeProblem(mode os.FileMode, ours bool) string {
	perm := mode.Perm()
	switch {
	case perm&0o007 != 0:
		return fmt.Sprintf("others have access to it (mode %04o)", perm)
	case perm&0o030 != 0:
		return fmt.Sprintf("its group may change it (mode %04o)", perm)
	case perm&0o040 != 0 && !ours:
		return fmt.Sprintf("a group that this process is not in may read it (mode %04o)", perm)
	}
	return ""
}
