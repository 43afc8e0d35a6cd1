package tr31

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
)

// workingKeys are KBEK and KBAK of one version in memory. It is a [Ciphers], so
// that keys in memory and keys in a device take the same way.
type workingKeys struct {
	rules *rules
	kbek  cipher.Block
	kbak  cipher.Block // A and C
	cmac  *mac.CMAC    // B, D and E, on KBAK
}

// newWorkingKeys derives both keys from a protection key whose length fits.
func newWorkingKeys(v Version, key []byte) (*workingKeys, error) {
	r, err := v.rules()
	if err != nil {
		return nil, err
	}
	enc, auth, err := DeriveKeys(v, key)
	if err != nil {
		return nil, err
	}
	defer clear(enc)
	defer clear(auth)
	w := &workingKeys{rules: r}
	if w.kbek, err = r.cipher(enc); err != nil {
		return nil, err
	}
	if w.kbak, err = r.cipher(auth); err != nil {
		return nil, err
	}
	if !r.variant {
		w.cmac = mac.NewCMAC(w.kbak)
	}
	return w, nil
}

// cipher expands a key of the version's family.
func (r *rules) cipher(key []byte) (cipher.Block, error) {
	if r.aes {
		return aes.NewCipher(key)
	}
	return tdes.NewCipher(key)
}

// The modes are spelled out here because package cipher copies the expanded key
// into every CBC: for the few blocks of a key that costs more than encrypting
// them, and does not erase key material.

// Encrypt is [Ciphers.Encrypt].
func (w *workingKeys) Encrypt(_ context.Context, iv, data []byte) error {
	if w.rules.unit == 1 {
		cipher.NewCTR(w.kbek, iv).XORKeyStream(data, data)
		return nil
	}
	for n := w.rules.block; len(data) > 0; data = data[n:] {
		subtle.XORBytes(data, data[:n], iv)
		w.kbek.Encrypt(data, data[:n])
		iv = data[:n]
	}
	return nil
}

// Decrypt is [Ciphers.Decrypt].
func (w *workingKeys) Decrypt(ctx context.Context, iv, data []byte) error {
	if w.rules.unit == 1 {
		return w.Encrypt(ctx, iv, data) // CTR is its own inverse
	}
	n := w.rules.block
	for at := len(data) - n; at >= 0; at -= n { // from the last, which needs the one before as it is
		before := iv
		if at > 0 {
			before = data[at-n : at]
		}
		w.kbek.Decrypt(data[at:at+n], data[at:at+n])
		subtle.XORBytes(data[at:], data[at:at+n], before)
	}
	return nil
}

// MAC is [Ciphers.MAC].
func (w *workingKeys) MAC(_ context.Context, message []byte) ([]byte, error) {
	x := make([]byte, 0, w.rules.block)
	if !w.rules.variant {
		return w.cmac.Sum(x, message), nil
	}
	x = x[:w.rules.block]
	for ; len(message) > 0; message = message[len(x):] {
		subtle.XORBytes(x, x, message[:len(x)])
		w.kbak.Encrypt(x, x)
	}
	return x, nil
}
