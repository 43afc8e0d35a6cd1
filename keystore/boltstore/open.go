package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Options of Open. The zero value is right for most; nil means the same.
type Options struct {
	// LockWait is how long to wait for another store to let go of the file:
	// a second, if zero; not at all, if negative.
	LockWait time.Duration
	// Now is the clock that dates a new file; nil is time.Now.
	Now func() time.Time
	// Fallback opens a file one of whose two meta pages cannot be read. If
	// that was the newer one, the last commit is lost.
	Fallback bool
}

// Store is a keystore in one file. Any number of goroutines may share one.
type Store struct {
	path    string
	file    *os.File // bbolt's own
	db      *bolt.DB
	queue   queue
	readers readers

	// snapshots is held for reading by whoever reads one. A commit waits for all
	// of them after a failure: bbolt has lost count of the pages that they use.
	snapshots sync.RWMutex
	metas     int64 // the length of the two meta pages
	closed    atomic.Bool
	dead      atomic.Pointer[error] // why nothing of the file is believed any more

	// The leader of the queue guards what follows.
	log       *commitLog
	unsettled bool // a transaction failed; see settle
}

var _ keystore.Store = (*Store)(nil)

// Open opens the store in a file and makes the file if there is none. The
// file is the caller's until Close: no other store, in this process or
// another, can open it.
//
// A file that is in use is ErrLocked, one that others may write ErrMode, one
// of a later version ErrNewer, one that is not whole ErrDamaged.
func Open(ctx context.Context, path string, o *Options) (*Store, error) {
	return open(ctx, path, o, format, steps)
}

func open(ctx context.Context, path string, o *Options, version uint32, steps map[uint32]step) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	if err := makeFile(path, o); err != nil {
		return nil, fmt.Errorf("boltstore: %s cannot be made: %w", path, err)
	}
	s := &Store{path: path}
	err = s.guarded("Open", func() error { return s.open(ctx, o, version, steps) })
	if err != nil {
		s.giveUp()
		return nil, err
	}
	writeNote(path)
	return s, nil
}

// open opens the file, which is there.
func (s *Store) open(ctx context.Context, o *Options, version uint32, steps map[uint32]step) (err error) {
	wait := o.LockWait
	if wait == 0 {
		wait = time.Second
	}
	var refused error // the hook's own error, which bbolt may wrap
	settings := boltOptions(func(name string, flag int, mode os.FileMode) (*os.File, error) {
		var f *os.File
		f, refused = openChecked(ctx, name, flag, wait, o.Fallback)
		s.file = f
		return f, refused
	})
	settings.Timeout = max(wait, time.Millisecond)
	s.db, err = bolt.Open(s.path, 0o600, settings)
	if errors.Is(err, syscall.ENOMEM) && settings.InitialMmapSize > 0 {
		settings.InitialMmapSize = 0 // the process may not map that much
		s.db, err = bolt.Open(s.path, 0o600, settings)
	}
	switch {
	case refused != nil:
		return refused
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: %s is held by %s", ErrLocked, s.path, holder(s.path))
	case err != nil:
		return fmt.Errorf("boltstore: %s cannot be opened: %w", s.path, err)
	}
	s.db.AllocSize = growth
	return s.begin(version, steps)
}

// growth is how many bytes the file grows by at a time.
const growth = 1 << 20

// mapped is how much of the address space is set aside for the file: while it
// is smaller, a commit never waits for readers to let it be mapped anew.
const mapped = 1 << 36

const pageSize = 4096

func boltOptions(openFile func(string, int, os.FileMode) (*os.File, error)) *bolt.Options {
	o := &bolt.Options{FreelistType: bolt.FreelistMapType, PageSize: pageSize, NoStatistics: true, OpenFile: openFile}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" { // where it would make the file as large
		o.InitialMmapSize = int(min(int64(mapped), int64(math.MaxInt)))
	}
	return o
}

// openChecked opens a file, locks it, and looks at all of it that bbolt takes
// on trust.
func openChecked(ctx context.Context, name string, flag int, wait time.Duration, fallback bool) (_ *os.File, err error) {
	f, err := os.OpenFile(name, flag&^os.O_CREATE, 0)
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("boltstore: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("boltstore: %s is not a regular file", name)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o, it must be 0600 (chmod go-w)", ErrMode, name, mode)
	}
	if err := lockFile(ctx, f, wait); err != nil {
		return nil, err
	}
	if !locksFirst {
		return f, nil
	}
	if err := checkFile(f, fallback); err != nil {
		return nil, refusal(name, err)
	}
	return f, nil
}

