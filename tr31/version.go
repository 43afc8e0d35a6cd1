package tr31

import "github.com/seed748fb4d1/apcsim/internal/wording"

// Version is the first character of a key block: it names the cipher of the
// protection key and the method of binding.
type Version byte

const (
	VersionA Version = 'A' // TDES, variant method; deprecated
	VersionB Version = 'B' // TDES, derivation method
	VersionC Version = 'C' // TDES, variant method
	VersionD Version = 'D' // AES, derivation method, CBC
	VersionE Version = 'E' // AES, derivation method, CTR (ISO 20038)
)

// rules is one row of the table of versions.
type rules struct {
	block   int    // bytes of a cipher block
	unit    int    // bytes: key data is a whole number of these
	least   int    // bytes of key data in the smallest block
	mac     int    // bytes of MAC in the block
	variant bool   // working keys are variants, MAC over ciphertext; else derived, MAC over plaintext
	aes     bool   // family of the protection key
	usage   uint16 // of the encryption key's derivation
}

// versions is the table of the standards, A to E in order.
var versions = [...]rules{
	{block: 8, unit: 8, least: 8, mac: 4, variant: true},
	{block: 8, unit: 8, least: 8, mac: 8},
	{block: 8, unit: 8, least: 8, mac: 4, variant: true},
	{block: 16, unit: 16, least: 16, mac: 16, aes: true},
	{block: 16, unit: 1, least: 2, mac: 16, aes: true, usage: 2},
}

// rules finds the row; an unknown version is an error of class version.
func (v Version) rules() (*rules, error) {
	if v < VersionA || v > VersionE {
		return nil, unknownVersion(byte(v))
	}
	return &versions[v-VersionA], nil
}

func unknownVersion(c byte) *Error {
	return &Error{ErrVersion, "version", 0, problemVersion, wording.Char(string([]byte{c})), "A, B, C, D or E"}
}

// BlockSize is the cipher block in bytes, 8 for A B C and 16 for D E: the total
// length of optional blocks is a multiple of it. An unknown version has 0.
func (v Version) BlockSize() int {
	r, err := v.rules()
	if err != nil {
		return 0
	}
	return r.block
}

// String is the version's character.
func (v Version) String() string { return string(rune(v)) }

// fits reports whether a protection key of so many bits serves the version.
func (r *rules) fits(bits int) bool {
	return bits == 128 || bits == 192 || r.aes && bits == 256
}

// lengths are those of the protection keys that fit.
func (r *rules) lengths() string {
	if r.aes {
		return "16, 24 or 32 bytes"
	}
	return "16 or 24 bytes"
}
