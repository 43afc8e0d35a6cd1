package hsm

import (
	"context"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/internal/seeded"
)

// SoftwareOptions of a software backend. The zero value is right.
type SoftwareOptions struct {
	// MasterKey seals the application keys; nil draws one that exists only as long as the backend.
	// It is copied.
	MasterKey *[32]byte `json:"-"`

	// Seed makes symmetric keys and Random the same in every run; 0 draws
	// from crypto/rand. RSA and EC keys and the nonces of seals never follow
	// a seed.
	Seed uint64
}

// Format prints the options without the master key, whatever the verb.
func (o SoftwareOptions) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "SoftwareOptions(master key given: %t, seed %d)", o.MasterKey != nil, o.Seed)
}

// Software is a Backend in the memory of the process. Any number of
// goroutines may share one.
type Software struct {
	aead   cipher.AEAD
	id     [masterIDSize]byte
	keys   io.Reader // of symmetric keys
	random io.Reader // of Random
	closed atomic.Bool
}

// NewSoftware makes a software backend. Nil options are the defaults.
func NewSoftware(o *SoftwareOptions) *Software {
	if o == nil {
		o = &SoftwareOptions{}
	}
	var master [32]byte
	if o.MasterKey != nil {
		master = *o.MasterKey
	} else {
		crand.Read(master[:])
	}
	defer clear(master[:])
	s := &Software{keys: crand.Reader, random: crand.Reader}
	if o.Seed != 0 {
		s.keys, s.random = seeded.New(o.Seed, "hsm keys"), seeded.New(o.Seed, "hsm random")
	}
	s.aead = newSealer(&master)
	s.id = [masterIDSize]byte(label(&master, "master key id"))
	return s
}

// label derives from the master key what serves one purpose alone: SHA-256
// over the purpose and the key, which all have one length.
func label(master *[32]byte, purpose string) []byte {
	var room [64]byte
	in := append(append(append(room[:0], "apcsim "...), purpose...), master[:]...)
	out := sha256.Sum256(in)
	clear(in)
	return out[:]
}

func (s *Software) open(ctx context.Context) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// Generate makes a key; see [Backend].
func (s *Software) Generate(ctx context.Context, a Attributes) (Sealed, Public, error) {
	sealed, public, key, err := s.GenerateOpen(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	return sealed, public, key.Close()
}

// GenerateOpen makes a key and returns it open; see [OpenGenerator].
func (s *Software) GenerateOpen(ctx context.Context, a Attributes) (Sealed, Public, Key, error) {
	if err := s.open(ctx); err != nil {
		return nil, nil, nil, err
	}
	if err := a.Check(); err != nil {
		return nil, nil, nil, err
	}
	raw, public, err := s.draw(a)
	if err != nil {
		return nil, nil, nil, err
	}
	sealed := s.seal(raw, a)
	key, err := newSoftwareKey(a, raw)
	return sealed, public, key, err
}

// draw makes clear key material.
func (s *Software) draw(a Attributes) ([]byte, Public, error) {
	switch a.Algorithm {
	case RSA:
		return generateRSA(a)
	case EC:
		return generateEC(a)
	}
	key, err := DrawKey(s.keys, a)
	return key, nil, err
}

func generateRSA(a Attributes) ([]byte, Public, error) {
	key, err := rsa.GenerateKey(nil, a.Bits) // the reader is ignored since Go 1.26
	if err != nil {
		return nil, nil, fmt.Errorf("hsm: making an RSA key: %w", err)
	}
	der := x509.MarshalPKCS1PrivateKey(key)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("hsm: encoding an RSA key: %w", err)
	}
	return der, public, nil
}

var curves = map[int]elliptic.Curve{256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}

func generateEC(a Attributes) ([]byte, Public, error) {
	key, err := ecdsa.GenerateKey(curves[a.Bits], nil) // the reader is ignored since Go 1.26
	if err != nil {
		return nil, nil, fmt.Errorf("hsm: making an EC key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("hsm: encoding an EC key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("hsm: encoding an EC key: %w", err)
	}
	return der, public, nil
}

// Import seals a key given in the clear; see [Backend].
func (s *Software) Import(ctx context.Context, secret Secret, a Attributes) (Sealed, error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	if err := a.Fit(secret); err != nil {
		return nil, err
	}
	return s.seal(secret.bytes(), a), nil
}

// Open readies a sealed key; see [Backend].
func (s *Software) Open(ctx context.Context, sealed Sealed, a Attributes) (Key, error) {
	key, err := s.unseal(ctx, sealed, a)
	if err != nil {
		return nil, err
	}
	return newSoftwareKey(a, key)
}

// Reseal seals a key pair anew; see [Resealer].
func (s *Software) Reseal(ctx context.Context, sealed Sealed, from, to Attributes) (Sealed, error) {
	if err := from.CheckReseal(to); err != nil {
		return nil, err
	}
	key, err := s.unseal(ctx, sealed, from)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return s.seal(key, to), nil
}

// MasterKeyID is 16 hexadecimal digits derived one way from the master key.
func (s *Software) MasterKeyID(ctx context.Context) (string, error) {
	if err := s.open(ctx); err != nil {
		return "", err
	}
	return hex.EncodeToString(s.id[:]), nil
}

// Random fills p from crypto/rand, or from the seed's own stream.
func (s *Software) Random(ctx context.Context, p []byte) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	_, err := io.ReadFull(s.random, p)
	return err
}

// Close makes every later call fail with ErrClosed. Keys that are open stay
// usable until they are closed themselves.
func (s *Software) Close() error {
	s.closed.Store(true)
	return nil
}
