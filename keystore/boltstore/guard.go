package boltstore

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Why a file is not opened or not believed. errors.Is finds them; the text
// names the file and the cause.
var (
	// ErrLocked: another store holds the file.
	ErrLocked = errors.New("boltstore: file is in use")
	// ErrDamaged: the file is not as a store leaves it: cut off, torn,
	// overwritten, or of another program.
	ErrDamaged = errors.New("boltstore: file is damaged")
	// ErrNewer: the file was written by a later version of this package.
	ErrNewer = errors.New("boltstore: file is of a newer format")
	// ErrMode: others than the owner may write the file.
	ErrMode = errors.New("boltstore: file can be written by others")
)

var errDangling = errors.New("an index names it, and it is not there")

// guarded runs a call on the file, which is mapped into memory: where it has
// been cut off or overwritten under our feet, bbolt panics and the processor
// faults. That becomes an error here, and after it nothing of the file is
// believed any more, least of all written.
func (s *Store) guarded(what string, do func() error) (err error) {
	if s.closed.Load() {
		return keystore.ErrClosed
	}
	if dead := s.dead.Load(); dead != nil {
		return *dead
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %s: %s met: %v", ErrDamaged, s.path, what, p)
			s.dead.CompareAndSwap(nil, &err)
		}
	}()
	return do()
}

// failed gives a failure of bbolt the store's name.
func (s *Store) failed(what string, err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return keystore.ErrClosed
	}
	return fmt.Errorf("boltstore: %s: %s: %w", s.path, what, err)
}

func (s *Store) damagedRecord(ref keystore.Ref, cause error) error {
	if errors.Is(cause, ErrNewer) {
		return fmt.Errorf("%s: %s %q: %w", s.path, ref.Kind, ref.ID, cause)
	}
	return fmt.Errorf("%w: %s: %s %q: %w", ErrDamaged, s.path, ref.Kind, ref.ID, cause)
}
