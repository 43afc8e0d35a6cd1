package hsm

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
)

// Signer is a private key as a crypto.Signer: it signs digests in the device, with
// PKCS #1 v1.5 or ECDSA. public is the key pair's public half. It works until the
// context ends and is not closed.
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

// Sign refuses RSASSA-PSS, which no backend has.
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
