package dukpt

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Error is a refused argument: which, what is wrong, what was found and what would do. No field
// holds a byte of a key.
type Error struct {
	Field   string // "key serial number", "initial key", …
	Problem string
	Found   string
	Wanted  string
}

// Error is "dukpt: key serial number: the problem: found X, wanted Y".
func (e *Error) Error() string {
	return "dukpt: " + e.Field + ": " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// A TDESKSN is a key serial number of TDES DUKPT (X9.24-1, annex A): 10 bytes, of which the last 21
// bits are the transaction counter and the others identify the terminal and its base derivation
// key.
type TDESKSN [10]byte

const tdesCounterBits = 21

// ParseTDESKSN reads 20 hexadecimal digits, or 16, which get FFFF in front. Other text
// is an [Error]. Any counter is accepted.
func ParseTDESKSN(text string) (TDESKSN, error) {
	if len(text) != 20 && len(text) != 16 {
		return TDESKSN{}, &Error{
			"key serial number",
			problemLength,
			wording.Count(len(text), "digit"),
			"20 or 16 hexadecimal digits for a TDES key",
		}
	}
	out := TDESKSN{0xFF, 0xFF}
	return out, decode(out[10-len(text)/2:], text)
}

// decode reads the hexadecimal digits of a serial number.
func decode(dst []byte, text string) error {
	if _, err := hex.Decode(dst, []byte(text)); err == nil {
		return nil
	}
	bad := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEFabcdef", r) })
	return &Error{"key serial number", problemHex, fmt.Sprintf("character %d", bad+1), "0 to 9 or A to F"}
}

// Counter returns the transaction counter, 21 bits.
func (k TDESKSN) Counter() uint32 { return binary.BigEndian.Uint32(k[6:]) & (1<<tdesCounterBits - 1) }

// Valid reports whether a terminal uses this counter: it counts from 1 and skips values with more
// than 10 one bits (X9.24-1, annex A). Keys can be derived for any counter.
func (k TDESKSN) Valid() bool { return k.Counter() != 0 && bits.OnesCount32(k.Counter()) <= 10 }

// Initial returns the serial number with a counter of 0.
func (k TDESKSN) Initial() TDESKSN {
	k[7] &= 0xE0
	k[8], k[9] = 0, 0
	return k
}

// String is 20 hexadecimal digits, upper case.
func (k TDESKSN) String() string { return fmt.Sprintf("%X", k[:]) }

// variant is what makes the key of the right halves out of a key.
var variant = [16]byte{0: 0xC0, 1: 0xC0, 2: 0xC0, 3: 0xC0, 8: 0xC0, 9: 0xC0, 10: 0xC0, 11: 0xC0}

// Variant returns the variant of a base derivation key that [InitialTDES] needs besides the key
// (X9.24-1, A.6): bytes 1 to 4 of each 8 are XORed with C0. The key is 16 bytes, or 24, which the
// standard does not have; another length is an [Error].
func Variant(bdk []byte) ([]byte, error) {
	if len(bdk) != 16 && len(bdk) != 24 {
		return nil, &Error{"base derivation key", problemLength, wording.Bytes(len(bdk)), "16 or 24 bytes"}
	}
	return tdes.Variant(bdk, variant[:8]...), nil
}

// InitialTDES derives a terminal's initial key, 16 bytes (X9.24-1, A.6): E(X) under the base
// derivation key and E(X) under its [Variant], both TDES ciphers, where X is the first 8 bytes of
// the serial number with a counter of 0. The counter of k is not used.
func InitialTDES(bdk, variant cipher.Block, k TDESKSN) []byte {
	id := k.Initial()
	out := append(id[:8:8], id[:8]...)
	bdk.Encrypt(out[:8], out[:8])
	variant.Encrypt(out[8:], out[8:])
	return out
}

// TransactionTDES derives the transaction key of a serial number (X9.24-1, A.3), 16 bytes, from
// the terminal's initial key, 16 bytes: one step for each one bit of the counter, the highest
// first. An initial key of another length is an [Error].
func TransactionTDES(initial []byte, k TDESKSN) ([]byte, error) {
	if err := double("initial key", initial); err != nil {
		return nil, err
	}
	key := append([]byte(nil), initial...)
	id := k.Initial()
	register := binary.BigEndian.Uint64(id[2:])
	counter := uint64(k.Counter())
	var next generation
	defer next.clear()
	for bit := uint64(1) << (tdesCounterBits - 1); bit > 0; bit >>= 1 {
		if counter&bit == 0 {
			continue
		}
		register |= bit
		if err := next.step(key, register); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// generation is room for the steps of a derivation.
type generation struct{ left, right [16]byte }

func (g *generation) clear() { *g = generation{} }

// step is the non-reversible key generation process: the right half of the next key under
// the left half of this one, the left half under the variant's.
func (g *generation) step(key []byte, register uint64) error {
	copy(g.right[:], key)
	subtle.XORBytes(g.left[:], key, variant[:])
	for i, half := range [2]*[16]byte{&g.left, &g.right} {
		if err := oneWay(half, register); err != nil {
			return err
		}
		copy(key[8*i:], half[8:])
	}
	return nil
}

// oneWay makes the right half of a key that of the next: it is enciphered under the left half.
func oneWay(key *[16]byte, register uint64) error {
	b, err := des.NewCipher(key[:8])
	if err != nil {
		return err
	}
	var in [8]byte
	binary.BigEndian.PutUint64(in[:], register)
	out := key[:8] // the left half is in the cipher
	subtle.XORBytes(out, in[:], key[8:])
	b.Encrypt(out, out)
	subtle.XORBytes(key[8:], key[8:], out)
	return nil
}

// TDESUse is the purpose of a TDES working key (X9.24-1, A.4.1).
type TDESUse int

// The purposes. A request goes from the terminal to the host.
const (
	PIN TDESUse = iota
	MACRequest
	MACResponse
	DataRequest
	DataResponse
)

// masks are the bytes of a working key that differ from the transaction key, in both halves
// (X9.24-1, A.4.1).
var masks = [...]struct {
	at     int
	oneWay bool // enciphered under itself afterwards
}{PIN: {7, false}, MACRequest: {6, false}, MACResponse: {4, false}, DataRequest: {5, true}, DataResponse: {3, true}}

// WorkingTDES derives the working key of a purpose (X9.24-1, A.4.1), 16 bytes, from the terminal's
// initial key, 16 bytes: the [TransactionTDES] key XOR a mask. A key for data is then enciphered
// under itself. The parity bits are not set. An initial key of another length, and an unknown
// purpose, is an [Error].
func WorkingTDES(initial []byte, k TDESKSN, use TDESUse) ([]byte, error) {
	if use < PIN || use > DataResponse {
		return nil, &Error{"use", problemPurpose, fmt.Sprint(int(use)), "PIN to DataResponse"}
	}
	key, err := TransactionTDES(initial, k)
	if err != nil {
		return nil, err
	}
	m := masks[use]
	key[m.at] ^= 0xFF
	key[8+m.at] ^= 0xFF
	if !m.oneWay {
		return key, nil
	}
	b, err := tdes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	b.Encrypt(key[:8], key[:8])
	b.Encrypt(key[8:], key[8:])
	return key, nil
}

func double(name string, key []byte) error {
	if len(key) != 16 {
		return &Error{name, problemLength, wording.Bytes(len(key)), "16 bytes"}
	}
	return nil
}