// checkFile looks at what a file must have to be opened.
func checkFile(f *os.File, fallback bool) error {
	info, err := f.Stat() // once more: now nobody writes
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return errors.New("it is empty, which no store ever is; remove it to begin a new one")
	}
	m, err := newestMeta(f, info.Size(), fallback)
	if err != nil {
		return err
	}
	return walkPages(f, info.Size(), m, false, func() error { return nil })
}

// refusal is why a file is not opened: damage, if it has no other name.
func refusal(path string, cause error) error {
	if errors.Is(cause, ErrNewer) {
		return fmt.Errorf("boltstore: %s: %w", path, cause)
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, path, cause)
}

// begin reads what a store needs of its file, and brings an older one up to
// date.
func (s *Store) begin(version uint32, steps map[uint32]step) error {
	s.metas = int64(2 * s.db.Info().PageSize)
	var found uint32
	err := s.db.View(func(tx *bolt.Tx) (err error) {
		found, err = formatOf(tx)
		return err
	})
	switch {
	case err != nil:
		return refusal(s.path, err)
	case found > version:
		return fmt.Errorf("%w: %s has format %d; this program reads up to %d", ErrNewer, s.path, found, version)
	case found < version:
		if err := s.db.Update(func(tx *bolt.Tx) error { return migrate(tx, found, version, steps) }); err != nil {
			return fmt.Errorf("boltstore: %s cannot be brought up to date: %w", s.path, err)
		}
	}
	return s.loadLog()
}

// loadLog reads the ring of remembered commits, and that every bucket is there.
func (s *Store) loadLog() error {
	return s.db.View(func(tx *bolt.Tx) (err error) {
		for _, name := range allBuckets {
			if tx.Bucket(name) == nil {
				return refusal(s.path, fmt.Errorf("bucket %q is missing", name))
			}
		}
		if s.log, err = readLog(tablesOf(tx)); err != nil {
			return refusal(s.path, err)
		}
		return nil
	})
}

// makeFile makes an empty store where there is no file. It is made under
// another name first: at its own it is whole from the beginning, whatever
// happens meanwhile, and of two processes that make one, one is first.
func makeFile(path string, o *Options) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // there, or for the opening to tell
	}
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".new-*") // of mode 0600
	if err != nil {
		return err
	}
	draft := f.Name()
	defer os.Remove(draft)
	f.Close()
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	if err := fillFile(draft, now()); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(draft, path); err != nil { // a file system without links
			return err
		}
	}
	return syncFolder(folder)
}

func fillFile(path string, now time.Time) error {
	settings := boltOptions(nil)
	settings.InitialMmapSize = 0
	db, err := bolt.Open(path, 0o600, settings)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error { return create(tx, now) })
	return errors.Join(err, db.Close())
}

// syncFolder makes a new name in a folder durable, where folders can be
// synced.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || runtime.GOOS == "windows" {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// Close waits for the calls that are under way and lets go of the file.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	removeNote(s.path)
	s.pause()
	if s.dead.Load() != nil {
		s.giveUp()
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("boltstore: %s: %w", s.path, err)
	}
	return nil
}

// giveUp lets go of a file in which bbolt lost its way. Its own Close might
// wait for ever for locks that were left behind. The mapping stays until the
// process ends, and would keep the lock.
func (s *Store) giveUp() {
	if s.db != nil && s.dead.Load() == nil {
		s.db.Close()
	}
	if s.file != nil {
		unlock(s.file)
		s.file.Close()
	}
}

// rewriteMeta writes the newest meta page once more and syncs it.
func (s *Store) rewriteMeta() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	m, err := newestMeta(s.file, info.Size(), true)
	if err != nil {
		return err
	}
	page := make([]byte, m.pageSize)
	at := int64(m.tx % 2 * m.pageSize)
	if _, err := s.file.ReadAt(page, at); err != nil {
		return err
	}
	if _, err := s.file.WriteAt(page, at); err != nil {
		return err
	}
	return s.file.Sync()
}
