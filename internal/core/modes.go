package core

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Modes is a set of modes of use, a bit for each.
type Modes uint16

// The bits are in the order of KeyModesOfUse.
const (
	Encrypt Modes = 1 << iota
	Decrypt
	Wrap
	Unwrap
	Generate
	Sign
	Verify
	DeriveKey
	NoRestrictions

	AllModes Modes = 1<<iota - 1
)

var ModeNames = [...]string{"Encrypt", "Decrypt", "Wrap", "Unwrap", "Generate", "Sign", "Verify", "DeriveKey", "NoRestrictions"}

// ModesOf is the set of the members that are true.
func ModesOf(m apc.KeyModesOfUse) (out Modes) {
	for i, on := range [...]bool{m.Encrypt, m.Decrypt, m.Wrap, m.Unwrap, m.Generate, m.Sign, m.Verify, m.DeriveKey, m.NoRestrictions} {
		if on {
			out |= 1 << i
		}
	}
	return out
}

// Members is the set as the service shows it.
func (m Modes) Members() apc.KeyModesOfUse {
	return apc.KeyModesOfUse{
		Encrypt: m&Encrypt != 0, Decrypt: m&Decrypt != 0, Wrap: m&Wrap != 0, Unwrap: m&Unwrap != 0,
		Generate: m&Generate != 0, Sign: m&Sign != 0, Verify: m&Verify != 0, DeriveKey: m&DeriveKey != 0,
		NoRestrictions: m&NoRestrictions != 0,
	}
}

// Allows reports whether a key with these modes of use may do what needs the others.
func (m Modes) Allows(need Modes) bool { return m&NoRestrictions != 0 || m&need == need }

// String is "{Encrypt, Wrap}".
func (m Modes) String() string {
	var names []string
	for i, name := range ModeNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return "{" + strings.Join(names, ", ") + "}"
}

// ModeBytes pairs each mode of use of a key block with the service's set
// (tr31-mapping, section 4). T and Y have no counterpart (GUESS G-modes-t-y: refused).
var ModeBytes = []struct {
	Code  byte
	Modes Modes
}{
	{'B', Encrypt | Decrypt | Wrap | Unwrap},
	{'E', Encrypt | Wrap},
	{'D', Decrypt | Unwrap},
	{'C', Generate | Verify},
	{'G', Generate},
	{'V', Verify},
	{'S', Sign},
	{'X', DeriveKey},
	{'N', NoRestrictions},
}

// ModesOfByte is the set for a mode of use of a key block.
func ModesOfByte(code byte) (Modes, bool) {
	for _, row := range ModeBytes {
		if row.Code == code {
			return row.Modes, true
		}
	}
	return 0, false
}

// ByteOfModes is the mode of use of a key block for a set, where it has one.
func ByteOfModes(m Modes) (byte, bool) {
	for _, row := range ModeBytes {
		if row.Modes == m {
			return row.Code, true
		}
	}
	return 0, false
}
