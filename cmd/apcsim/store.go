package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/masterkey"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

// memory is --store of everything that ends with the process, in the words of
// the help.
const memory = "memory"

// storeSpec is where --store and --master-key say that things are kept.
type storeSpec struct {
	file      string // of a store in one file; "": another kind
	database  string // the URL of a database
	masterKey string // the file with the software HSM's master key; "": none, or a token's
}

// parseStore reads --store and --master-key, for a device of --hsm. An error
// repeats no value: a URL may have a password.
func parseStore(spec, masterKey string, onToken bool) (*storeSpec, error) {
	s := &storeSpec{masterKey: masterKey}
	switch {
	case spec == memory:
	case strings.HasPrefix(spec, "postgres://"), strings.HasPrefix(spec, "postgresql://"):
		u, err := url.Parse(spec)
		if err != nil || u.User == nil && strings.Contains(u.Path, "@") {
			return nil, usageError(
				"--store: the URL of the database is none: wanted postgres://USER@HOST/DATABASE, and special characters of a password as %XX",
			)
		}
		s.database = spec
	case spec == "" || noFile(spec):
		return nil, usageError("--store: wanted memory, a FILE, or a URL like postgres://USER@HOST/DATABASE")
	default:
		s.file = spec
	}
	switch {
	case masterKey != "" && masterKey == s.file:
		return nil, usageError("--master-key: it is another file than that of --store")
	case masterKey != "" && onToken:
		return nil, usageError("--master-key: it is of the software HSM; a token keeps its master keys itself")
	case masterKey != "" && spec == memory:
		return nil, usageError("--master-key: wanted --store as well: a store in memory does not keep the keys that it would open")
	case masterKey == "" && s.database != "" && !onToken:
		return nil, usageError(
			"--store: a database needs --master-key FILE, the same for every server on it (apcsim master-key FILE makes one)",
		)
	case masterKey == "" && s.file != "" && !onToken:
		s.masterKey = s.file + ".lmk"
	}
	return s, nil
}

// noFile reports whether a value names a database in a form that is not taken.
func noFile(spec string) bool {
	lower := strings.ToLower(spec)
	for _, sign := range []string{"://", "postgres:", "postgresql:", "password=", "host="} {
		if strings.Contains(lower, sign) {
			return true
		}
	}
	return false
}

// open opens the store, and the software HSM under the master key if there is to be one,
// into the server's options. What it returns closes both.
//
// A store in a file that is there is opened before its master key is asked for: a file
// that is no store needs none. A new one gets its master key first.
func (s *storeSpec) open(ctx context.Context, o *server.Options, log *slog.Logger) (closing func() error, err error) {
	closing = func() (err error) {
		if o.Store != nil {
			err = o.Store.Close()
		}
		if s.masterKey != "" && o.Backend != nil {
			err = errors.Join(err, o.Backend.Close())
		}
		return err
	}
	if s.file == "" && s.database == "" {
		log.Info("everything is in memory and ends with the process (--store keeps it)")
		return closing, nil
	}
	there, err := s.there()
	if err == nil && !there {
		err = s.openSoftware(o, log)
	}
	if err == nil {
		err = s.openStore(ctx, o, log)
	}
	if err == nil && there {
		err = s.openSoftware(o, log)
	}
	if err != nil {
		return nil, errors.Join(err, closing())
	}
	return closing, nil
}

// there reports whether the file of the store exists.
func (s *storeSpec) there() (bool, error) {
	if s.file == "" {
		return false, nil
	}
	info, err := os.Stat(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err == nil && info.IsDir():
		err = fmt.Errorf("--store: %s is a folder, wanted a file, such as %s", s.file, filepath.Join(s.file, "apcsim.db"))
	}
	return true, err
}

// openStore opens the store alone. The interface stays nil where that fails.
func (s *storeSpec) openStore(ctx context.Context, o *server.Options, log *slog.Logger) error {
	if s.file != "" {
		store, err := boltstore.Open(ctx, s.file, &boltstore.Options{Log: log})
		if err != nil {
			return err
		}
		o.Store, log = store, log.With("file", s.file)
	} else {
		store, err := pgstore.Open(ctx, s.database, nil)
		if err != nil {
			return err
		}
		o.Store, log = store, log.With("database", place(s.database))
	}
	log.Info("everything is kept in the store")
	return nil
}

// openSoftware opens the software HSM under the master key in the file, unless a token is
// the HSM. It makes a master key for a store that is not there yet, and for no other.
func (s *storeSpec) openSoftware(o *server.Options, log *slog.Logger) error {
	if s.masterKey == "" {
		return nil
	}
	key, made, err := s.readMasterKey()
	if err != nil {
		return err
	}
	defer clear(key[:])
	said := "the software HSM has the master key of a file"
	if made {
		said = "A MASTER KEY WAS MADE: without this file nothing in the store can be opened"
	}
	log.Info(said, "file", s.masterKey)
	if o.Seed != 0 {
		log.Warn("--seed begins again in each run: the store may get the same key twice")
	}
	o.Backend = hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: key, Seed: o.Seed})
	return nil
}

func (s *storeSpec) readMasterKey() (key *[32]byte, made bool, err error) {
	key, err = masterkey.Read(s.masterKey)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if s.database != "" {
		return nil, false, fmt.Errorf("%w (apcsim master-key %s makes one, for a database that is new)", err, s.masterKey)
	}
	if _, missing := os.Stat(s.file); !errors.Is(missing, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("%w: the store %s is there, and its keys cannot be opened without it", err, s.file)
	}
	return masterkey.Make(s.masterKey)
}

// place is what of a database's URL may be logged: host and name.
func place(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return ""
	}
	return u.Host + u.Path
}
