package hsm

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"

	"github.com/seed748fb4d1/apcsim/mac"
)

// cmacOf is the device's CMAC or, where it has none, CMAC computed by two other
// calls: L, the encryption of a zero block, and the CBC encryption of the message,
// masked with L. size is the length of a block: 8 bytes of TDES, 16 of AES.
func cmacOf(ctx context.Context, k Key, size int, message []byte) ([]byte, error) {
	out, err := k.CMAC(ctx, message)
	if !errors.Is(err, errors.ErrUnsupported) {
		return out, err
	}
	l := make([]byte, size)
	defer clear(l)
	if err := k.Encrypt(ctx, ECB, nil, l); err != nil {
		return nil, err
	}
	data := mac.Masked(l, message)
	defer clear(data)
	if err := chain(ctx, k, zeroIV[:size], data); err != nil {
		return nil, err
	}
	return bytes.Clone(data[len(data)-size:]), nil
}

// chain encrypts in place by CBC: in one call where the device has CBC, else block by
// block.
func chain(ctx context.Context, k Key, iv, data []byte) error {
	size := len(iv)
	err := k.Encrypt(ctx, CBC, iv, data)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	before := iv
	for ; len(data) > 0; data = data[size:] {
		block := data[:size]
		subtle.XORBytes(block, block, before)
		if err := k.Encrypt(ctx, ECB, nil, block); err != nil {
			return err
		}
		before = block
	}
	return nil
}
