//go:build unix && !solaris && !aix

package boltstore

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
)

// tryLock takes the lock that bbolt takes next, so that the file can be looked at before.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return bolterrors.ErrTimeout
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// unlock ends the lock, which the mapping of the file would keep.
func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// holder names the process that has a file locked, where the system lists them (Linux).
func holder(path string) string {
	var stat syscall.Stat_t
	list, err := os.ReadFile("/proc/locks")
	if err == nil && syscall.Stat(path, &stat) == nil {
		for line := range strings.Lines(string(list)) {
			// 1: FLOCK ADVISORY WRITE 1234 08:01:5678 0 EOF, where 5678 is the inode
			if f := strings.Fields(line); len(f) > 5 && f[1] == "FLOCK" && strings.HasSuffix(f[5], fmt.Sprint(":", stat.Ino)) {
				return "process " + f[4]
			}
		}
	}
	return "fuser " + path + " shows which process"
}
