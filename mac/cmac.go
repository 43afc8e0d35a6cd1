package mac

import (
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"io"
)

// maxBlock is the widest block served: AES.
const maxBlock = 16

// CMAC is a block cipher with its two CMAC subkeys (NIST SP 800-38B, section 6). It holds no state
// between calls, so any number of goroutines may share one.
type CMAC struct {
	block  cipher.Block
	size   int
	k1, k2 [maxBlock]byte
}

// NewCMAC prepares the subkeys K1 and K2 (SP 800-38B, section 6.1) of a cipher
// with blocks of 8 bytes (TDES) or 16 (AES); any other width panics.
func NewCMAC(block cipher.Block) *CMAC {
	m := &CMAC{block: block, size: block.BlockSize()}
	if m.size != 8 && m.size != 16 {
		panic("mac: block size is neither 8 nor 16")
	}
	k1, k2 := m.k1[:m.size], m.k2[:m.size]
	block.Encrypt(k1, k1) // L, the encryption of the zero block
	double(k1, k1)
	double(k2, k1)
	return m
}

// Masked prepares a message for a device that has CBC and no CMAC (SP 800-38B, section 6.2): it
// returns a copy, padded to whole blocks, with the last block XORed with the subkey. The CMAC is
// the last block of the CBC encryption of that copy with a zero IV. The argument l is the
// encryption of the zero block under the same key, 8 or 16 bytes; another length panics.
//
// Anyone with the message and the result can compute the subkey and forge MACs: clear the
// result after the encryption, and l too. The message and l are neither changed nor
// retained.
func Masked(l, message []byte) []byte {
	size := len(l)
	if size != 8 && size != 16 {
		panic("mac: L has neither 8 bytes nor 16")
	}
	var subkey [maxBlock]byte
	defer clear(subkey[:])
	double(subkey[:size], l)
	blocks := max(1, (len(message)+size-1)/size)
	out := make([]byte, blocks*size)
	if copy(out, message) < len(out) {
		out[len(message)] = 0x80
		double(subkey[:size], subkey[:size])
	}
	last := out[len(out)-size:]
	subtle.XORBytes(last, last, subkey[:])
	return out
}

// Format prints no subkey, whatever the verb.
func (m CMAC) Format(w fmt.State, _ rune) { io.WriteString(w, "CMAC") }

// Size is the length of a whole MAC in bytes: the block size.
func (m *CMAC) Size() int { return m.size }

// Sum appends the CMAC, [CMAC.Size] bytes, to dst and returns the result (SP 800-38B, section
// 6.2). The message is the concatenation of the parts, so that a caller need not join a header
// and a body first. No part may overlap the spare capacity of dst.
func (m *CMAC) Sum(dst []byte, parts ...[]byte) []byte {
	// The chaining value is kept where the MAC will be, and parts are XORed into it, so
	// that nothing is copied or allocated.
	var zero [maxBlock]byte
	dst = append(dst, zero[:m.size]...)
	x, n := dst[len(dst)-m.size:], 0
	for _, p := range parts {
		for len(p) > 0 {
			if n == m.size { // the block before was not the last one
				m.block.Encrypt(x, x)
				n = 0
			}
			c := subtle.XORBytes(x[n:], x[n:], p)
			n, p = n+c, p[c:]
		}
	}
	subkey := &m.k1
	if n < m.size {
		x[n] ^= 0x80
		subkey = &m.k2
	}
	subtle.XORBytes(x, x, subkey[:])
	m.block.Encrypt(x, x)
	return dst
}

// double multiplies by x in GF(2^64) or GF(2^128), in constant time. Both may
// be the same bytes.
func double(dst, src []byte) {
	constant := byte(0x1B)
	if len(src) == 16 {
		constant = 0x87
	}
	carry := src[0] >> 7
	for i := range len(src) - 1 {
		dst[i] = src[i]<<1 | src[i+1]>>7
	}
	dst[len(src)-1] = src[len(src)-1]<<1 ^ constant*carry
}
