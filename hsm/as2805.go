package hsm

import (
	"bytes"
	"context"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// Variant is a mask of AS 2805.6.1, one for each kind of key: two bytes that,
// repeated, are XORed into the key-encryption key before it wraps. {0, 0} is the
// key-encryption key itself.
type Variant [2]byte

// ImportAS2805 opens a key that was encrypted with TDES-CBC and a zero IV under a variant of a TDES
// key-encryption key, and seals it. A cryptogram has no MAC: one that was made under another key
// opens to a wrong key, and the caller compares the check value. One that is not whole blocks is
// ErrInput. An error of admit is returned as it is.
func (h *HSM) ImportAS2805(ctx context.Context, kek KeyRef, v Variant, cryptogram []byte, admit Admit) (Made, error) {
	variant, err := h.variantKey(ctx, kek, v)
	if err != nil {
		return Made{}, err
	}
	defer variant.Close()
	key := bytes.Clone(cryptogram)
	defer clear(key)
	var iv [8]byte
	if err := variant.Decrypt(ctx, CBC, iv[:], key); err != nil {
		return Made{}, err
	}
	return h.admitKey(ctx, key, admit)
}

// ExportAS2805 encrypts key material in the same way, and computes its check
// value.
func (h *HSM) ExportAS2805(ctx context.Context, kek KeyRef, v Variant, k Material, m kcv.Method) ([]byte, kcv.Value, error) {
	secret, value, err := h.material(ctx, k, m)
	if err != nil {
		return nil, kcv.Value{}, err
	}
	defer secret.Destroy()
	variant, err := h.variantKey(ctx, kek, v)
	if err != nil {
		return nil, kcv.Value{}, err
	}
	defer variant.Close()
	out := bytes.Clone(secret.bytes())
	var iv [8]byte
	if err := variant.Encrypt(ctx, CBC, iv[:], out); err != nil {
		clear(out)
		return nil, kcv.Value{}, err
	}
	return out, value, nil
}

// variantKey is a variant of a key-encryption key, in host memory. The caller
// closes it.
func (h *HSM) variantKey(ctx context.Context, kek KeyRef, v Variant) (Key, error) {
	secret, err := h.revealKEK(ctx, kek)
	if err != nil {
		return nil, err
	}
	defer secret.Destroy()
	return newHostKey(TDES, tdes.Variant(secret.bytes(), v[:]...))
}

// revealKEK is a key-encryption key in the clear. The caller destroys it.
func (h *HSM) revealKEK(ctx context.Context, kek KeyRef) (Secret, error) {
	p, err := h.use(ctx, kek)
	if err != nil {
		return Secret{}, err
	}
	defer h.cache.release(p)
	return revealFor(ctx, p.key, kek.Attributes, revealAS2805)
}
