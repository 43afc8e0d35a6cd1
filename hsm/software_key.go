package hsm

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"sync"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// softwareKey is an open key of the software backend, and a key that HSM has in
// host memory where the device does not derive it itself. Ciphers are made on
// opening; private keys are parsed on first use.
type softwareKey struct {
	traits
	raw    []byte
	block  cipher.Block                  // of AES and TDES; of a derived key once it is used, since it may never be
	mac    atomic.Pointer[mac.CMAC]      // of AES and TDES, once asked for
	retail atomic.Pointer[mac.RetailKey] // of TDES, once asked for
	pair   *parsedPair                   // of RSA and EC

	mu     sync.RWMutex // held for reading during use, so that Close clears nothing in use
	closed atomic.Bool
}

// traits are what the primitives need of a key's attributes.
type traits struct {
	bits       int32
	hash       uint8
	algorithm  Algorithm
	revealable bool
	takesHash  bool
}

// newSoftwareKey takes over the bytes.
func newSoftwareKey(a Attributes, raw []byte) (*softwareKey, error) {
	k := &softwareKey{traits: traits{int32(a.Bits), uint8(a.Hash), a.Algorithm, a.Revealable(), a.TakesHash()}, raw: raw}
	switch a.Algorithm {
	case AES, TDES:
		block, err := newBlock(a.Algorithm, raw)
		if err != nil {
			return nil, err
		}
		k.block = block
	case RSA, EC:
		k.pair = &parsedPair{}
	}
	return k, nil
}

// newHostKey is a key in host memory. It takes over the bytes.
func newHostKey(algorithm Algorithm, raw []byte) (Key, error) {
	return newSoftwareKey(Attributes{Algorithm: algorithm, Exportability: 'N', Bits: len(raw) * 8}, raw)
}

// newBlock is the cipher of an AES or TDES key.
func newBlock(algorithm Algorithm, key []byte) (cipher.Block, error) {
	expand := aes.NewCipher
	if algorithm == TDES {
		expand = tdes.NewCipher
	}
	block, err := expand(key)
	if err != nil {
		return nil, ErrAttributes // the library's error counts bytes; this names the cause
	}
	return block, nil
}

// cipher is the cipher of an AES or TDES key. That of a derived key is made here: such a key
// belongs to one goroutine.
func (k *softwareKey) cipher() cipher.Block {
	if k.block == nil {
		k.block, _ = newBlock(k.algorithm, k.raw) // the length has been checked
	}
	return k.block
}

// retailKey keeps a TDES key as one of ISO 9797-1 algorithm 3.
func (k *softwareKey) retailKey(ctx context.Context) (*mac.RetailKey, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, TDES); err != nil {
		return nil, err
	}
	m := k.retail.Load()
	if m == nil {
		var err error
		if m, err = mac.NewRetailKey(k.raw); err != nil {
			return nil, err
		}
		k.retail.Store(m)
	}
	return m, nil
}

// begin is the first step of every primitive, with mu held for reading.
func (k *softwareKey) begin(ctx context.Context, algorithms ...Algorithm) error {
	if k.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, a := range algorithms {
		if k.algorithm == a {
			return nil
		}
	}
	return ErrRefused
}

func (k *softwareKey) Encrypt(ctx context.Context, mode CipherMode, iv, data []byte) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.beginCipher(ctx, mode, iv, data); err != nil {
		return err
	}
	cryptHere(k.cipher(), mode, iv, data, true)
	return nil
}

func (k *softwareKey) Decrypt(ctx context.Context, mode CipherMode, iv, data []byte) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.beginCipher(ctx, mode, iv, data); err != nil {
		return err
	}
	cryptHere(k.cipher(), mode, iv, data, false)
	return nil
}

func (k *softwareKey) beginCipher(ctx context.Context, mode CipherMode, iv, data []byte) error {
	if err := k.begin(ctx, AES, TDES); err != nil {
		return err
	}
	size := blockSize(k.algorithm)
	wantIV := 0
	if mode == CBC {
		wantIV = size
	}
	if mode != ECB && mode != CBC || len(iv) != wantIV || len(data)%size != 0 {
		return ErrInput
	}
	return nil
}

func (k *softwareKey) CMAC(ctx context.Context, message []byte) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, AES, TDES); err != nil {
		return nil, err
	}
	return k.cmac().Sum(nil, message), nil
}

// cmac keeps the subkeys: every key block needs them.
func (k *softwareKey) cmac() *mac.CMAC {
	m := k.mac.Load()
	if m == nil {
		m = mac.NewCMAC(k.cipher())
		k.mac.Store(m) // if two goroutines store at once, either is right
	}
	return m
}

func (k *softwareKey) HMAC(ctx context.Context, message []byte) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, HMAC); err != nil {
		return nil, err
	}
	h := hmac.New(crypto.Hash(k.hash).New, k.raw)
	h.Write(message)
	return h.Sum(nil), nil
}

func (k *softwareKey) HMACWith(ctx context.Context, hash crypto.Hash, message []byte) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, AES, TDES); err != nil {
		return nil, err
	}
	if !k.takesHash {
		return nil, ErrRefused
	}
	if !namedHash(hash) {
		return nil, ErrInput
	}
	h := hmac.New(hash.New, k.raw)
	h.Write(message)
	return h.Sum(nil), nil
}

// DeriveKBPK derives in memory.
func (k *softwareKey) DeriveKBPK(ctx context.Context, v tr31.Version) (kbek, kbak Key, err error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, AES, TDES); err != nil {
		return nil, nil, err
	}
	if fits(k.algorithm, v) != nil {
		return nil, nil, ErrInput
	}
	enc, mac, err := tr31.DeriveKeys(v, k.raw)
	if err != nil {
		return nil, nil, err
	}
	return newHostKeys(k.algorithm, enc, mac)
}

// Reveal follows Attributes.Revealable, as a device of hardware does.
func (k *softwareKey) Reveal(ctx context.Context) (Secret, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if err := k.begin(ctx, k.algorithm); err != nil {
		return Secret{}, err
	}
	if !k.revealable {
		return Secret{}, ErrRefused
	}
	return NewSecret(k.raw), nil
}

func (k *softwareKey) Close() error {
	if k.closed.Swap(true) {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.raw)
	return nil
}
