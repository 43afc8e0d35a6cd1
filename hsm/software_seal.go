package hsm

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	crand "crypto/rand"
	"fmt"
)

// A seal of the software backend is a head, a nonce, and AES-256-GCM ciphertext
// and tag. The head of version 2 is the version and the id of the master key; the
// additional data are the head and the attributes. Version 1, which is read and
// no longer written, has the version alone as head and the attributes alone as
// additional data.
const (
	sealVersion1 = 1
	sealVersion2 = 2
	masterIDSize = 8
	sealHead     = 1 + masterIDSize
	sealNonce    = 12
	sealTag      = 16
)

// boundRoom holds the head, and the attributes of a key whose id is as long as the
// service's.
const boundRoom = 40

// newSealer is the cipher under the sealing key. Neither call can fail on a
// key of 32 bytes.
func newSealer(master *[32]byte) cipher.AEAD {
	key := label(master, "sealing key")
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// seal never follows a seed: the same nonce twice would give keys away.
func (s *Software) seal(key []byte, a Attributes) Sealed {
	size := sealHead + sealNonce + len(key) + sealTag
	room := make([]byte, size, size+boundRoom) // the seal and, behind it, the additional data
	out := room[: sealHead+sealNonce : size]
	out[0] = sealVersion2
	copy(out[1:], s.id[:])
	nonce := out[sealHead:]
	crand.Read(nonce)
	bound, _ := a.AppendBinary(append(room[size:], out[:sealHead]...))
	return s.aead.Seal(out, nonce, key, bound)
}

// unseal is the clear key in a seal.
func (s *Software) unseal(ctx context.Context, sealed Sealed, a Attributes) ([]byte, error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	if len(sealed) < sealHead || a.Check() != nil {
		return nil, ErrSealed
	}
	var room [boundRoom]byte
	bound, body := room[:0], sealed[1:]
	switch sealed[0] {
	case sealVersion1:
	case sealVersion2:
		if id := [masterIDSize]byte(body); id != s.id {
			return nil, fmt.Errorf("%w: it is under the master key %x, and this device has %x", ErrSealed, id, s.id)
		}
		bound, body = append(bound, sealed[:sealHead]...), sealed[sealHead:]
	default:
		return nil, ErrSealed
	}
	if len(body) < sealNonce+sealTag {
		return nil, ErrSealed
	}
	bound, _ = a.AppendBinary(bound)
	key, err := s.aead.Open(nil, body[:sealNonce], body[sealNonce:], bound)
	if err != nil {
		return nil, ErrSealed
	}
	return key, nil
}
