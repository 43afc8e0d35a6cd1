package hsm

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
)

// Secret is clear key material for the length of one HSM call. The bytes are in a closure: no fmt
// verb, slog or JSON prints them, even from a field of another struct. The zero Secret is zero
// bytes.
//
// Destroy is best effort: the runtime may have made copies that cannot be reached.
type Secret struct{ open func() []byte }

// NewSecret copies the bytes. The caller clears its own.
func NewSecret(b []byte) Secret { return adopt(bytes.Clone(b)) }

// adopt is NewSecret without the copy: the bytes are the Secret's from then on.
func adopt(b []byte) Secret { return Secret{func() []byte { return b }} }

func (s Secret) bytes() []byte {
	if s.open == nil {
		return nil
	}
	return s.open()
}

// Len is the length in bytes.
func (s Secret) Len() int { return len(s.bytes()) }

// Expose calls use with the bytes, which it must neither keep nor change. Only backends call it.
func (s Secret) Expose(use func(clear []byte) error) error { return use(s.bytes()) }

// Equal compares in constant time.
func (s Secret) Equal(t Secret) bool { return subtle.ConstantTimeCompare(s.bytes(), t.bytes()) == 1 }

// Destroy overwrites the bytes with zeros.
func (s Secret) Destroy() { clear(s.bytes()) }

// String is the length and nothing else.
func (s Secret) String() string { return fmt.Sprintf("Secret(%d bytes)", s.Len()) }

// Format prints the same for every verb.
func (s Secret) Format(w fmt.State, _ rune) { fmt.Fprint(w, s.String()) }

// MarshalJSON writes the same.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue logs the same.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
