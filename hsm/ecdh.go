package hsm

import (
	"context"
	"crypto"
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// KDF is how a key is derived from a shared secret.
type KDF int

const (
	// ConcatKDF is the one-step key derivation of NIST SP 800-56C, section 4
	// (the concatenation KDF of SP 800-56A): hash(counter, secret, info).
	ConcatKDF KDF = iota
	// X963KDF is that of ANSI X9.63 (SEC 1, section 3.6.1): hash(secret,
	// counter, info).
	X963KDF
)

// Agreement is a key agreement by ECDH: with which key pair, with whom, and which
// key block protection key is derived.
type Agreement struct {
	Pair KeyRef // our key pair
	Peer []byte // the other party's public key: an uncompressed point of the same curve

	KDF  KDF
	Hash crypto.Hash
	Info []byte // OtherInfo of ConcatKDF, SharedInfo of X963KDF, as both parties have it

	Algorithm Algorithm // of the derived key: AES or TDES
	Bits      int       // its length
}

// ImportECDH opens a key block under a protection key that was agreed on and seals
// the key inside. Refusals are those of [HSM.ImportTR31]; a peer that is no point
// of the curve is ErrInput.
func (h *HSM) ImportECDH(ctx context.Context, a Agreement, b *tr31.Block, admit Admit) (Made, error) {
	kbpk, err := h.agree(ctx, &a, b.Header.Version)
	if err != nil {
		return Made{}, err
	}
	key, err := kbpk.Unwrap(ctx, b)
	if err != nil {
		return Made{}, err
	}
	defer clear(key)
	return h.admitKey(ctx, key, admit)
}

// ExportECDH wraps key material in a key block under a protection key that was
// agreed on, as [HSM.ExportTR31] does under a stored one.
func (h *HSM) ExportECDH(ctx context.Context, a Agreement, header tr31.Header, k Material, m kcv.Method) (string, kcv.Value, error) {
	secret, value, err := h.material(ctx, k, m)
	if err != nil {
		return "", kcv.Value{}, err
	}
	defer secret.Destroy()
	kbpk, err := h.agree(ctx, &a, header.Version)
	if err != nil {
		return "", kcv.Value{}, err
	}
	block, err := kbpk.Wrap(ctx, header, secret.bytes(), &wrapOptions)
	return block, value, err
}

// agree derives the protection key, which is in host memory for the length of
// the command.
func (h *HSM) agree(ctx context.Context, a *Agreement, v tr31.Version) (*tr31.KBPK, error) {
	if err := fits(a.Algorithm, v); err != nil {
		return nil, err
	}
	key, err := h.agreedKey(ctx, a)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return tr31.NewKBPK(key)
}

// agreedKey derives the key, in the clear. The caller clears it.
func (h *HSM) agreedKey(ctx context.Context, a *Agreement) ([]byte, error) {
	if !a.Hash.Available() || (a.KDF != ConcatKDF && a.KDF != X963KDF) {
		return nil, fmt.Errorf("%w: no such key derivation", ErrInput)
	}
	if err := (Attributes{Usage: "K1", Algorithm: a.Algorithm, Bits: a.Bits}).Check(); err != nil {
		return nil, err
	}
	if blockSize(a.Algorithm) == 0 {
		return nil, ErrAttributes
	}
	p, err := h.use(ctx, a.Pair)
	if err != nil {
		return nil, err
	}
	defer h.cache.release(p)
	shared, err := p.key.ECDH(ctx, a.Peer)
	if err != nil {
		return nil, err
	}
	defer shared.Destroy()
	return a.derive(shared.bytes()), nil
}

// derive concatenates hashes and cuts them to the length of the key.
func (a *Agreement) derive(shared []byte) []byte {
	size := a.Bits / 8
	out := make([]byte, 0, size+a.Hash.Size())
	h := a.Hash.New()
	for n := uint32(1); len(out) < size; n++ {
		var counter [4]byte
		binary.BigEndian.PutUint32(counter[:], n)
		first, second := counter[:], shared
		if a.KDF == X963KDF {
			first, second = second, first
		}
		h.Reset()
		h.Write(first)
		h.Write(second)
		h.Write(a.Info)
		out = h.Sum(out)
	}
	clear(out[size:])
	return out[:size]
}
