package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

// Journal is the file that says what a side may have made. A line is written, and is on the disk,
// before the call that makes something. One process at a time has it.
type Journal struct {
	file *os.File
	lock *flock.Flock
	runs []string // of earlier lines too
	left []string // keys and aliases that were made and not deleted
	open bool     // a call was noted whose outcome is not
}

// entry is a line of a journal.
type entry struct {
	Run   string `json:"run,omitempty"`   // a run begins
	Calls string `json:"calls,omitempty"` // an operation that makes something is about to be called
	Probe string `json:"probe,omitempty"`
	Made  string `json:"made,omitempty"` // an ARN, or the name of an alias before it is made
	Gone  string `json:"gone,omitempty"`
	Done  bool   `json:"done,omitempty"` // nothing is left
}

// JournalFile is where the journal of a side is by default: in the user's cache.
func JournalFile(side string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, strings.ToLower(side))
	return filepath.Join(dir, "apcsim", "compare-"+name+".journal"), nil
}

// OpenJournal opens a journal, which it makes where there is none.
func OpenJournal(name string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(name + ".lock")
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(err, errors.New(problemBusy))
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		lock.Unlock()
		return nil, err
	}
	j := &Journal{file: f, lock: lock}
	if err := j.read(f); err != nil {
		j.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return j, nil
}

// read takes what earlier runs have left. A last line that is not whole was cut by the end of its
// process: the call that it announces was not sent.
func (j *Journal) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			j.take(&e)
		}
	}
	return lines.Err()
}

func (j *Journal) take(e *entry) {
	switch {
	case e.Run != "":
		j.runs = append(j.runs, e.Run)
	case e.Made != "":
		j.left = append(j.left, e.Made)
	case e.Gone != "":
		j.left = slices.DeleteFunc(j.left, func(x string) bool { return x == e.Gone })
	case e.Done:
		j.runs, j.left, j.open = nil, nil, false
	}
	if e.Calls != "" {
		j.open = true
	}
}

// write appends a line and waits until it is on the disk.
func (j *Journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.file.Write(append([]byte("\n"), line...))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	j.take(&e)
	return nil
}

// Close lets another process have the journal.
func (j *Journal) Close() error {
	err := j.file.Close()
	return errors.Join(err, j.lock.Unlock())
}

// note writes that a call is about to make something.
func (s *Service) note(operation, probe, alias string) error {
	if s.journal == nil {
		return nil
	}
	if !slices.Contains(s.journal.runs, s.run) {
		if err := s.journal.write(entry{Run: s.run}); err != nil {
			return err
		}
	}
	return s.journal.write(entry{Calls: operation, Probe: probe, Made: alias})
}

func (s *Service) noteMade(arn string) error {
	if s.journal == nil {
		return nil
	}
	return s.journal.write(entry{Made: arn})
}

func (s *Service) noteGone(what string) error {
	if s.journal == nil {
		return nil
	}
	return s.journal.write(entry{Gone: what})
}
