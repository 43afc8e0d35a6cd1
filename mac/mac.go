package mac

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Padding makes a message whole blocks (ISO/IEC 9797-1, section 6.3).
type Padding int

// The padding methods, and none.
const (
	None   Padding = iota // the message is whole blocks, at least one
	Zeros                 // method 1: zeros up to a whole block; at least one block
	Bit                   // method 2: the byte 80, then zeros
	Length                // method 3: a block with the length in bits in front, then zeros
)

// Error is a refused argument.
type Error struct {
	Problem string // "the message is not whole blocks"
	Found   string
	Wanted  string
}

// Error is "mac: the problem: found X, wanted Y".
func (e *Error) Error() string {
	return "mac: " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// Pad returns a padded copy of the message, or an [Error] where [None] does not fit.
func (p Padding) Pad(message []byte, size int) ([]byte, error) {
	out := make([]byte, 0, len(message)+2*size)
	switch p {
	case None:
		if len(message) == 0 || len(message)%size != 0 {
			return nil, &Error{
				Problem: problemPartial,
				Found:   fmt.Sprintf("%d bytes", len(message)),
				Wanted:  fmt.Sprintf("a multiple of %d, at least %d", size, size),
			}
		}
		return append(out, message...), nil
	case Zeros:
		out = append(out, message...)
	case Bit:
		out = append(append(out, message...), 0x80)
	case Length:
		out = append(out, make([]byte, size)...)
		binary.BigEndian.PutUint64(out[size-8:], uint64(len(message))*8)
		out = append(out, message...)
	default:
		return nil, &Error{Problem: problemPadding, Found: fmt.Sprint(int(p)), Wanted: "None, Zeros, Bit or Length"}
	}
	if rest := len(out) % size; rest > 0 {
		return append(out, make([]byte, size-rest)...), nil
	}
	if len(message) == 0 { // zeros make at least one block
		out = append(out, make([]byte, size)...)
	}
	return out, nil
}

// CBC returns the MAC of algorithm 1: the last block of the message's CBC encryption
// with a zero IV, under the whole cipher at every block (for TDES keys too).
func CBC(b cipher.Block, p Padding, message []byte) ([]byte, error) {
	padded, err := p.Pad(message, b.BlockSize())
	if err != nil {
		return nil, err
	}
	defer clear(padded)
	return chain(b, padded), nil
}

// chain is the last block of a CBC encryption with a zero IV.
func chain(b cipher.Block, blocks []byte) []byte {
	x := make([]byte, b.BlockSize())
	for ; len(blocks) > 0; blocks = blocks[len(x):] {
		subtle.XORBytes(x, x, blocks[:len(x)])
		b.Encrypt(x, x)
	}
	return x
}

// RetailKey is a key of algorithm 3: single DES ciphers of the halves of a
// double-length key, or of the thirds of a triple-length one.
type RetailKey struct{ First, Second, Third cipher.Block }

// NewRetailKey makes one from 16 or 24 bytes of TDES key, whose parity is ignored.
func NewRetailKey(key []byte) (*RetailKey, error) {
	if len(key) != 16 && len(key) != 24 {
		return nil, &Error{Problem: problemKeyLength, Found: fmt.Sprintf("%d bytes", len(key)), Wanted: "16 or 24 bytes"}
	}
	var parts [3]cipher.Block
	for i := range len(key) / 8 {
		b, err := des.NewCipher(key[8*i : 8*i+8])
		if err != nil {
			return nil, err
		}
		parts[i] = b
	}
	if parts[2] == nil {
		parts[2] = parts[0]
	}
	return &RetailKey{parts[0], parts[1], parts[2]}, nil
}

// Retail returns the MAC of algorithm 3 (ANSI X9.19): CBC under the first key,
// and at the end decryption under the second and encryption under the third.
func Retail(k *RetailKey, p Padding, message []byte) ([]byte, error) {
	padded, err := p.Pad(message, k.First.BlockSize())
	if err != nil {
		return nil, err
	}
	defer clear(padded)
	x := chain(k.First, padded)
	k.Second.Decrypt(x, x)
	k.Third.Encrypt(x, x)
	return x, nil
}

// Equal reports whether two MACs are the same, in constant time. Two of different
// lengths are not.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
