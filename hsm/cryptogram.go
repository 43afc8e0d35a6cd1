package hsm

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/seed748fb4d1/apcsim/kcv"
)

// ImportCryptogram opens a key that was encrypted to a key pair with RSA-OAEP (the
// same hash in MGF1, no label) and seals it. A cryptogram that does not open is
// ErrInput. An error of admit is returned as it is.
func (h *HSM) ImportCryptogram(ctx context.Context, pair KeyRef, hash crypto.Hash, cryptogram []byte, admit Admit) (Made, error) {
	p, err := h.use(ctx, pair)
	if err != nil {
		return Made{}, err
	}
	defer h.cache.release(p)
	key, err := decryptOAEP(ctx, p.key, hash, cryptogram)
	if err != nil {
		return Made{}, err
	}
	defer key.Destroy()
	return h.admitKey(ctx, key.bytes(), admit)
}

// ExportCryptogram encrypts key material to a public key with RSA-OAEP (the
// same hash in MGF1, no label) and computes its check value.
func (h *HSM) ExportCryptogram(
	ctx context.Context,
	to *rsa.PublicKey,
	hash crypto.Hash,
	k Material,
	m kcv.Method,
) ([]byte, kcv.Value, error) {
	secret, value, err := h.material(ctx, k, m)
	if err != nil {
		return nil, kcv.Value{}, err
	}
	defer secret.Destroy()
	out, err := rsa.EncryptOAEP(hash.New(), rand.Reader, to, secret.bytes(), nil)
	if err != nil {
		return nil, kcv.Value{}, fmt.Errorf("%w: encrypting to the public key: %w", ErrInput, err)
	}
	return out, value, nil
}
