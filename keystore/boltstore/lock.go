package boltstore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lockAgain is how often a held lock is tried.
const lockAgain = 10 * time.Millisecond

// lockFile waits for the lock of an open file, which ends with the process or
// when the file is closed.
func lockFile(ctx context.Context, f *os.File, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		held, err := tryLock(f)
		if err != nil {
			return fmt.Errorf("boltstore: %s: lock: %w", f.Name(), err)
		}
		if !held {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%w: %s is held by %s", ErrLocked, f.Name(), holder(f.Name()))
		}
		timer := time.NewTimer(lockAgain)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w: %s is held by %s: %w", ErrLocked, f.Name(), holder(f.Name()), ctx.Err())
		}
	}
}

// The lock itself is the system's, on the store's file. Beside it lies a note,
// FILE.lock, that says who holds it: one line of process, host and program.
// The note is a courtesy and decides nothing: without it, or with one that is
// stale, a file is opened or refused all the same.

func noteName(path string) string { return path + ".lock" }

// writeNote says that this process holds the file. A folder that cannot be
// written has no note.
func writeNote(path string) {
	host, _ := os.Hostname()
	line := fmt.Sprintf("%d %s %s\n", os.Getpid(), strings.Join(strings.Fields(host), "-"), filepath.Base(os.Args[0]))
	os.WriteFile(noteName(path), []byte(line), 0o600)
}

func removeNote(path string) { os.Remove(noteName(path)) }

// holder is who the note says holds the file, if that can be true.
func holder(path string) string {
	const unknown = "another process, which left no note of itself"
	line, err := os.ReadFile(noteName(path))
	if err != nil {
		return unknown
	}
	fields := strings.SplitN(strings.TrimSpace(string(line)), " ", 3)
	if len(fields) != 3 {
		return unknown
	}
	pid, err := strconv.Atoi(fields[0])
	if err != nil || pid <= 0 {
		return unknown
	}
	host, _ := os.Hostname()
	here := fields[1] == strings.Join(strings.Fields(host), "-")
	switch {
	case here && pid == os.Getpid():
		return fmt.Sprintf("this process (%d)", pid)
	case here && !alive(pid):
		return unknown
	case here:
		return fmt.Sprintf("process %d (%s)", pid, fields[2])
	}
	return fmt.Sprintf("process %d (%s) on host %s", pid, fields[2], fields[1])
}
