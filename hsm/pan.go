package hsm

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// PAN is a primary account number for the length of one command. Its digits are in a closure, as
// the bytes of a [Secret] are: no fmt verb, slog or JSON prints them. The zero PAN has no digits.
type PAN struct{ open func() string }

// NewPAN takes the digits as they are; the command that needs them checks them.
func NewPAN(digits string) PAN { return PAN{func() string { return digits }} }

func (p PAN) digits() string {
	if p.open == nil {
		return ""
	}
	return p.open()
}

const hiddenPAN = "PAN"

// Equal reports whether two account numbers have the same digits.
func (p PAN) Equal(q PAN) bool { return p.digits() == q.digits() }

// String is "PAN".
func (p PAN) String() string { return hiddenPAN }

// Format writes "PAN" for every verb.
func (p PAN) Format(w fmt.State, _ rune) { io.WriteString(w, hiddenPAN) }

// MarshalJSON writes "PAN".
func (p PAN) MarshalJSON() ([]byte, error) { return json.Marshal(hiddenPAN) }

// LogValue logs "PAN".
func (p PAN) LogValue() slog.Value { return slog.StringValue(hiddenPAN) }
