package hsm

import (
	"context"
	"crypto/cipher"
)

// working is a working key in use by one command, in one goroutine. The command gets it
// from HSM.open and closes it.
//
// What a command computes with the cipher of block() holds only if outcome() returns no
// error: a device that fails gives zeros, and outcome() returns its failure before
// any error that was computed from them, so that an outage is never taken for a
// wrong PIN.
type working struct {
	hsm        *HSM
	key        Key
	attributes Attributes   // of the stored key; of a derived one its algorithm and length
	algorithm  Algorithm    // of the key in use
	stored     *prepared    // nil: the key is derived
	derived    *softwareKey // nil: the key is stored
	device     deviceBlock
}

// open readies a working key for a purpose. The caller closes it.
func (h *HSM) open(ctx context.Context, k WorkingKey, use purpose) (*working, error) {
	if k.Derive != nil {
		key, err := k.Derive.derive(ctx, h, k.Key, use)
		if err != nil {
			return nil, err
		}
		a := Attributes{Algorithm: key.algorithm, Bits: int(key.bits)}
		return &working{hsm: h, key: key, attributes: a, algorithm: key.algorithm, derived: key}, nil
	}
	p, err := h.use(ctx, k.Key)
	if err != nil {
		return nil, err
	}
	a := k.Key.Attributes
	w := &working{hsm: h, key: p.key, attributes: a, algorithm: a.Algorithm, stored: p}
	w.device = deviceBlock{ctx: ctx, key: p.key, size: blockSize(a.Algorithm)}
	return w, nil
}

// close clears a derived key and ends the use of a stored one.
func (w *working) close() {
	if w.derived != nil {
		w.derived.Close()
		return
	}
	w.hsm.cache.release(w.stored)
}

// isCipher is ErrRefused unless the key is an AES or TDES key.
func (w *working) isCipher() error {
	if w.size() == 0 {
		return ErrRefused
	}
	return nil
}

// size is the length of a block: 8 bytes of TDES, 16 of AES, 0 of any other key.
func (w *working) size() int { return blockSize(w.algorithm) }

// block is the key, which must be AES or TDES, as a cipher.
func (w *working) block() cipher.Block {
	if w.derived != nil {
		return w.derived.block
	}
	return &w.device
}

// outcome is what a computation with block() amounts to: the device's first failure, or
// else the computation's own error.
func (w *working) outcome(err error) error {
	if w.device.failed != nil {
		return w.device.failed
	}
	return err
}

// reveal is the key in the clear, for a command that has no other way; see revealRules.
// The caller destroys it.
func (w *working) reveal(ctx context.Context, c revealCommand) (Secret, error) {
	if w.derived != nil {
		return NewSecret(w.derived.raw), nil
	}
	return revealFor(ctx, w.key, w.attributes, c)
}

// deviceBlock is a device's key as a cipher.Block, for one command and one goroutine. It
// remembers the first failure; from then on it gives zeros.
type deviceBlock struct {
	ctx    context.Context // of the command
	key    Key
	size   int
	failed error
}

func (b *deviceBlock) BlockSize() int          { return b.size }
func (b *deviceBlock) Encrypt(dst, src []byte) { b.crypt(b.key.Encrypt, dst, src) }
func (b *deviceBlock) Decrypt(dst, src []byte) { b.crypt(b.key.Decrypt, dst, src) }

// crypt enciphers or deciphers one block.
func (b *deviceBlock) crypt(primitive func(context.Context, CipherMode, []byte, []byte) error, dst, src []byte) {
	dst, src = dst[:b.size], src[:b.size]
	if b.failed == nil {
		copy(dst, src)
		b.failed = primitive(b.ctx, ECB, nil, dst)
	}
	if b.failed != nil {
		clear(dst)
	}
}

// blockSize is the length of a block of a cipher; 0 of an algorithm that is none.
func blockSize(a Algorithm) int {
	switch a {
	case TDES:
		return 8
	case AES:
		return 16
	}
	return 0
}

// hostKey is a derived key in host memory. It takes over the bytes; Close clears them.
func hostKey(algorithm Algorithm, raw []byte) (*softwareKey, error) {
	k, err := newSoftwareKey(Attributes{Algorithm: algorithm, Exportability: 'N', Bits: len(raw) * 8}, raw)
	if err != nil {
		clear(raw)
	}
	return k, err
}
