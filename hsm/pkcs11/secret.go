//go:build cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// minimum is the shortest key that CKM_AES_KEY_WRAP takes, in bytes.
const minimum = 16

// padded is how many bytes of a symmetric key are wrapped. An AES or TDES key is
// not padded. An HMAC key is padded with zeros, which change no HMAC as long as the
// key is not longer than the hash's block: to whole blocks of the wrapping, and to
// the length of the hash because some modules take no shorter key.
func padded(a hsm.Attributes) int {
	size := a.Bits / 8
	if a.Algorithm != hsm.HMAC {
		return size
	}
	return (max(size, a.Hash.Size(), minimum) + 7) / 8 * 8
}

// replaced reports whether an HMAC key would work wrong with padding, since it is
// longer than the hash's block. Its hash is used in its place (RFC 2104, section 2).
func replaced(a hsm.Attributes) bool {
	return a.Algorithm == hsm.HMAC && a.Bits/8 > a.Hash.New().BlockSize() && padded(a) != a.Bits/8
}

// hashingSize is how many bytes of a key that takes any hash are wrapped a second time, with zeros
// behind it: the length of the longest hash, since some modules take no shorter key, and not more
// than the block of the shortest.
const hashingSize = 64

// sealSecret wraps the bytes of a symmetric key as a generic secret, so that no
// module changes a parity bit.
func (c *connection) sealSecret(ctx context.Context, key []byte, a hsm.Attributes) (w wrapped, err error) {
	w = wrapped{by: masterFor(a), how: byKW}
	if w.blob, err = c.wrapSecret(ctx, key, padded(a), w.by); err != nil {
		return w, err
	}
	if a.TakesHash() {
		w.second, err = c.wrapSecret(ctx, key, hashingSize, w.by)
		return w, err
	}
	if !replaced(a) {
		return w, nil
	}
	h := a.Hash.New()
	h.Write(key)
	sum := h.Sum(nil)
	defer clear(sum)
	w.second, err = c.wrapSecret(ctx, sum, padded(hsm.Attributes{Algorithm: hsm.HMAC, Hash: a.Hash, Bits: len(sum) * 8}), w.by)
	return w, err
}

func (c *connection) wrapSecret(ctx context.Context, key []byte, size int, by master) ([]byte, error) {
	value := append(make([]byte, 0, size), key...)[:size]
	defer clear(value)
	h, err := c.createSecret(ctx, value)
	if err != nil {
		return nil, err
	}
	defer c.destroy(h)
	return c.wrapUnder(ctx, byKW, c.masters.wrapper(by), h)
}

// draw makes a symmetric key in host memory from the token's random bytes. It is for
// keys that the module has no mechanism to generate.
func (c *connection) draw(ctx context.Context, a hsm.Attributes) ([]byte, error) {
	return hsm.DrawKey(&randomness{c, ctx}, a)
}

// randomness is the token's random bytes, for the length of a call.
type randomness struct {
	c   *connection
	ctx context.Context
}

func (s *randomness) Read(p []byte) (int, error) {
	raw, err := s.c.random(s.ctx, len(p))
	defer clear(raw)
	return copy(p, raw), err
}

// generator is the mechanism that makes a key with the attributes on the token
// and wraps it as sealSecret would, and the template of its length; 0 where it is
// drawn instead.
func (c *connection) generator(a hsm.Attributes) (m uint, more []*p11.Attribute) {
	switch {
	case a.TakesHash(): // it is wrapped twice
	case a.Algorithm == hsm.AES:
		m, more = p11.CKM_AES_KEY_GEN, []*p11.Attribute{p11.NewAttribute(p11.CKA_VALUE_LEN, a.Bits/8)}
	case a.Algorithm == hsm.TDES && a.Bits == 128:
		m = p11.CKM_DES2_KEY_GEN
	case a.Algorithm == hsm.TDES:
		m = p11.CKM_DES3_KEY_GEN
	case padded(a) == a.Bits/8 || c.caps.padsZeros && a.Bits/8 >= max(a.Hash.Size(), minimum) && !replaced(a):
		m, more = p11.CKM_GENERIC_SECRET_KEY_GEN, []*p11.Attribute{p11.NewAttribute(p11.CKA_VALUE_LEN, a.Bits/8)}
	}
	if !c.caps.generates[m] {
		return 0, nil
	}
	return m, more
}

// hmacs are the mechanisms of HMAC.
var hmacs = map[crypto.Hash]uint{
	crypto.SHA1: p11.CKM_SHA_1_HMAC, crypto.SHA224: p11.CKM_SHA224_HMAC, crypto.SHA256: p11.CKM_SHA256_HMAC,
	crypto.SHA384: p11.CKM_SHA384_HMAC, crypto.SHA512: p11.CKM_SHA512_HMAC,
}

// unwrapHost undoes AES Key Wrap (RFC 3394, section 2.2.2) under the transport
// key, in the host.
func unwrapHost(block cipher.Block, wrapped []byte) ([]byte, bool) {
	n := len(wrapped)/8 - 1
	if len(wrapped)%8 != 0 || n < 2 {
		return nil, false
	}
	var b [16]byte // A, then the half at work
	defer clear(b[:])
	copy(b[:8], wrapped)
	out := append([]byte(nil), wrapped[8:]...)
	for t := 6 * n; t > 0; t-- {
		half := out[(t-1)%n*8:][:8]
		copy(b[8:], half)
		binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])^uint64(t))
		block.Decrypt(b[:], b[:])
		copy(half, b[8:])
	}
	var good [8]byte
	for i := range good {
		good[i] = 0xA6
	}
	if subtle.ConstantTimeCompare(b[:8], good[:]) != 1 {
		clear(out)
		return nil, false
	}
	return out, true
}
