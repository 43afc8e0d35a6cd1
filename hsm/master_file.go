package hsm

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A master key file is one line: the word, a space and the key in hexadecimal.
const masterKeyWord = "apcsim-lmk-1"

// masterKeyLine is the length of the line with its end.
const masterKeyLine = len(masterKeyWord) + 1 + 64 + 1

// ReadMasterKey reads the master key of a software backend from a file made by
// [MakeMasterKey]. A file that others may read or write is refused, one that is
// not there is fs.ErrNotExist. No error tells what is in the file.
func ReadMasterKey(path string) (*[32]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("hsm: the master key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("hsm: the master key: %s has the mode %v, want a file that is its owner's alone (chmod 600)", path, info.Mode())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("hsm: the master key: %w", err)
	}
	defer f.Close()
	line, err := io.ReadAll(io.LimitReader(f, int64(masterKeyLine)+1))
	defer clear(line)
	if err != nil {
		return nil, fmt.Errorf("hsm: the master key: %w", err)
	}
	digits, ok := bytes.CutPrefix(line, []byte(masterKeyWord+" "))
	digits, ended := bytes.CutSuffix(digits, []byte("\n"))
	var key [32]byte
	if !ok || !ended || len(digits) != hex.EncodedLen(len(key)) {
		return nil, fmt.Errorf("hsm: the master key: %s is not a file with one line, %q and 64 hexadecimal digits", path, masterKeyWord)
	}
	if _, err := hex.Decode(key[:], digits); err != nil {
		clear(key[:])
		return nil, fmt.Errorf("hsm: the master key: %s: not all of the 64 are hexadecimal digits", path)
	}
	return &key, nil
}

// MakeMasterKey draws a master key and writes it to a new file with the mode
// 0600, which is on the disk when it returns. Of several that try at once one
// does; a file that is there already is read, and made is false.
func MakeMasterKey(path string) (key *[32]byte, made bool, err error) {
	if key, err := ReadMasterKey(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	key = new([32]byte)
	rand.Read(key[:])
	err = writeMasterKey(path, key)
	if errors.Is(err, fs.ErrExist) {
		clear(key[:])
		key, err = ReadMasterKey(path)
		return key, false, err
	}
	if err != nil {
		clear(key[:])
		return nil, false, fmt.Errorf("hsm: making a master key: %w", err)
	}
	return key, true, nil
}

// writeMasterKey gives the file its name when it is whole: nobody reads a half.
func writeMasterKey(path string, key *[32]byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	line := make([]byte, 0, masterKeyLine)
	line = append(hex.AppendEncode(append(line, masterKeyWord+" "...), key[:]), '\n')
	defer clear(line)
	_, err = f.Write(line)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := copyNew(path, line); err != nil { // a file system without links
			return err
		}
	}
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // not every system can
		d.Close()
	}
	return nil
}

// copyNew writes a file that must not be there yet.
func copyNew(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Sync(), f.Close())
}
