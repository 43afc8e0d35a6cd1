package pin

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// MinLength and MaxLength are the fewest and the most digits of a PIN (ISO 9564-1).
const (
	MinLength = 4
	MaxLength = 12
)

// PIN is a PIN in the clear, 4 to 12 decimal digits. The digits are in a closure, so that printing
// a struct with a PIN in an unexported field shows an address instead. The zero value has no
// digits, and the functions of this package refuse it. Values may be copied, and any number of
// goroutines may use one.
type PIN struct{ open func() string }

// New returns the PIN of 4 to 12 decimal digits. Other text is an [Error].
func New(digits string) (PIN, error) {
	if len(digits) < MinLength || len(digits) > MaxLength {
		return PIN{}, &Error{Rule: RuleLength, Problem: problemLength, Found: wording.Count(len(digits), "digit"), Wanted: "4 to 12 digits"}
	}
	if i := notDigit(digits); i >= 0 {
		return PIN{}, &Error{Rule: RuleDigits, Problem: problemPINDigit, Found: fmt.Sprintf("character %d", i+1), Wanted: "0 to 9"}
	}
	return PIN{func() string { return digits }}, nil
}

// Random draws a PIN of 4 to 12 digits, each of the ten digits with the same probability. The
// reader random is the only source of randomness: [crypto/rand.Reader], or a seeded one in a test.
// Another length is an [Error]; an error of the reader is wrapped.
func Random(random io.Reader, length int) (PIN, error) {
	if length < MinLength || length > MaxLength {
		return PIN{}, &Error{Rule: RuleLength, Problem: problemLength, Found: wording.Count(length, "digit"), Wanted: "4 to 12 digits"}
	}
	digits := make([]byte, 0, length)
	var b [MaxLength]byte
	for len(digits) < length {
		drawn := b[:length-len(digits)]
		if _, err := io.ReadFull(random, drawn); err != nil {
			return PIN{}, fmt.Errorf("pin: drawing digits: %w", err)
		}
		for _, v := range drawn {
			if v < 250 { // the bytes from 250 on would make 0 to 5 more likely
				digits = append(digits, '0'+v%10)
			}
		}
	}
	return New(string(digits))
}

// Len returns the number of digits, 0 for the zero value.
func (p PIN) Len() int { return len(p.Digits()) }

// Digits returns the PIN in the clear. It is the only method that does.
func (p PIN) Digits() string {
	if p.open == nil {
		return ""
	}
	return p.open()
}

// Equal reports whether two PINs are the same, in a time that depends on their
// lengths alone.
func (p PIN) Equal(q PIN) bool {
	return subtle.ConstantTimeCompare([]byte(p.Digits()), []byte(q.Digits())) == 1
}

const hidden = "PIN"

// String is "PIN".
func (p PIN) String() string { return hidden }

// Format writes "PIN" for every verb.
func (p PIN) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// LogValue is "PIN".
func (p PIN) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON writes "PIN".
func (p PIN) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// MarshalText writes "PIN".
func (p PIN) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// notDigit is the index of the first character that is not a decimal digit, or -1.
func notDigit(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return -1
}
