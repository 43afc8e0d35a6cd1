package hsm

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/seed748fb4d1/apcsim/internal/secretfile"
)

// A master key file is one line: the word, a space and the key in hexadecimal.
const masterKeyWord = "apcsim-lmk-1"

// masterKeyLine is the length of the line with its end.
const masterKeyLine = len(masterKeyWord) + 1 + 64 + 1

// maxMasterKeyFile is the most that is read of a file, in bytes.
const maxMasterKeyFile = 4 << 10

// ReadMasterKey reads the master key of a software backend from a file made by
// [MakeMasterKey]. A file that is not there is fs.ErrNotExist. The path may lead
// through symbolic links; the file itself must be a regular one to which others
// have no access, which its group cannot change, and which its group may read
// only where this process is in that group (mode 0600, or 0440 as Kubernetes
// mounts a secret with fsGroup). No error has what is in the file.
func ReadMasterKey(path string) (*[32]byte, error) {
	secretfile.Sweep(path)
	line, err := secretfile.Read(path, maxMasterKeyFile)
	if err != nil {
		return nil, fmt.Errorf("hsm: the master key: %w", err)
	}
	defer clear(line)
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

// MakeMasterKey makes a master key and writes it to a new file with the mode
// 0600, which is on the disk when it returns. Of several that try at once one
// does; a file that is there already is read, and made is false. A symbolic link
// to nothing is refused: the file is not made where it points.
func MakeMasterKey(path string) (key *[32]byte, made bool, err error) {
	if key, err := ReadMasterKey(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	key = new([32]byte)
	rand.Read(key[:])
	line := make([]byte, 0, masterKeyLine)
	line = append(hex.AppendEncode(append(line, masterKeyWord+" "...), key[:]), '\n')
	defer clear(line)
	err = secretfile.Create(path, line)
	if err == nil {
		return key, true, nil
	}
	clear(key[:])
	if errors.Is(err, fs.ErrExist) {
		if key, err = ReadMasterKey(path); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("hsm: making a master key: %s is a symbolic link to nothing, and a file is not made through a link", path)
		}
		return key, false, err
	}
	return nil, false, fmt.Errorf("hsm: making a master key: %w", err)
}
