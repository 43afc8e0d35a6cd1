package hsm

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// The cipher modes that commands have besides ECB and CBC (NIST SP 800-38A): the HSM
// makes them of a device's ECB and CBC, so no [Key] has them. CFB64 is for TDES,
// CFB128 for AES.
const (
	CFB1 CipherMode = iota + 2 // feedback of 1 bit; data is whole blocks nevertheless
	CFB8
	CFB64
	CFB128
	OFB // feedback of whole blocks
)

// DataCipher is a key and how it enciphers data: a [BlockCipher] or an [RSACipher].
type DataCipher interface {
	// encryptData and decryptData return new bytes.
	encryptData(ctx context.Context, h *HSM, plaintext []byte) ([]byte, error)
	decryptData(ctx context.Context, h *HSM, ciphertext []byte) ([]byte, error)
}

// BlockCipher is an AES or TDES key with a cipher mode. Data is a whole number of blocks, at
// least one, in every mode; it is never padded. The IV has the length of a block; nil is
// zeros, and ECB has none. Anything else is ErrInput.
type BlockCipher struct {
	Key  WorkingKey
	Mode CipherMode
	IV   []byte
}

// RSACipher is an RSA key pair with a padding. Encryption needs only Public, decryption
// only Pair; see [HSM.EncryptRSA] and [HSM.DecryptRSA].
type RSACipher struct {
	Pair    KeyRef
	Public  Public
	Padding RSAPadding
}

// Encrypt enciphers data. The plaintext is not changed.
func (h *HSM) Encrypt(ctx context.Context, c DataCipher, plaintext []byte) ([]byte, error) {
	return c.encryptData(ctx, h, plaintext)
}

// Decrypt deciphers data. The ciphertext is not changed.
func (h *HSM) Decrypt(ctx context.Context, c DataCipher, ciphertext []byte) ([]byte, error) {
	return c.decryptData(ctx, h, ciphertext)
}

// ReEncrypt deciphers data with one key and enciphers it with another. The plaintext is not
// returned. Plaintext that the outgoing cipher does not take is ErrInput.
func (h *HSM) ReEncrypt(ctx context.Context, from, to DataCipher, ciphertext []byte) ([]byte, error) {
	plaintext, err := from.decryptData(ctx, h, ciphertext)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	return to.encryptData(ctx, h, plaintext)
}

func (c RSACipher) encryptData(ctx context.Context, h *HSM, plaintext []byte) ([]byte, error) {
	return h.EncryptRSA(ctx, c.Public, c.Padding, plaintext)
}

func (c RSACipher) decryptData(ctx context.Context, h *HSM, ciphertext []byte) ([]byte, error) {
	return h.DecryptRSA(ctx, c.Pair, c.Padding, ciphertext)
}

func (c BlockCipher) encryptData(ctx context.Context, h *HSM, plaintext []byte) ([]byte, error) {
	return c.crypt(ctx, h, plaintext, true)
}

func (c BlockCipher) decryptData(ctx context.Context, h *HSM, ciphertext []byte) ([]byte, error) {
	return c.crypt(ctx, h, ciphertext, false)
}

// crypt checks the arguments and works on a copy of the data in place.
func (c *BlockCipher) crypt(ctx context.Context, h *HSM, data []byte, encrypt bool) ([]byte, error) {
	w, err := h.open(ctx, c.Key, forData)
	if err != nil {
		return nil, err
	}
	defer w.close()
	iv, err := c.check(&w, data)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(data)
	if err := w.cryptBlocks(ctx, c.Mode, iv, out, encrypt); err != nil {
		clear(out)
		return nil, err
	}
	return out, nil
}

// check returns the IV: nil for ECB.
func (c BlockCipher) check(w *working, data []byte) (iv []byte, err error) {
	if err := w.isCipher(); err != nil {
		return nil, err
	}
	size := w.size()
	switch {
	case c.Mode < ECB || c.Mode > OFB, c.Mode == CFB64 && size != 8, c.Mode == CFB128 && size != 16:
		return nil, fmt.Errorf("%w: cipher mode %d with blocks of %d bytes", ErrInput, c.Mode, size)
	case len(data) == 0 || len(data)%size != 0:
		return nil, fmt.Errorf("%w: %d bytes are not whole blocks of %d", ErrInput, len(data), size)
	case c.Mode == ECB && c.IV != nil:
		return nil, fmt.Errorf("%w: ECB has no IV", ErrInput)
	case c.Mode == ECB:
		return nil, nil
	case c.IV == nil:
		return zeroIV[:size], nil
	case len(c.IV) != size:
		return nil, fmt.Errorf("%w: an IV of %d bytes with blocks of %d", ErrInput, len(c.IV), size)
	}
	return c.IV, nil
}

// cryptBlocks works in place. To encrypt is one call of a device in every mode but CFB1 and CFB8,
// whose feedback is shorter than a block.
func (w *working) cryptBlocks(ctx context.Context, mode CipherMode, iv, data []byte, encrypt bool) error {
	switch software, ok := w.key.(*softwareKey); {
	case mode == CFB1:
		return w.cryptShort(ctx, iv, data, 1, encrypt)
	case mode == CFB8:
		return w.cryptShort(ctx, iv, data, 8, encrypt)
	case ok:
		cryptHere(software.cipher(), mode, iv, data, encrypt)
		return nil
	case mode > CBC:
		return w.maskBlocks(ctx, mode, iv, data, encrypt)
	case encrypt:
		return w.key.Encrypt(ctx, mode, iv, data)
	}
	return w.key.Decrypt(ctx, mode, iv, data)
}

