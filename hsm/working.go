package hsm

import (
	"bytes"
	"context"
	"crypto/cipher"
	"slices"

	"github.com/seed748fb4d1/apcsim/mac"
)

// working is a working key in use by one command, in one goroutine. The command gets it
// from HSM.open and closes it.
//
// What a command computes with the cipher of block() holds only if outcome() returns no
// error: a device that fails gives zeros, and outcome() returns its failure before
// any error that was computed from them, so that an outage is never taken for a
// wrong PIN.
type working struct {
	ctx       context.Context // of the command
	hsm       *HSM
	key       Key
	algorithm Algorithm
	stored    *prepared    // nil: the key is derived
	derived   *softwareKey // nil: the key is stored
	held      bool         // the derived key is a HeldKey's
	device    *deviceBlock // of a stored key, once asked for
}

// open readies a working key for a purpose. The caller closes it. It is returned by value,
// so that most commands keep it on their stack.
func (h *HSM) open(ctx context.Context, k WorkingKey, use purpose) (working, error) {
	if k.Derive == nil {
		return h.openStored(ctx, k.Key)
	}
	if err := ctx.Err(); err != nil {
		return working{}, err
	}
	key, err := k.Derive.derive(ctx, h, k.Key, use)
	if err != nil {
		return working{}, err
	}
	_, held := k.Derive.(*HeldKey)
	return working{ctx: ctx, hsm: h, key: key, algorithm: key.algorithm, derived: key, held: held}, nil
}

// openStored is open for a stored key itself.
func (h *HSM) openStored(ctx context.Context, k KeyRef) (working, error) {
	if err := ctx.Err(); err != nil {
		return working{}, err
	}
	p, err := h.use(ctx, k)
	if err != nil {
		return working{}, err
	}
	w := p.working(ctx)
	w.hsm = h
	return w, nil
}

// working is a stored key whose use the caller ends itself.
func (p *prepared) working(ctx context.Context) working {
	return working{ctx: ctx, key: p.key, algorithm: p.attributes.Algorithm, stored: p}
}

// close clears a derived key, unless the caller holds it, and ends the use of a stored one.
func (w *working) close() {
	switch {
	case w.held:
	case w.derived != nil:
		w.derived.Close()
	default:
		w.hsm.cache.release(w.stored)
	}
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

// block is the key, which must be AES or TDES, as a cipher. One of the software device,
// which has nothing that could fail, is its own.
func (w *working) block() cipher.Block {
	if software, ok := w.key.(*softwareKey); ok {
		return software.cipher()
	}
	if w.device == nil {
		w.device = &deviceBlock{ctx: w.ctx, key: w.key, size: w.size()}
	}
	return w.device
}

// outcome is what a computation with block() amounts to: the device's first failure, or
// else the computation's own error.
func (w *working) outcome(err error) error {
	if w.device != nil && w.device.failed != nil {
		return w.device.failed
	}
	return err
}

// retailKey is the key, which must be TDES, as one of ISO 9797-1 algorithm 3. The software
// device keeps it, and any other reveals the key for it; see revealRules.
func (w *working) retailKey(ctx context.Context, c revealCommand) (*mac.RetailKey, error) {
	if w.algorithm != TDES {
		return nil, ErrRefused
	}
	if w.derived != nil {
		return w.derived.retailKey(ctx)
	}
	if err := revealRules[c].check(w.stored.attributes); err != nil {
		return nil, err
	}
	if software, ok := w.key.(*softwareKey); ok {
		return software.retailKey(ctx)
	}
	secret, err := revealFor(ctx, w.key, w.stored.attributes, c)
	if err != nil {
		return nil, err
	}
	defer secret.Destroy()
	return mac.NewRetailKey(secret.bytes())
}

// deviceBlock is a device's key as a cipher.Block, for one command and one goroutine. It
// keeps the first failure; from then on it gives zeros.
type deviceBlock struct {
	ctx    context.Context // of the command
	key    Key
	size   int
	failed error
}

func (b *deviceBlock) BlockSize() int          { return b.size }
func (b *deviceBlock) Encrypt(dst, src []byte) { b.crypt(b.key.Encrypt, dst, src) }
func (b *deviceBlock) Decrypt(dst, src []byte) { b.crypt(b.key.Decrypt, dst, src) }

// NewCBCEncrypter has crypto/cipher encipher all blocks of a CBC encryption in one call of the
// device.
func (b *deviceBlock) NewCBCEncrypter(iv []byte) cipher.BlockMode {
	return &deviceCBC{b, bytes.Clone(iv)}
}

type deviceCBC struct {
	*deviceBlock
	iv []byte // the block before
}

func (c *deviceCBC) CryptBlocks(dst, src []byte) {
	if dst = dst[:len(src)]; len(dst) == 0 {
		return
	}
	copy(dst, src)
	if c.failed == nil {
		c.failed = chain(c.ctx, c.key, c.iv, dst)
	}
	if c.failed != nil {
		clear(dst)
	}
	copy(c.iv, dst[len(dst)-c.size:])
}

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

// hostKey is a derived key in host memory. It takes over the bytes; Close clears them. Its
// cipher is made when it is first used.
func hostKey(algorithm Algorithm, raw []byte) (*softwareKey, error) {
	if blockSize(algorithm) == 0 || !slices.Contains(lengths[algorithm], len(raw)*8) {
		clear(raw)
		return nil, ErrAttributes
	}
	return &softwareKey{traits: traits{bits: int32(len(raw) * 8), algorithm: algorithm}, raw: raw}, nil
}

// zeroIV is never written to.
var zeroIV [16]byte
