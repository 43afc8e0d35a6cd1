package hsm

import (
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// Variant is the mask of a kind of key in AS 2805.6.1: two bytes that, repeated,
// are XORed into the key-encryption key before it wraps. {0, 0} is the key
// itself.
type Variant [2]byte

// ImportAS2805 opens a key that was encrypted with TDES-CBC and a zero IV under
// a variant of a TDES key-encryption key, and seals it. There is nothing in a
// cryptogram by which to tell a wrong one: its check value tells. One that is
// not whole blocks is ErrInput; what Admit refuses is returned as it stands.
func (h *HSM) ImportAS2805(ctx context.Context, kek KeyRef, v Variant, cryptogram []byte, admit Admit) (Made, error) {
	key := append([]byte(nil), cryptogram...)
	defer clear(key)
	err := h.underVariant(ctx, kek, v, func(k Key) error {
		var iv [8]byte
		return k.Decrypt(ctx, CBC, iv[:], key)
	})
	if err != nil {
		return Made{}, err
	}
	return h.admitKey(ctx, key, admit)
}

// ExportAS2805 encrypts key material in the same way, and computes its check
// value.
func (h *HSM) ExportAS2805(ctx context.Context, kek KeyRef, v Variant, k Material, m kcv.Method) ([]byte, kcv.Value, error) {
	secret, value, err := h.reveal(ctx, k, m)
	if err != nil {
		return nil, kcv.Value{}, err
	}
	defer secret.Destroy()
	out := append([]byte(nil), secret.bytes()...)
	err = h.underVariant(ctx, kek, v, func(k Key) error {
		var iv [8]byte
		return k.Encrypt(ctx, CBC, iv[:], out)
	})
	if err != nil {
		clear(out)
		return nil, kcv.Value{}, err
	}
	return out, value, nil
}

// underVariant does something with a variant of a key, which lives in host
// memory meanwhile.
func (h *HSM) underVariant(ctx context.Context, kek KeyRef, v Variant, do func(Key) error) error {
	if kek.Attributes.Algorithm != TDES {
		return fmt.Errorf("%w: a key-encryption key of algorithm %v", ErrRefused, kek.Attributes.Algorithm)
	}
	secret, err := h.open(ctx, Material{Key: kek})
	if err != nil {
		return err
	}
	defer secret.Destroy()
	key, err := newHostKey(TDES, tdes.Variant(secret.bytes(), v[:]...))
	if err != nil {
		return err
	}
	defer key.Close()
	return do(key)
}
