package engine

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// modes is a set of modes of use, a bit for each.
type modes uint16

// The bits stand in the order of KeyModesOfUse.
const (
	encrypt modes = 1 << iota
	decrypt
	wrap
	unwrap
	generate
	sign
	verify
	deriveKey
	noRestrictions

	allModes modes = 1<<iota - 1
)

var modeNames = [...]string{"Encrypt", "Decrypt", "Wrap", "Unwrap", "Generate", "Sign", "Verify", "DeriveKey", "NoRestrictions"}

func modesOf(m apc.KeyModesOfUse) (out modes) {
	for i, on := range [...]bool{m.Encrypt, m.Decrypt, m.Wrap, m.Unwrap, m.Generate, m.Sign, m.Verify, m.DeriveKey, m.NoRestrictions} {
		if on {
			out |= 1 << i
		}
	}
	return out
}

func (m modes) members() apc.KeyModesOfUse {
	return apc.KeyModesOfUse{
		Encrypt: m&encrypt != 0, Decrypt: m&decrypt != 0, Wrap: m&wrap != 0, Unwrap: m&unwrap != 0,
		Generate: m&generate != 0, Sign: m&sign != 0, Verify: m&verify != 0, DeriveKey: m&deriveKey != 0,
		NoRestrictions: m&noRestrictions != 0,
	}
}

// allows says whether a key with these modes may do what needs the others.
func (m modes) allows(need modes) bool { return m&noRestrictions != 0 || m&need == need }

// String is "{Encrypt, Wrap}".
func (m modes) String() string {
	var names []string
	for i, name := range modeNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return "{" + strings.Join(names, ", ") + "}"
}

// modeBytes pairs each mode of use of a key block with the service's set
// (tr31-mapping, section 4). T and Y have no counterpart (GUESS: refused).
var modeBytes = []struct {
	code  byte
	modes modes
}{
	{'B', encrypt | decrypt | wrap | unwrap},
	{'E', encrypt | wrap},
	{'D', decrypt | unwrap},
	{'C', generate | verify},
	{'G', generate},
	{'V', verify},
	{'S', sign},
	{'X', deriveKey},
	{'N', noRestrictions},
}

func modesOfByte(code byte) (modes, bool) {
	for _, row := range modeBytes {
		if row.code == code {
			return row.modes, true
		}
	}
	return 0, false
}

func byteOfModes(m modes) (byte, bool) {
	for _, row := range modeBytes {
		if row.modes == m {
			return row.code, true
		}
	}
	return 0, false
}
