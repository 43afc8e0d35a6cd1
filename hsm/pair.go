package hsm

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/seed748fb4d1/apcsim/kcv"
)

// Signer is the private key of a pair as the standard library knows one: it
// signs digests, with PKCS #1 v1.5 or ECDSA, in the device. It works for the
// length of the context and is the HSM's, not to be closed.
func (h *HSM) Signer(ctx context.Context, k KeyRef, public Public) (crypto.Signer, error) {
	key, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%w: the public half", ErrInput)
	}
	return &signer{ctx, h, k, key}, nil
}

type signer struct {
	ctx    context.Context // of the command that signs
	hsm    *HSM
	key    KeyRef
	public crypto.PublicKey
}

func (s *signer) Public() crypto.PublicKey { return s.public }

// Sign knows no salt: what asks for RSASSA-PSS is refused.
func (s *signer) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if _, salted := o.(*rsa.PSSOptions); salted {
		return nil, ErrRefused
	}
	p, err := s.hsm.use(s.ctx, s.key)
	if err != nil {
		return nil, err
	}
	defer s.hsm.cache.release(p)
	return p.key.Sign(s.ctx, o.HashFunc(), digest)
}

// decrypter is an open RSA key as the standard library knows one, for OAEP
// with one hash and no label.
type decrypter struct {
	ctx context.Context // of the command that decrypts
	key Key
}

func (d *decrypter) Public() crypto.PublicKey { return nil }

func (d *decrypter) Decrypt(_ io.Reader, ciphertext []byte, o crypto.DecrypterOpts) ([]byte, error) {
	oaep, ok := o.(*rsa.OAEPOptions)
	if !ok || len(oaep.Label) > 0 || oaep.MGFHash != 0 && oaep.MGFHash != oaep.Hash {
		return nil, ErrRefused
	}
	out, err := decryptOAEP(d.ctx, d.key, oaep.Hash, ciphertext)
	if errors.Is(err, ErrInput) {
		return nil, rsa.ErrDecryption // as the standard library says it
	}
	return out.bytes(), err
}

// ImportCryptogram opens a key encrypted with RSA-OAEP (the same hash in MGF1,
// no label) to a pair and seals it. A cryptogram that does not open is
// ErrInput; what Admit refuses is returned as it stands.
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
func (h *HSM) ExportCryptogram(ctx context.Context, to *rsa.PublicKey, hash crypto.Hash, k Material, m kcv.Method) ([]byte, kcv.Value, error) {
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
