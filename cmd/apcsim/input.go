package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// maxLine is the longest line taken from standard input, in bytes without its end.
const maxLine = 1 << 20

// fromStdin is what is written on a command line for a value that is on standard
// input, on a line of its own.
const fromStdin = "-"

// inputError is a value that cannot be read as what it should be. Its text
// never repeats the value, which may be a key.
type inputError struct {
	field   string // "kbpk"; empty for a whole line
	offset  int    // in the field or the line; -1 where there is none
	problem string // what is wrong, as a clause
	found   string // or empty
	wanted  string // or empty
}

// message is what is wrong, without the field.
func (e *inputError) message() string { return wording.Text(e.problem, e.found, e.wanted) }

func (e *inputError) Error() string {
	if e.field == "" {
		return e.message()
	}
	return e.field + ": " + e.message()
}

// readLine reads one line, without its end. The end of the input is io.EOF,
// but a last line needs no end. A line that is too long is an inputError, and
// the next call reads the line after it.
func readLine(r *bufio.Reader) (line []byte, err error) {
	long := false
	for {
		part, err := r.ReadSlice('\n')
		more := errors.Is(err, bufio.ErrBufferFull)
		if err == nil {
			part = part[:len(part)-1]
		}
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		switch {
		case more:
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long):
			return nil, err
		case long:
			return nil, &inputError{offset: maxLine, problem: problemLongLine, wanted: "at most " + wording.Bytes(maxLine)}
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		return line, nil
	}
}

// resolve replaces a value that is said to be on standard input by the next line there.
func resolve(r *bufio.Reader, field string, value *string) error {
	if *value != fromStdin {
		return nil
	}
	line, err := readLine(r)
	if errors.Is(err, io.EOF) {
		return &inputError{field: field, offset: -1, problem: problemNoLine}
	}
	if err != nil {
		return fmt.Errorf("%s: reading standard input: %w", field, err)
	}
	*value = string(line)
	return nil
}

// unhex decodes hexadecimal digits of either case. None are no bytes: what is
// missing is refused by the caller that wants bytes.
func unhex(field, s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		clear(b) // what was decoded until then
		return nil, &inputError{field: field, offset: -1, problem: problemHexPairs}
	}
	return b, nil
}
