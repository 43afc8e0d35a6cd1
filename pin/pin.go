package pin

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// A PIN has 4 to 12 decimal digits (ISO 9564-1, section 7.2).
const (
	MinLength = 4
	MaxLength = 12
)

// PIN is a PIN in the clear. The digits are behind a function, so that printing a
// struct that holds one shows an address. The zero value has no digits. Values
// may be copied and shared.
type PIN struct{ open func() string }

// New returns the PIN of 4 to 12 decimal digits, or an [Error].
func New(digits string) (PIN, error) {
	if len(digits) < MinLength || len(digits) > MaxLength {
		return PIN{}, &Error{Rule: RuleLength, Problem: problemLength, Found: plural(len(digits), "digit"), Wanted: "4 to 12 digits"}
	}
	if i := notDigit(digits); i >= 0 {
		return PIN{}, &Error{Rule: RuleDigits, Problem: problemPINDigit, Found: fmt.Sprintf("character %d", i+1), Wanted: "0 to 9"}
	}
	return PIN{func() string { return digits }}, nil
}

// Random draws a PIN of the length, 4 to 12, each digit with the same chance. The
// reader is the only source of chance: [crypto/rand.Reader], or a seeded one.
func Random(random io.Reader, length int) (PIN, error) {
	if length < MinLength || length > MaxLength {
		return PIN{}, &Error{Rule: RuleLength, Problem: problemLength, Found: plural(length, "digit"), Wanted: "4 to 12 digits"}
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

// Len is the number of digits.
func (p PIN) Len() int { return len(p.Digits()) }

// Digits returns the PIN in the clear.
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

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
