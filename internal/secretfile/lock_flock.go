//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package secretfile

import (
	"errors"
	"os"
	"syscall"
)

// lockFile waits for the lock of an open file. A file system without locks has
// drafts that Sweep cannot lock either, and keeps.
func lockFile(f *os.File) { _ = flock(f, syscall.LOCK_EX) }

// tryLock reports whether it took the lock of an open file.
func tryLock(f *os.File) bool { return flock(f, syscall.LOCK_EX|syscall.LOCK_NB) == nil }

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
