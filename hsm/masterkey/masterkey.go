// Package masterkey keeps the master key of a software HSM in a file, from which
// every process on one store reads it.
//
// The file is one line: apcsim-lmk-1, a space and the key as 64 hexadecimal
// digits. It may be reached through symbolic links. It must be a regular file.
// Others must have no access to it; its group may only read it, and only if this
// process is in that group: mode 0600, or 0440 as Kubernetes mounts a secret with
// fsGroup. No error shows the file's content.
package masterkey

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/seed748fb4d1/apcsim/internal/secretfile"
)

// The line: the word, a space, the key, the line's end.
const (
	word      = "apcsim-lmk-1"
	lineBytes = len(word) + 1 + 64 + 1
)

// maxFile is the most that is read of a file, in bytes.
const maxFile = 4 << 10

// Read reads the master key from a file made by [Make], for
// hsm.SoftwareOptions.MasterKey. A file that is not there is fs.ErrNotExist. The
// key is the caller's to clear.
func Read(path string) (*[32]byte, error) {
	secretfile.Sweep(path)
	line, err := secretfile.Read(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("masterkey: %w", err)
	}
	defer clear(line)
	digits, ok := bytes.CutPrefix(line, []byte(word+" "))
	digits, ended := bytes.CutSuffix(digits, []byte("\n"))
	var key [32]byte
	if !ok || !ended || len(digits) != hex.EncodedLen(len(key)) {
		return nil, fmt.Errorf("masterkey: %s is not a file with one line, %q and 64 hexadecimal digits", path, word)
	}
	if _, err := hex.Decode(key[:], digits); err != nil {
		clear(key[:])
		return nil, fmt.Errorf("masterkey: %s: not all of the 64 are hexadecimal digits", path)
	}
	return &key, nil
}

// Make makes a master key and writes it to a new file of mode 0600, which is on the
// disk when Make returns. If the file exists it is read, and made is false; so it
// is where several processes call Make at the same time, in all but one of them. A
// symbolic link to nothing is refused: the file is not made where it points. The
// key is the caller's to clear.
func Make(path string) (key *[32]byte, made bool, err error) {
	if key, err := Read(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	key = new([32]byte)
	rand.Read(key[:])
	line := make([]byte, 0, lineBytes)
	line = append(hex.AppendEncode(append(line, word+" "...), key[:]), '\n')
	defer clear(line)
	err = secretfile.Create(path, line)
	if err == nil {
		return key, true, nil
	}
	clear(key[:])
	if errors.Is(err, fs.ErrExist) {
		if key, err = Read(path); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("masterkey: %s is a symbolic link to nothing, and a file is not made through a link", path)
		}
		return key, false, err
	}
	return nil, false, fmt.Errorf("masterkey: making one: %w", err)
}
