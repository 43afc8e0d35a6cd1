package hsm

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"sync"
)

// parsePrivate reads a private key and checks it against its attributes. The
// library's errors are not passed on: they may have parts of the key.
func parsePrivate(der []byte, a Attributes) (crypto.Signer, error) {
	if a.Algorithm == RSA {
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil || len(key.Primes) != 2 || key.N.BitLen() != a.Bits || key.E != 65537 {
			return nil, fmt.Errorf("%w: not a two-prime RSA key of %d bits with exponent 65537", ErrAttributes, a.Bits)
		}
		return key, nil
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil || key.Curve != curves[a.Bits] {
		return nil, fmt.Errorf("%w: not an EC key of P-%d", ErrAttributes, a.Bits)
	}
	return key, nil
}

// parsedPair is a private key, parsed once.
type parsedPair struct {
	once    sync.Once
	private crypto.Signer
	ecdh    *ecdh.PrivateKey // of EC
	failure error
}

func (k *softwareKey) private() (crypto.Signer, error) {
	p := k.pair
	p.once.Do(func() {
		p.private, p.failure = parsePrivate(k.raw, Attributes{Algorithm: k.algorithm, Bits: int(k.bits)})
		if ec, ok := p.private.(*ecdsa.PrivateKey); ok && p.failure == nil {
			p.ecdh, p.failure = ec.ECDH()
		}
	})
	return p.private, p.failure
}

func (k *softwareKey) Sign(ctx context.Context, hash crypto.Hash, digest []byte) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, RSA, EC); err != nil {
		return nil, err
	}
	if !hash.Available() || len(digest) != hash.Size() {
		return nil, ErrInput
	}
	key, err := k.private()
	if err != nil {
		return nil, err
	}
	out, err := key.Sign(nil, digest, hash)
	if err != nil {
		return nil, fmt.Errorf("%w: signing", ErrInput)
	}
	return out, nil
}

func (k *softwareKey) rsa(ctx context.Context, ciphertext []byte) (*rsa.PrivateKey, error) {
	if err := k.begin(ctx, RSA); err != nil {
		return nil, err
	}
	signer, err := k.private()
	if err != nil {
		return nil, err
	}
	key := signer.(*rsa.PrivateKey)
	if len(ciphertext) != key.Size() {
		return nil, ErrInput
	}
	return key, nil
}

// DecryptRaw is the raw RSA function. The library has none, so it is computed with
// math/big, whose timing depends on the numbers: on a ciphertext blinded by a
// random factor.
func (k *softwareKey) DecryptRaw(ctx context.Context, ciphertext []byte) (Secret, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, err := k.rsa(ctx, ciphertext)
	if err != nil {
		return Secret{}, err
	}
	c := new(big.Int).SetBytes(ciphertext)
	if c.Cmp(key.N) >= 0 {
		return Secret{}, ErrInput
	}
	blind, unblind, err := blinding(&key.PublicKey)
	if err != nil {
		return Secret{}, err
	}
	c.Mod(c.Mul(c, blind), key.N)
	c.Exp(c, key.D, key.N)
	c.Mod(c.Mul(c, unblind), key.N)
	defer c.SetInt64(0)
	return adopt(c.FillBytes(make([]byte, key.Size()))), nil
}

// blinding draws a factor for a ciphertext, and returns with it the factor that
// removes it from the plaintext.
func blinding(key *rsa.PublicKey) (blind, unblind *big.Int, err error) {
	for unblind == nil {
		r, err := rand.Int(rand.Reader, key.N)
		if err != nil {
			return nil, nil, fmt.Errorf("hsm: blinding: %w", err)
		}
		unblind = new(big.Int).ModInverse(r, key.N) // nil where there is none
		blind = r.Exp(r, big.NewInt(int64(key.E)), key.N)
	}
	return blind, unblind, nil
}

func (k *softwareKey) DecryptOAEP(ctx context.Context, hash crypto.Hash, ciphertext []byte) (Secret, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, err := k.rsa(ctx, ciphertext)
	if err != nil {
		return Secret{}, err
	}
	if !hash.Available() {
		return Secret{}, ErrInput
	}
	out, err := rsa.DecryptOAEP(hash.New(), nil, key, ciphertext, nil)
	if errors.Is(err, rsa.ErrDecryption) {
		return Secret{}, ErrInput
	}
	return adopt(out), err
}

func (k *softwareKey) ECDH(ctx context.Context, peer []byte) (Secret, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, EC); err != nil {
		return Secret{}, err
	}
	if _, err := k.private(); err != nil {
		return Secret{}, err
	}
	return sharedWith(k.pair.ecdh, peer)
}

func sharedWith(key *ecdh.PrivateKey, peer []byte) (Secret, error) {
	public, err := key.Curve().NewPublicKey(peer)
	if err != nil {
		return Secret{}, fmt.Errorf("%w: the peer's point is not on the curve", ErrInput)
	}
	shared, err := key.ECDH(public)
	if err != nil {
		return Secret{}, ErrInput
	}
	return adopt(shared), nil
}
