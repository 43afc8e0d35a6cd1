package mac

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Padding is a padding method: how a message is extended to whole blocks (ISO/IEC
// 9797-1:2011, section 6.3).
type Padding int

// The padding methods of the standard, and none.
const (
	None   Padding = iota // no padding: the message must be one or more whole blocks
	Zeros                 // method 1: zero bytes up to a whole block; an empty message becomes one block
	Bit                   // method 2: the byte 80 (hexadecimal) in any case, then zero bytes
	Length                // method 3: a first block with the length of the message in bits, then as method 1
)

// Error is a refused argument: what is wrong, the value found and the values that would do.
type Error struct {
	Problem string // "the message is not whole blocks"
	Found   string
	Wanted  string
}

// Error is "mac: the problem: found X, wanted Y".
func (e *Error) Error() string {
	return "mac: " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// Pad returns a padded copy of the message for a cipher with blocks of size bytes, 8 or more. It
// fails with an [Error] where the method is unknown, and where it is [None] and the message is
// not whole blocks.
func (p Padding) Pad(message []byte, size int) ([]byte, error) {
	if err := p.check(len(message), size); err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(message)+2*size)
	if p == Length {
		out = append(out, make([]byte, size)...)
		binary.BigEndian.PutUint64(out[size-8:], uint64(len(message))*8)
	}
	out = append(out, message...)
	if p == Bit {
		out = append(out, 0x80)
	}
	if rest := len(out) % size; rest > 0 {
		return append(out, make([]byte, size-rest)...), nil
	}
	if len(message) == 0 { // zeros make at least one block
		out = append(out, make([]byte, size)...)
	}
	return out, nil
}

// check refuses what is no padding, and a message of n bytes that None does not fit.
func (p Padding) check(n, size int) error {
	if p < None || p > Length {
		return &Error{Problem: problemPadding, Found: fmt.Sprint(int(p)), Wanted: "None, Zeros, Bit or Length"}
	}
	if p == None && (n == 0 || n%size != 0) {
		return &Error{
			Problem: problemPartial,
			Found:   wording.Bytes(n),
			Wanted:  fmt.Sprintf("a multiple of %d, at least %d", size, size),
		}
	}
	return nil
}

// CBC returns the MAC of MAC algorithm 1 (ISO/IEC 9797-1): the last block of the CBC encryption
// of the padded message with a zero IV. With a TDES cipher every block is enciphered by TDES.
// It fails as [Padding.Pad] does.
func CBC(b cipher.Block, p Padding, message []byte) ([]byte, error) {
	return chain(b, p, message)
}

// chain is the last block of the CBC encryption, with a zero IV, of the padded message, of
// which no copy is made.
func chain(b cipher.Block, p Padding, message []byte) ([]byte, error) {
	size, n := b.BlockSize(), len(message)
	if err := p.check(n, size); err != nil {
		return nil, err
	}
	x := make([]byte, size)
	if p == Length {
		binary.BigEndian.PutUint64(x[size-8:], uint64(n)*8)
		b.Encrypt(x, x)
	}
	for ; len(message) >= size; message = message[size:] {
		subtle.XORBytes(x, x, message[:size])
		b.Encrypt(x, x)
	}
	if len(message) == 0 && n > 0 && p != Bit {
		return x, nil
	}
	subtle.XORBytes(x, x, message)
	if p == Bit {
		x[len(message)] ^= 0x80
	}
	b.Encrypt(x, x)
	return x, nil
}

// RetailKey is a key of MAC algorithm 3 as three single DES ciphers. Of a double-length key the
// first half is First and Third, the second half is Second. None of them may be nil.
type RetailKey struct{ First, Second, Third cipher.Block }

// NewRetailKey makes the ciphers of a TDES key of 16 or 24 bytes, whose parity bits are ignored.
// Another length is an [Error]. The bytes are not retained.
func NewRetailKey(key []byte) (*RetailKey, error) {
	k := &RetailKey{}
	if err := k.set(key); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *RetailKey) set(key []byte) error {
	if len(key) != 16 && len(key) != 24 {
		return &Error{Problem: problemKeyLength, Found: wording.Bytes(len(key)), Wanted: "16 or 24 bytes"}
	}
	var parts [3]cipher.Block
	for i := range len(key) / 8 {
		b, err := des.NewCipher(key[8*i : 8*i+8])
		if err != nil {
			return err
		}
		parts[i] = b
	}
	if parts[2] == nil {
		parts[2] = parts[0]
	}
	k.First, k.Second, k.Third = parts[0], parts[1], parts[2]
	return nil
}

// Retail returns the MAC of MAC algorithm 3 (ISO/IEC 9797-1; the retail MAC of ANSI X9.19), 8
// bytes: the last block of the CBC encryption under the first DES key, deciphered under the
// second and enciphered under the third. It fails as [Padding.Pad] does.
func Retail(k *RetailKey, p Padding, message []byte) ([]byte, error) {
	x, err := chain(k.First, p, message)
	if err != nil {
		return nil, err
	}
	k.Second.Decrypt(x, x)
	k.Third.Encrypt(x, x)
	return x, nil
}

// Equal reports whether two MACs are the same, in constant time. MACs of different lengths are
// not the same: cut both to one length first.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
