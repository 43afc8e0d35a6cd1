package hsm

import (
	"context"
	"crypto"
	"fmt"

	"github.com/seed748fb4d1/apcsim/mac"
)

// MACAlgorithm is how a MAC is computed.
type MACAlgorithm int

// The algorithms.
const (
	MACISO1 MACAlgorithm = iota // ISO 9797-1 algorithm 1, with a TDES or AES key
	MACISO3                     // ISO 9797-1 algorithm 3, with a TDES key
	MACCMAC                     // CMAC (NIST SP 800-38B), with a TDES or AES key
	MACHMAC                     // HMAC, with an HMAC key and its hash, or an AES or TDES key and MACMethod.Hash
)

// MACMethod is a MAC algorithm and what it is used with. AS 2805.4.1 is MACISO3 with
// mac.Zeros, of which 4 bytes are used; the MAC of an EMV script is MACISO3 with
// mac.Bit under a key derived by [EMV].
type MACMethod struct {
	Algorithm MACAlgorithm
	Hash      crypto.Hash // of MACHMAC with an AES or TDES key of usage M7; an HMAC key has its own
	Padding   mac.Padding // of MACISO1 and MACISO3; with mac.None a message that is not whole blocks is a *mac.Error
}

// minMAC is the length in bytes of the shortest MAC that VerifyMAC compares.
const minMAC = 2

// MAC computes the whole MAC of a message: 8 bytes of a TDES key, 16 of an AES key, the
// length of the hash of an HMAC. Its leftmost bytes are a shorter MAC.
func (h *HSM) MAC(ctx context.Context, k WorkingKey, m MACMethod, message []byte) ([]byte, error) {
	w, err := h.open(ctx, k, forMAC)
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.mac(ctx, m, message)
}

// VerifyMAC compares a MAC of 2 bytes or more with the leftmost bytes of the message's,
// in constant time. How long a MAC has to be is for the caller to decide; one longer
// than the whole MAC, or shorter than 2 bytes, is ErrInput.
func (h *HSM) VerifyMAC(ctx context.Context, k WorkingKey, m MACMethod, message, given []byte) (Verdict, error) {
	whole, err := h.MAC(ctx, k, m, message)
	if err != nil {
		return Undecided, err
	}
	if len(given) < minMAC || len(given) > len(whole) {
		return Undecided, fmt.Errorf("%w: a MAC of %d bytes, of which there are %d", ErrInput, len(given), len(whole))
	}
	return verdict(mac.Equal(whole[:len(given)], given)), nil
}

// mac computes a MAC with a key that is open.
func (w *working) mac(ctx context.Context, m MACMethod, message []byte) ([]byte, error) {
	if m.Algorithm == MACHMAC && m.Hash != 0 {
		return w.key.HMACWith(ctx, m.Hash, message)
	}
	if m.Algorithm == MACHMAC {
		return w.key.HMAC(ctx, message) // of any other key than HMAC it is ErrRefused
	}
	if err := w.isCipher(); err != nil {
		return nil, err
	}
	switch m.Algorithm {
	case MACISO1:
		return w.cbcMAC(ctx, m.Padding, message)
	case MACISO3:
		return w.retailMAC(ctx, m.Padding, message)
	case MACCMAC:
		if software, ok := w.key.(*softwareKey); ok {
			return software.cmac().Sum(nil, message), nil
		}
		return cmacOf(ctx, w.key, w.size(), message)
	}
	return nil, fmt.Errorf("%w: MAC algorithm %d", ErrInput, m.Algorithm)
}

// cbcMAC is algorithm 1: the last block of the message's CBC encryption.
func (w *working) cbcMAC(ctx context.Context, p mac.Padding, message []byte) ([]byte, error) {
	if software, ok := w.key.(*softwareKey); ok {
		return mac.CBC(software.cipher(), p, message)
	}
	padded, err := p.Pad(message, w.size())
	if err != nil {
		return nil, err
	}
	defer clear(padded)
	if err := chain(ctx, w.key, zeroIV[:w.size()], padded); err != nil {
		return nil, err
	}
	return append([]byte(nil), padded[len(padded)-w.size():]...), nil
}

// retailMAC is algorithm 3. Its single DES needs the halves of the key.
func (w *working) retailMAC(ctx context.Context, p mac.Padding, message []byte) ([]byte, error) {
	key, err := w.retailKey(ctx, revealRetailMAC)
	if err != nil {
		return nil, err
	}
	return mac.Retail(key, p, message)
}