// cryptHere works in place with a cipher in host memory.
func cryptHere(b cipher.Block, mode CipherMode, iv, data []byte, encrypt bool) {
	switch {
	case mode > CBC:
		feedBack(b, mode, iv, data, encrypt)
	case mode == CBC && encrypt:
		cipher.NewCBCEncrypter(b, iv).CryptBlocks(data, data)
	case mode == CBC:
		cipher.NewCBCDecrypter(b, iv).CryptBlocks(data, data)
	default:
		one := b.Encrypt
		if !encrypt {
			one = b.Decrypt
		}
		for size := b.BlockSize(); len(data) > 0; data = data[size:] {
			one(data, data[:size])
		}
	}
}

// feedBack is CFB with feedback of whole blocks, or OFB, in place. The standard library has both,
// deprecated and no faster.
func feedBack(b cipher.Block, mode CipherMode, iv, data []byte, encrypt bool) {
	var room [32]byte
	defer clear(room[:])
	size := copy(room[:], iv)
	register, stream := room[:size], room[size:2*size]
	for ; len(data) > 0; data = data[size:] {
		block := data[:size]
		b.Encrypt(stream, register)
		if mode == OFB {
			register, stream = stream, register
			subtle.XORBytes(block, block, register)
			continue
		}
		if !encrypt {
			copy(register, block)
		}
		subtle.XORBytes(block, block, stream)
		if encrypt {
			copy(register, block)
		}
	}
}

// maskBlocks is feedBack by one call of a device, which makes the keystream of all blocks.
func (w *working) maskBlocks(ctx context.Context, mode CipherMode, iv, data []byte, encrypt bool) error {
	// To encrypt, and for OFB, the keystream is a CBC encryption with a zero IV: for OFB of the
	// IV and zero blocks; for CFB of the IV and the plaintext without its last block, since
	// E(C[i-1]) = E(P[i-1] xor E(C[i-2])). To decrypt CFB, it is the ECB encryption of
	// the IV and the ciphertext without its last block.
	stream := make([]byte, len(data))
	defer clear(stream)
	size := copy(stream, iv)
	if mode != OFB {
		copy(stream[size:], data)
	}
	chaining, zeros := CBC, zeroIV[:size]
	if mode != OFB && !encrypt {
		chaining, zeros = ECB, nil
	}
	if err := w.key.Encrypt(ctx, chaining, zeros, stream); err != nil {
		return err
	}
	subtle.XORBytes(data, data, stream)
	return nil
}

// cryptShort is CFB with feedback of 1 or 8 bits, in place.
func (w *working) cryptShort(ctx context.Context, iv, data []byte, bits uint, encrypt bool) error {
	if _, here := w.key.(*softwareKey); here || encrypt {
		return w.stepShort(iv, data, bits, encrypt)
	}
	return w.decryptShort(ctx, iv, data, bits)
}

// stepShort is one encryption for each bit or byte, of a register that begins as the IV and takes in the ciphertext.
func (w *working) stepShort(iv, data []byte, bits uint, encrypt bool) error {
	block := w.block()
	register, stream := bytes.Clone(iv), make([]byte, len(iv))
	defer clear(stream)
	mask := byte(1)<<bits - 1
	for i := range data {
		for shift := int(8 - bits); shift >= 0; shift -= int(bits) {
			block.Encrypt(stream, register)
			before := data[i]
			data[i] ^= stream[0] >> (8 - bits) << shift
			taken := data[i]
			if !encrypt {
				taken = before
			}
			shiftIn(register, taken>>shift&mask, bits)
		}
		if err := w.outcome(nil); err != nil {
			return err
		}
	}
	return nil
}

// shortChunk is how many bytes of registers decryptShort has enciphered at a time.
const shortChunk = 4096

// decryptShort undoes stepShort in few calls of a device: the registers follow from the ciphertext, so that
// they are enciphered together.
func (w *working) decryptShort(ctx context.Context, iv, data []byte, bits uint) error {
	register := bytes.Clone(iv)
	mask := byte(1)<<bits - 1
	each := len(iv) * int(8/bits)
	stream := make([]byte, 0, min(len(data)*each, shortChunk))
	for ; len(data) > 0; data = data[min(len(data), shortChunk/each):] {
		chunk := data[:min(len(data), shortChunk/each)]
		stream = stream[:0]
		for _, b := range chunk {
			for shift := int(8 - bits); shift >= 0; shift -= int(bits) {
				stream = append(stream, register...)
				shiftIn(register, b>>shift&mask, bits)
			}
		}
		if err := w.key.Encrypt(ctx, ECB, nil, stream); err != nil {
			return err
		}
		first := stream
		for i := range chunk {
			for shift := int(8 - bits); shift >= 0; shift -= int(bits) {
				chunk[i] ^= first[0] >> (8 - bits) << shift
				first = first[len(iv):]
			}
		}
	}
	return nil
}

// shiftIn moves a register of 8 or 16 bytes to the left and fills it with bits on the
// right.
func shiftIn(register []byte, fill byte, bits uint) {
	low := register[len(register)-8:]
	right := binary.BigEndian.Uint64(low)
	if len(register) > 8 {
		left := binary.BigEndian.Uint64(register)
		binary.BigEndian.PutUint64(register, left<<bits|right>>(64-bits))
	}
	binary.BigEndian.PutUint64(low, right<<bits|uint64(fill))
}
