//go:build cgo

package pkcs11

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/seed748fb4d1/apcsim/internal/secretfile"
)

// How long a lock is waited for between two attempts, and how long in all by a
// process that connects.
const (
	lockPause = 2 * time.Millisecond
	lockWait  = 2 * time.Second
)

// alone keeps other processes from logging in and from looking for keys while this
// one does or makes master keys. SoftHSM writes the token's file anew at each login
// and an object's file anew for each attribute, and another process that reads
// meanwhile gets half of it. Where the file cannot be locked, connecting continues
// without the lock: other modules do not need it.
func (b *Backend) alone(ctx context.Context) (done func(), err error) {
	short, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	sum := sha256.Sum256([]byte(b.module.path))
	done, err = lockFile(short, filepath.Join(b.options.LockDir, fmt.Sprintf("apcsim-pkcs11-module-%x.lock", sum[:8])))
	if err != nil {
		b.options.Log.Debug("connecting without a lock", "cause", err)
		done = func() {}
	}
	if err := ctx.Err(); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// lockFile waits for a lock on a file, which it makes. The holder of the
// lock removes the file, so the file that was waited for may be another by then. A
// symbolic link in its place is an error: the folder may be open to all.
func lockFile(ctx context.Context, name string) (unlock func(), err error) {
	for {
		lock := flock.New(name, flock.SetFlag(os.O_CREATE|os.O_RDONLY|secretfile.NoFollow), flock.SetPermissions(0o666))
		if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
			lock.Close()
			return nil, err
		}
		locked, err := lock.Stat()
		there, missing := os.Lstat(name)
		if err == nil && missing == nil && os.SameFile(locked, there) {
			return func() {
				os.Remove(name)
				lock.Close()
			}, nil
		}
		lock.Close()
	}
}

// fileName is a serial as part of a file's name.
func fileName(serial string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, serial)
}
