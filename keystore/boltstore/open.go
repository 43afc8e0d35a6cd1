package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/secretfile"
	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Why a file is not opened or no longer used. errors.Is finds them; the text
// names the file and the cause.
var (
	// ErrLocked: another store has the file open.
	ErrLocked = errors.New("it is in use by another store")
	// ErrDamaged: the file is not as a store writes it: cut off, torn, overwritten,
	// or of another program.
	ErrDamaged = errors.New("it is damaged")
	// ErrNewer: the file was written by a later version of this package.
	ErrNewer = errors.New("it is of a later version")
	// ErrMode: others than the owner have access to the file, or it is not a file.
	ErrMode = errors.New("others than its owner have access to it, or it is not a file")
	// ErrReplaced: the file no longer has its name: it was removed, or another one has
	// taken its place. Nothing is committed to it while that is so.
	ErrReplaced = errors.New("it was removed or replaced while it was open")
)

// Options of Open. The zero value is right for most; nil means the same.
type Options struct {
	// LockWait is how long to wait until another store closes the file: a second, if
	// zero; not at all, if negative.
	LockWait time.Duration
	// Fallback opens a file one of whose two meta pages cannot be read. If that was
	// the newer one, the last commit is lost.
	Fallback bool
	// Log gets a line where opening takes longer than usual: every record is read
	// after a crash, and in a file of an earlier format. Nil: no log.
	Log *slog.Logger
}

// Store is a keystore in one file. Any number of goroutines may share one.
type Store struct {
	path    string
	options Options
	db      *bolt.DB
	file    *os.File // bbolt's own

	closed atomic.Bool
	broken atomic.Pointer[error] // why every call is refused
	stuck  atomic.Bool           // bbolt may hold locks that no call will release

	turn    chan struct{} // holds one value while a commit, Check or Close has its turn
	mu      sync.Mutex    // guards what follows
	waiting []*request
	idle    *reader
	newest  int // number of the last transaction that is known of
}

var _ keystore.Store = (*Store)(nil)

// Open opens the store in a file and makes the file if there is none. The file is
// the caller's until Close: no other store, in this process or another, can open
// it. A path whose last element is a symbolic link is refused.
//
// A file that is in use is ErrLocked, one that others have access to ErrMode, one
// of a later version ErrNewer, one that is not whole ErrDamaged.
func Open(ctx context.Context, path string, o *Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := createFile(path); err != nil {
			return nil, fmt.Errorf("boltstore: %s cannot be made: %w", path, err)
		}
	}
	s := &Store{path: path, turn: make(chan struct{}, 1)}
	if o != nil {
		s.options = *o
	}
	if s.options.LockWait == 0 {
		s.options.LockWait = time.Second
	}
	if err = s.open(ctx); err == nil {
		err = s.begin(ctx)
	}
	if err != nil {
		s.giveUp()
		return nil, err
	}
	return s, nil
}

// growth is how many bytes the file grows by at a time. While the file is smaller
// than mapped, a commit never waits for readers so that it can be mapped again.
const (
	growth = 1 << 20
	mapped = 1 << 36
)

func boltOptions() *bolt.Options {
	return &bolt.Options{FreelistType: bolt.FreelistMapType, PageSize: pageSize}
}

// open has bbolt open and lock the file.
func (s *Store) open(ctx context.Context) (err error) {
	defer s.recovered(new(bool), &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := boltOptions()
	o.Timeout = time.Millisecond // once
	o.OpenFile = s.openFile
	if room := uint64(mapped); strconv.IntSize == 64 && runtime.GOOS != "windows" { // which would make the file as large
		o.InitialMmapSize = int(room)
	}
	for deadline := time.Now().Add(s.options.LockWait); ; {
		s.db, err = bolt.Open(s.path, 0o600, o)
		switch {
		case err == nil:
			s.db.AllocSize = growth
			return nil
		case errors.Is(err, syscall.ENOMEM) && o.InitialMmapSize > 0:
			o.InitialMmapSize = 0 // the process may not map as much
			continue
		case !errors.Is(err, bolterrors.ErrTimeout):
			return fmt.Errorf("boltstore: %s: %w", s.path, err)
		case time.Now().After(deadline):
			return fmt.Errorf("boltstore: %s: %w: %s", s.path, ErrLocked, holder(s.path))
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("boltstore: %s: %w: %w", s.path, ErrLocked, ctx.Err())
		}
	}
}

// openFile opens and locks the file for bbolt, and checks it before bbolt reads it.
func (s *Store) openFile(path string, _ int, _ os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|secretfile.NoFollow, 0)
	if err != nil {
		return nil, err
	}
	if err := s.checkFile(f); err != nil {
		f.Close()
		return nil, err
	}
	s.file = f
	return f, nil
}

// checkFile checks what the file is, who has access to it, and whether bbolt can open it.
// The kind is checked first: of a file that is no store the mode does not matter. It
// takes the lock.
func (s *Store) checkFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() {
		if err := checkKind(f, info.Size()); err != nil {
			return err
		}
	}
	if err := secretfile.Check(f); err != nil {
		return fmt.Errorf("%w: %w", ErrMode, err)
	}
	if err := tryLock(f); err != nil {
		return err
	}
	if info, err = f.Stat(); err != nil { // once more: now no other process writes
		return err
	}
	if err := checkMetas(f, info.Size(), s.options.Fallback); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// begin checks what is in the file, and converts one of an earlier format.
func (s *Store) begin(ctx context.Context) error {
	var version uint32
	var found counts
	err := s.view(ctx, func(tx *reader) (err error) {
		if found.entries, err = s.checkPages(tx.Tx); err != nil {
			return err
		}
		if version, err = formatOf(tx.Tx); err != nil {
			return err
		}
		if version == format {
			if t, err := checkState(tx.Tx, found); err != nil || t.clean {
				return err
			}
		}
		if log := s.options.Log; log != nil {
			log.Warn("the store was not closed, or was closed by an earlier version: every record and index is read", "file", s.path)
		}
		return checkRecords(ctx, tx.Tx, &found)
	})
	if err != nil || version == format {
		return err
	}
	s.endIdle(0)
	err = s.update(func(tx *bolt.Tx) error { return migrate(tx, found) })
	if err != nil && s.broken.Load() == nil {
		err = fmt.Errorf("boltstore: %s cannot be converted: %w", s.path, err)
	}
	return err
}

// createFile makes an empty store. It is made under another name first: under its
// own it is whole from the beginning, and of two processes that make one, one is
// first.
func createFile(path string) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".new-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	f.Close()
	db, err := bolt.Open(f.Name(), 0o600, boltOptions())
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Update(create); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(f.Name(), path); err != nil { // a file system without links
			return err
		}
	}
	if d, err := os.Open(folder); err == nil {
		_ = d.Sync() // some systems cannot
		d.Close()
	}
	return nil
}

// Close waits for the calls that run and closes the file.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.broken.Load() == nil {
		s.endIdle(math.MaxInt)
		// Without the mark the next opening reads everything; nothing is lost.
		_ = s.update(markClean)
	}
	return s.giveUp()
}

// giveUp closes the file. Where bbolt may hold its locks forever, its own Close
// would wait for them: the mapping stays then until the process ends.
func (s *Store) giveUp() (err error) {
	if s.db != nil && !s.stuck.Load() {
		s.endIdle(math.MaxInt)
		if err = s.db.Close(); err != nil {
			err = fmt.Errorf("boltstore: %s: %w", s.path, err)
		}
	} else if s.file != nil {
		unlock(s.file)
		s.file.Close()
	}
	return err
}
