package hsm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

// variantMask turns a base derivation key into the one of the right half of
// a TDES initial key (ANSI X9.24-1, A.6).
var variantMask = [8]byte{0xC0, 0xC0, 0xC0, 0xC0}

// initialKey derives the initial DUKPT key. The AES derivation runs in the
// device; the right half of the TDES one needs a variant of the base
// derivation key, and so its bytes.
func initialKey(ctx context.Context, bdk Key, a Attributes, ksn []byte) (Secret, error) {
	switch {
	case a.Algorithm == AES && len(ksn) == 12:
		return initialAES(ctx, bdk, a.Bits, ksn[:8])
	case a.Algorithm == TDES && len(ksn) == 10:
		return initialTDES(ctx, bdk, a, ksn[:8])
	}
	return Secret{}, fmt.Errorf("%w: a key serial number of %d bytes with a base derivation key of algorithm %v",
		ErrInput, len(ksn), a.Algorithm)
}

// initialTDES: each half is the encryption of the first 8 bytes of the key
// serial number with the counter cleared (ANSI X9.24-1, A.6): under the base
// derivation key, and under its variant.
func initialTDES(ctx context.Context, bdk Key, a Attributes, ksn []byte) (Secret, error) {
	clearBDK, err := revealFor(ctx, bdk, a, revealDUKPT)
	if err != nil {
		return Secret{}, err
	}
	defer clearBDK.Destroy()
	variantKey, err := newHostKey(TDES, tdes.Variant(clearBDK.bytes(), variantMask[:]...))
	if err != nil {
		return Secret{}, err
	}
	defer variantKey.Close()

	out := make([]byte, 16)
	copy(out, ksn)
	out[7] &= 0xE0
	copy(out[8:], out[:8])
	if err := bdk.Encrypt(ctx, ECB, nil, out[:8]); err != nil {
		return Secret{}, err
	}
	err = variantKey.Encrypt(ctx, ECB, nil, out[8:])
	return adopt(out), err
}

// initialAES enciphers the derivation data of the initial key (ANSI X9.24-3,
// 6.3.2): version 1, counter, usage 8001, algorithm and length of the key,
// initial key id.
func initialAES(ctx context.Context, bdk Key, bits int, id []byte) (Secret, error) {
	algorithm := map[int]uint16{128: 2, 192: 3, 256: 4}[bits]
	blocks := (bits + 127) / 128
	out := make([]byte, 0, blocks*16)
	for counter := 1; counter <= blocks; counter++ {
		out = append(out, 1, byte(counter), 0x80, 0x01)
		out = binary.BigEndian.AppendUint16(out, algorithm)
		out = binary.BigEndian.AppendUint16(out, uint16(bits))
		out = append(out, id...)
	}
	if err := bdk.Encrypt(ctx, ECB, nil, out); err != nil {
		return Secret{}, err
	}
	return adopt(out[:bits/8]), nil
}
