//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package secretfile

import "os"

// The system has no flock: drafts are never swept.
func lockFile(*os.File) {}

func tryLock(*os.File) bool { return false }
