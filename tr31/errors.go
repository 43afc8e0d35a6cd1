package tr31

import (
	"strconv"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Class is the kind of a refusal, and itself an error, so that callers write errors.Is(err,
// tr31.ErrMAC). Where several apply, the first one from the start of the block is reported; the
// standards set no order.
type Class string

const (
	ErrCharset         Class = "charset"           // a character outside printable ASCII
	ErrLength          Class = "length"            // block, length field or key data of a wrong size
	ErrVersion         Class = "version"           // not A to E
	ErrHeaderField     Class = "header-field"      // a code that the standard does not have
	ErrOptBlock        Class = "opt-block"         // an optional block's id, length or place
	ErrOptBlockData    Class = "opt-block-data"    // the content of a known optional block
	ErrOptBlockPadding Class = "opt-block-padding" // optional blocks that do not fill cipher blocks
	ErrHex             Class = "hex"               // key data or MAC not hexadecimal
	ErrKBPK            Class = "kbpk"              // a protection key that does not fit the version
	ErrMAC             Class = "mac"               // not authentic
	ErrKeyLength       Class = "key-length"        // the length under the MAC is impossible, or wrong for the algorithm
)

// Error is the class as it is written in [Error.Class].
func (c Class) Error() string { return "tr31: " + string(c) }

// Error is a refusal. It holds no key material.
type Error struct {
	Class   Class
	Field   string // "key usage", "KS", "key data", ...; empty if it is the whole block
	Offset  int    // in characters from the start of the block; -1 where there is none
	Problem string // what is wrong, as a clause: "the MAC does not verify under this key"
	Found   string // the value at fault, or empty
	Wanted  string // the value or values that would have passed, or empty
}

// Error is class, problem, values and offset in one line.
func (e *Error) Error() string {
	s := e.Class.Error() + ": " + wording.Text(e.Problem, e.Found, e.Wanted)
	if e.Offset >= 0 {
		s += " (at character " + strconv.Itoa(e.Offset) + ")"
	}
	return s
}

// Is makes errors.Is find the class.
func (e *Error) Is(target error) bool { return target == e.Class }
